import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../../store/sqlite/open.ts'
import type { RecoverableStore } from '../../../store/store.ts'
import { type OpenOptions, type OpenRecoverable, SILENT, type Stage } from '../stage.ts'

/** A store that can lose its last steps without anybody announcing it: database and mark are put back together. */
export class Disk {
  readonly #folder = mkdtempSync(join(tmpdir(), 'rollback-'))
  readonly #files = ['ledger.db', 'ledger.db.mark'].map((name) => join(this.#folder, name))
  #options: OpenOptions | undefined

  readonly open: OpenRecoverable = (options) => {
    this.#options = options
    return openSqliteStore({ path: join(this.#folder, 'ledger.db'), log: SILENT, ...options })
  }

  async save({ store }: Stage): Promise<RecoverableStore> {
    await store.close()
    for (const file of this.#files) copyFileSync(file, `${file}.saved`)
    return this.#reopen()
  }

  async rollBack({ store }: Stage): Promise<RecoverableStore> {
    await store.close()
    for (const file of this.#files) copyFileSync(`${file}.saved`, file)
    return this.#reopen()
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #reopen(): Promise<RecoverableStore> {
    if (this.#options === undefined) throw new Error('the store was never opened')
    return this.open(this.#options)
  }
}
