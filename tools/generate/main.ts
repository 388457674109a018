// Writes every generated file of the tree. A generator is a file tools/generate/*.gen.ts whose default export returns
// the files it makes; only files whose text changed are written. `make verify` then demands a clean tree.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

export interface GeneratedFile {
  /** From the root of the tree. */
  readonly path: string
  readonly text: string
}
export type Generator = () => readonly GeneratedFile[] | Promise<readonly GeneratedFile[]>

for (const source of globSync('tools/generate/*.gen.ts').sort()) {
  const { default: generate } = (await import(resolve(source))) as { default: Generator }
  for (const { path, text } of await generate()) {
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    console.log(`wrote ${path}`)
  }
}
