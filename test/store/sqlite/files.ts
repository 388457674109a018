import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { openSqliteStore } from '../../../store/sqlite/open.ts'
import { StoreFault } from '../../../store/store.ts'
import { SILENT, Stage } from '../stage.ts'

/** A folder for one database, and the stages opened on it. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'store-'))
  readonly db = join(this.path, 'ledger.db')
  readonly mark = `${this.db}.mark`
  readonly #opened: Stage[] = []
  #isMounted = false
  #seed = 100

  /** Opens the file as the ledger does. `earlier`: with the clock of another stage, as time goes on. */
  async open(options: { readonly restored?: boolean; readonly earlier?: Stage } = {}): Promise<Stage> {
    this.#seed += 1
    const stage = new Stage(this.#seed)
    if (options.earlier !== undefined) Object.assign(stage.clock, options.earlier.clock)
    const { restored = false } = options
    const { clock, random } = stage
    stage.store = await openSqliteStore({ path: this.db, clock, random, log: SILENT, restored })
    this.#opened.push(stage)
    return stage
  }

  /** What the ledger says when it refuses the file. */
  async refusal(options: { readonly restored?: boolean } = {}): Promise<string> {
    try {
      await this.open(options)
    } catch (fault) {
      if (fault instanceof StoreFault) return fault.message
      throw fault
    }
    throw new Error('the store was opened')
  }

  /** The file without the ledger's rules, for a test to look at or to harm. */
  raw<Answer>(use: (db: SqliteDatabase.Database) => Answer): Answer {
    const db = new SqliteDatabase(this.db)
    try {
      return use(db)
    } finally {
      db.close()
    }
  }

  mount(options: string): void {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'store-test', this.path])
    this.#isMounted = true
  }

  remount(options: string): void {
    execFileSync('mount', ['-o', `remount,${options}`, this.path])
  }

  async remove(): Promise<void> {
    for (const stage of this.#opened) await stage.store.close().catch(() => undefined)
    if (this.#isMounted) execFileSync('umount', [this.path])
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Undefined where a test may mount; else why not. */
export function whyNoMount(): string | undefined {
  const folder = new Folder()
  try {
    folder.mount('size=64k')
    return undefined
  } catch (fault) {
    return `a tmpfs cannot be mounted here (${String(fault).split('\n')[0]})`
  } finally {
    void folder.remove()
  }
}
