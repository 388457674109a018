import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface OneProgramImage {
  readonly name: string
  /** A file that needs no other. */
  readonly program: string
  /** For the archive and its parts. */
  readonly folder: string
}

/** A docker archive of an image with one program in it, made with nothing but tar. Resolves to its path. */
export async function archiveImage({ name, program, folder }: OneProgramImage): Promise<string> {
  const run = promisify(execFile)
  const parts = join(folder, 'image-parts')
  const root = join(parts, 'root')
  mkdirSync(root, { recursive: true })
  copyFileSync(program, join(root, 'program'))
  await run('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', join(parts, 'layer.tar'), '.'])
  const layer = createHash('sha256')
    .update(readFileSync(join(parts, 'layer.tar')))
    .digest('hex')
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const config = {
    architecture,
    os: 'linux',
    config: { Entrypoint: ['/program'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  }
  writeFileSync(join(parts, 'config.json'), JSON.stringify(config))
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]
  writeFileSync(join(parts, 'manifest.json'), JSON.stringify(manifest))
  const archive = join(folder, 'image.tar')
  await run('tar', ['-C', parts, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar'])
  return archive
}
