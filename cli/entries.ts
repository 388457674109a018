import { existsSync, globSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The clone's root, or `dist/` of the installed package. */
const BASE = join(import.meta.dirname, '..')
const isClone = existsSync(join(BASE, 'cli/main.ts'))

/** Files that Node runs as processes of their own. */
export interface Entries {
  readonly ledger: string
  readonly issuer: string
  readonly proxy: string
}

/** In a clone the sources, and the sidecar's bundles where they are newer than the sources; else the package's bundles. */
export function entries(): Entries {
  if (!isClone) {
    return {
      ledger: join(BASE, 'ledger/main.js'),
      issuer: join(BASE, 'jobcap-issuer.cjs'),
      proxy: join(BASE, 'jobcap-proxy.cjs'),
    }
  }
  return {
    ledger: join(BASE, 'ledger/main.ts'),
    issuer: freshBundle('dist/jobcap-issuer.cjs') ?? join(BASE, 'sidecar/issuer/main.ts'),
    proxy: freshBundle('dist/jobcap-proxy.cjs') ?? join(BASE, 'sidecar/proxy/main.ts'),
  }
}

/** Undefined when there is none, or a source of it has changed since. */
function freshBundle(bundle: string): string | undefined {
  const path = join(BASE, bundle)
  if (!existsSync(path)) return undefined
  const builtAtMs = statSync(path).mtimeMs
  const sources = globSync('{sidecar,contract,runtime,vendors}/**/*.ts', { cwd: BASE })
  return sources.every((source) => statSync(join(BASE, source)).mtimeMs < builtAtMs) ? path : undefined
}
