import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface SmallImage {
  readonly name: string
  /** Paths in the image, the first of its program, and the files of this machine that they hold. */
  readonly files: Readonly<Record<string, string>>
  /** For the archive and its parts. */
  readonly folder: string
}

/** A docker archive of an image with these files and nothing else, made with nothing but tar. Resolves to its path. */
export async function archiveImage({ name, files, folder }: SmallImage): Promise<string> {
  const parts = join(folder, 'image-parts')
  const root = join(parts, 'root')
  rmSync(parts, { recursive: true, force: true })
  mkdirSync(root, { recursive: true })
  for (const [path, file] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    copyFileSync(file, join(root, path))
  }
  await run('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', join(parts, 'layer.tar'), '.'])
  const layer = createHash('sha256')
    .update(readFileSync(join(parts, 'layer.tar')))
    .digest('hex')
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const config = {
    architecture,
    os: 'linux',
    config: { Entrypoint: Object.keys(files).slice(0, 1) },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  }
  writeFileSync(join(parts, 'config.json'), JSON.stringify(config))
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]
  writeFileSync(join(parts, 'manifest.json'), JSON.stringify(manifest))
  const archive = join(folder, 'image.tar')
  await run('tar', ['-C', parts, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar'])
  return archive
}

/** For `files` of an image: a program of this machine under another path, and the libraries that it links to. */
export async function linkedFiles(program: string, path: string): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await run('ldd', [realpathSync(program)])
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(
    ([, library = '']) => [library, realpathSync(library)] as const,
  )
  return { [path]: realpathSync(program), ...Object.fromEntries(libraries) }
}
