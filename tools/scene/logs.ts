import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Every line of every log below a folder. */
export function readLogs(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n'))
}
