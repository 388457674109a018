import { readFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildOptions, Plugin } from 'esbuild'

export interface Bundle {
  readonly source: string
  readonly file: string
  /** Takes the client of the Kubernetes API into the bundle, as far as it is used; where all imports are static. */
  readonly takesClient?: boolean
}

export const SIDECAR_BUNDLES: readonly Bundle[] = [
  { source: 'sidecar/proxy/main.ts', file: 'dist/jobcap-proxy.cjs' },
  { source: 'sidecar/issuer/main.ts', file: 'dist/jobcap-issuer.cjs' },
]

/** At the place in dist/ that their source has in the tree: see `keepPlaces`. */
export const PACKAGE_BUNDLES: readonly Bundle[] = [
  { source: 'cli/main.ts', file: 'dist/cli/main.js' },
  { source: 'ledger/main.ts', file: 'dist/ledger/main.js' },
  { source: 'controller/main.ts', file: 'dist/controller/main.js', takesClient: true },
]

const KUBE_CLIENT = '@kubernetes/client-node'

const shared = { bundle: true, platform: 'node', target: 'node26', logLevel: 'warning' } as const

export function sidecarOptions({ source, file }: Bundle): BuildOptions & { metafile: true } {
  return { ...shared, entryPoints: [source], outfile: file, format: 'cjs', metafile: true }
}

export function packageOptions({ source, file, takesClient = false }: Bundle): BuildOptions & { metafile: true } {
  return {
    ...shared,
    entryPoints: [source],
    outfile: file,
    format: 'esm',
    packages: 'external',
    metafile: true,
    plugins: [...(takesClient ? [kubeClientInParts()] : []), keepPlaces(relative(dirname(file), 'dist'))],
    banner: {
      js: "import { resolve as resolvePlace } from 'node:path'; import { pathToFileURL as placeUrl } from 'node:url'",
    },
  }
}

/**
 * Lets a bundled module find the files beside it: its `import.meta.dirname` and `import.meta.url` become its place in
 * dist/, where the same files lie (`toDist` leads from the bundle's folder to dist/).
 */
function keepPlaces(toDist: string): Plugin {
  return {
    name: 'keep-places',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        const place = (file: string) => `resolvePlace(import.meta.dirname, '${toDist}', '${relative('.', file)}')`
        const contents = source
          .replaceAll('import.meta.url', `placeUrl(${place(path)}).href`)
          .replaceAll(/(?<!resolvePlace\()import\.meta\.dirname/g, place(dirname(path)))
        return { contents, loader: 'ts' }
      })
    },
  }
}

/**
 * The client of the Kubernetes API is a class for each of its kinds, 65 MiB once loaded, of which we use how it reads a
 * kubeconfig. It does not say so itself, but none of its modules does anything when it is loaded: so those that nothing
 * uses are left out. What it imports stays a package.
 */
function kubeClientInParts(): Plugin {
  const isOwn = Symbol('is being resolved')
  return {
    name: 'kube-client-in-parts',
    setup(build) {
      build.onResolve({ filter: /^\.|^@kubernetes\/client-node$/ }, async ({ path, pluginData, ...rest }) => {
        const isInside = rest.importer.includes(`/node_modules/${KUBE_CLIENT}/`)
        if (pluginData === isOwn || (path !== KUBE_CLIENT && !isInside)) return undefined
        const inside = path === KUBE_CLIENT ? fileURLToPath(import.meta.resolve(KUBE_CLIENT)) : path
        const found = await build.resolve(inside, { ...rest, pluginData: isOwn })
        return { ...found, sideEffects: false }
      })
    },
  }
}
