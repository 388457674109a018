import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Mutant } from './mutant.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** From now on the file reads as the mutant has it; so it must not have been loaded before. */
export function plant({ file, from, to }: Extract<Mutant, { kind: 'text' }>): void {
  const wanted = pathToFileURL(join(ROOT, file)).href
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      if (url !== wanted) return loaded
      const text = readFileSync(join(ROOT, file), 'utf8')
      if (text.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`)
      return { ...loaded, source: text.replace(from, () => to) }
    },
  })
}
