import type { Database, Transaction } from 'better-sqlite3'
import { afterInput } from '../../runtime/timers.ts'
import type { SqliteTables } from './tables.ts'

/** One atomic step of the store. */
export type Step<Answer> = (tables: SqliteTables) => Answer

/** So that whoever asks for nothing of the store is not kept waiting by a long queue. */
const MOST_AT_ONCE = 100

interface Waiting {
  readonly step: Step<unknown>
  readonly done: (answer: unknown) => void
  readonly failed: (fault: unknown) => void
}

interface GroupOptions {
  readonly db: Database
  readonly tables: SqliteTables
  /** Throws where nothing may be written. */
  readonly checkFiles: () => void
  /** Something was written, and is on disk. Must not throw. */
  readonly onWritten: () => void
}

/**
 * Steps that come in together share one transaction, and so one wait for the disk. Each is a savepoint of its own: it
 * stands or falls by itself, in the order of asking, and is told how it ended when all of them are on disk.
 */
export class StepGroup {
  readonly #options: GroupOptions
  readonly #group: Transaction<(group: readonly Waiting[]) => (() => void)[]>
  readonly #step: Transaction<(step: Step<unknown>) => unknown>
  #waiting: Waiting[] = []

  constructor(options: GroupOptions) {
    this.#options = options
    const { db, tables } = options
    this.#step = db.transaction((step) => step(tables))
    this.#group = db.transaction((group) => group.map((waiting) => this.#run(waiting)))
  }

  /** Resolves when the step is on disk. Whatever it rejects with, nothing of it was written. */
  ask<Answer>(step: Step<Answer>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.push({ step, done: resolve, failed: reject })
    if (this.#waiting.length === 1) afterInput(() => this.#commit())
    return promise as Promise<Answer>
  }

  #commit(): void {
    const { tables, checkFiles, onWritten } = this.#options
    const group = this.#waiting.splice(0, MOST_AT_ONCE)
    if (group.length === 0) return
    if (this.#waiting.length > 0) afterInput(() => this.#commit())
    const lastSeq = tables.lastSeq
    let outcomes: readonly (() => void)[]
    try {
      checkFiles()
      outcomes = this.#group.immediate(group)
      if (tables.lastSeq !== lastSeq) onWritten()
    } catch (fault) {
      tables.rewind(lastSeq)
      outcomes = group.map(
        ({ failed }) =>
          () =>
            failed(fault),
      )
    }
    for (const tell of outcomes) tell()
  }

  /** All that was asked for. */
  end(): void {
    while (this.#waiting.length > 0) this.#commit()
  }

  /** Returns what tells its asker how it ended. */
  #run({ step, done, failed }: Waiting): () => void {
    const { db, tables } = this.#options
    const lastSeq = tables.lastSeq
    try {
      tables.beginStep()
      const answer = this.#step(step)
      return () => done(answer)
    } catch (fault) {
      tables.rewind(lastSeq)
      // Of some faults SQLite undoes all that was written since the last commit.
      if (!db.inTransaction) throw fault
      return () => failed(fault)
    }
  }
}
