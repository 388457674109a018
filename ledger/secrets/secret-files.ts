import { type BigIntStats, readFileSync, statSync } from 'node:fs'
import type { Clock } from '../../runtime/clock.ts'
import type { Environment } from '../../runtime/environment.ts'
import { oncePerTurn } from '../../runtime/turn.ts'
import { Secret, type SecretRef, type VendorSecrets } from '../effects.ts'

/** A file written this lately may be written again without looking any different: its time has the kernel's grain. */
const SETTLED_MS = 1_000

/**
 * Secrets of a folder, `<name>/<key>` as a mounted Secret has it or `<name>.<key>`, else of the environment,
 * `JOBCAP_SECRET_<NAME>_<KEY>` in capitals with everything else as an underscore. A file is looked at in each turn in
 * which it is used and read again when it changed, so a new secret needs no restart; a line's end at the end is not part of it.
 */
export function createSecretFiles(folder: string | null, environment: Environment, clock: Clock): VendorSecrets {
  const files = new SecretFiles(clock)
  return {
    read({ name, key }) {
      const found = folder === null ? undefined : files.read(folder, { name, key })
      if (found !== undefined) return found.secret
      const text = environment[variableOf({ name, key })]
      return text === undefined ? undefined : secretOf(text)
    },
  }
}

export function variableOf({ name, key }: SecretRef): string {
  return `JOBCAP_SECRET_${name}_${key}`.toUpperCase().replace(/[^A-Z0-9]/g, '_')
}

/** Undefined when there is nothing in it. */
function secretOf(text: string): Secret | undefined {
  const trimmed = text.replace(/\r?\n$/, '')
  return trimmed === '' ? undefined : new Secret(trimmed)
}

/** What a file holds; an empty one holds no secret, and hides what the environment says all the same. */
interface Found {
  readonly secret: Secret | undefined
}

interface Known extends Found {
  readonly stats: BigIntStats
}

/** Secrets of files, read again when these changed. */
class SecretFiles {
  readonly #clock: Clock
  readonly #known = new Map<string, Known>()
  /** How each file is looked at. */
  readonly #looks = new Map<string, () => BigIntStats | undefined>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Undefined when there is no such file, or none that can be read. */
  read(folder: string, { name, key }: SecretRef): Found | undefined {
    return this.#at(`${folder}/${name}/${key}`) ?? this.#at(`${folder}/${name}.${key}`)
  }

  #at(path: string): Found | undefined {
    try {
      const stats = this.#lookAt(path)
      if (stats === undefined) return undefined
      const known = this.#known.get(path)
      if (known !== undefined && isSameFile(known.stats, stats)) return known
      const read = { stats, secret: secretOf(readFileSync(path, 'utf8')) }
      const isSettled = Number(stats.mtimeMs) + SETTLED_MS < this.#clock.nowMs()
      if (isSettled) this.#known.set(path, read)
      return read
    } catch {
      return undefined
    }
  }

  /** Undefined when there is no such file. Throws when it cannot be looked at. */
  #lookAt(path: string): BigIntStats | undefined {
    const known = this.#looks.get(path)
    if (known !== undefined) return known()
    const look = oncePerTurn(() => statSync(path, { bigint: true, throwIfNoEntry: false }))
    this.#looks.set(path, look)
    return look()
  }
}

function isSameFile(one: BigIntStats, other: BigIntStats): boolean {
  return (
    one.ino === other.ino &&
    one.mtimeNs === other.mtimeNs &&
    one.ctimeNs === other.ctimeNs &&
    one.size === other.size &&
    one.dev === other.dev
  )
}
