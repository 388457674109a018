import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../runtime/clock.ts'
import type { Environment } from '../../runtime/environment.ts'
import { Secret, type SecretRef, type VendorSecrets } from '../effects.ts'

/** A file written this lately may be written again without looking any different: its time has the kernel's grain. */
const SETTLED_MS = 1_000

/**
 * Secrets of a folder, `<name>/<key>` as a mounted Secret has it or `<name>.<key>`, else of the environment,
 * `JOBCAP_SECRET_<NAME>_<KEY>` in capitals with everything else as an underscore. A file is looked at on each use and read
 * again when it changed, so a new secret needs no restart; a line's end at the end is not part of it.
 */
export function createSecretFiles(folder: string | null, environment: Environment, clock: Clock): VendorSecrets {
  const files = new SecretFiles(clock)
  return {
    read(ref) {
      const text = (folder === null ? undefined : fromFolder(files, folder, ref)) ?? environment[variableOf(ref)]
      return text === undefined || trimmed(text) === '' ? undefined : new Secret(trimmed(text))
    },
  }
}

export function variableOf({ name, key }: SecretRef): string {
  return `JOBCAP_SECRET_${name}_${key}`.toUpperCase().replace(/[^A-Z0-9]/g, '_')
}

function trimmed(text: string): string {
  return text.replace(/\r?\n$/, '')
}

function fromFolder(files: SecretFiles, folder: string, { name, key }: SecretRef): string | undefined {
  return files.read(join(folder, name, key)) ?? files.read(join(folder, `${name}.${key}`))
}

/** Texts of files, read again when they changed. */
class SecretFiles {
  readonly #clock: Clock
  readonly #read = new Map<string, { readonly stamp: string; readonly text: string }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Undefined when there is no such file, or none that can be read. */
  read(path: string): string | undefined {
    try {
      const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
      if (stats === undefined) return undefined
      const stamp = `${stats.dev}/${stats.ino}/${stats.mtimeNs}/${stats.ctimeNs}/${stats.size}`
      const known = this.#read.get(path)
      if (known?.stamp === stamp) return known.text
      const text = readFileSync(path, 'utf8')
      const isSettled = Number(stats.mtimeMs) + SETTLED_MS < this.#clock.nowMs()
      if (isSettled) this.#read.set(path, { stamp, text })
      return text
    } catch {
      return undefined
    }
  }
}
