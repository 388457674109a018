import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Clock } from '../../runtime/clock.ts'
import { sizeOf } from './own-files.ts'

/** What the file beside the database says: whose it is, and how far it had come. */
export interface Mark {
  readonly installId: string
  readonly lastSeq: number
}

const SYNC_PERIOD_MS = 1_000
const WIDTH_BYTES = 128

/**
 * The file beside the database that notices a database put back from a copy. Written after each commit, fsynced once a
 * second: it may lag behind the database, never run ahead of it.
 */
export class MarkFile {
  readonly #fd: number
  readonly #clock: Clock
  readonly #installId: string
  #syncedAtMs: number

  constructor(path: string, installId: string, clock: Clock) {
    this.#fd = openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600)
    this.#installId = installId
    this.#clock = clock
    this.#syncedAtMs = Number.NEGATIVE_INFINITY
  }

  note(lastSeq: number): void {
    const text = JSON.stringify({ installId: this.#installId, lastSeq } satisfies Mark)
    writeSync(this.#fd, `${text.padEnd(WIDTH_BYTES - 1)}\n`, 0)
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#syncedAtMs < SYNC_PERIOD_MS) return
    fsyncSync(this.#fd)
    this.#syncedAtMs = nowMs
  }

  close(): void {
    fsyncSync(this.#fd)
    closeSync(this.#fd)
  }
}

/** Undefined when there is none, or one that a full disk or a kill left empty at the first start; `unreadable` when it is not a mark. */
export function readMark(path: string): Mark | 'unreadable' | undefined {
  if (sizeOf(path) === 0) return undefined
  try {
    const { installId, lastSeq } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Mark>
    if (typeof installId === 'string' && typeof lastSeq === 'number') return { installId, lastSeq }
  } catch {
    // Not JSON: told apart from a missing file by the caller.
  }
  return 'unreadable'
}
