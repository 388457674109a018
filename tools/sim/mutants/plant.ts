import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Edit } from './mutant.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** From now on the files read as the mutant has them; so they must not have been loaded before. */
export function plant(edits: readonly Edit[]): void {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      const wanted = url.startsWith('file:') ? edits.filter(({ file }) => join(ROOT, file) === fileURLToPath(url)) : []
      if (wanted.length === 0) return loaded
      return { ...loaded, source: wanted.reduce(edited, readFileSync(fileURLToPath(url), 'utf8')) }
    },
  })
}

function edited(text: string, { file, from, to }: Edit): string {
  if (text.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`)
  return text.replace(from, () => to)
}
