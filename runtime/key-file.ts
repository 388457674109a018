import { chmodSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Random } from './random.ts'

const KEY_BYTES = 32
const HEX_KEY = /^[0-9a-f]{64}$/

/**
 * The 32-byte key kept in a file, as 64 hex, mode 0600; made on first use, in one step, so that two processes which
 * start at once get the same one. Throws when the file holds anything else.
 */
export function readOrCreateKeyFile(path: string, random: Random): Buffer {
  return Buffer.from(
    readOrCreateSecretFile(path, () => random.hex(KEY_BYTES), HEX_KEY),
    'hex',
  )
}

/** Like `readOrCreateKeyFile` for a secret text of a form of its own. */
export function readOrCreateSecretFile(path: string, make: () => string, form: RegExp): string {
  const text = readOrCreateTextFile(path, make)
  if (!form.test(text)) throw new Error(`${path} does not hold a key: put back the right file, nothing was changed`)
  return text
}

/** The one line of a file, mode 0600; made on first use, in one step, and on the disk before it is used. */
export function readOrCreateTextFile(path: string, make: () => string): string {
  return readIfThere(path) ?? create(path, make())
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw fault
  }
}

function create(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${text}\n`, { mode: 0o600, flush: true })
  chmodSync(draft, 0o600)
  try {
    linkSync(draft, path)
    return text
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault
    return readFileSync(path, 'utf8').trim()
  } finally {
    unlinkSync(draft)
  }
}
