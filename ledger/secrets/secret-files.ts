import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '../../runtime/environment.ts'
import { Secret, type SecretRef, type VendorSecrets } from '../effects.ts'

/**
 * Secrets of a folder, `<name>/<key>` as a mounted Secret has it or `<name>.<key>`, else of the environment,
 * `JOBCAP_SECRET_<NAME>_<KEY>` in capitals with everything else as an underscore. Files are read at each use, so a new
 * secret needs no restart; a line's end at the end is not part of it.
 */
export function createSecretFiles(folder: string | null, environment: Environment): VendorSecrets {
  return {
    read(ref) {
      const text = (folder === null ? undefined : fromFolder(folder, ref)) ?? environment[variableOf(ref)]
      const trimmed = text?.replace(/\r?\n$/, '') ?? ''
      return trimmed === '' ? undefined : new Secret(trimmed)
    },
  }
}

export function variableOf({ name, key }: SecretRef): string {
  return `JOBCAP_SECRET_${name}_${key}`.toUpperCase().replace(/[^A-Z0-9]/g, '_')
}

function fromFolder(folder: string, { name, key }: SecretRef): string | undefined {
  return readIfThere(join(folder, name, key)) ?? readIfThere(join(folder, `${name}.${key}`))
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
