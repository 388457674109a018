import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LedgerClient } from '../../ledger/client.ts'
import { isOwnerAlive, markOf } from '../../local/run.ts'

/**
 * Which Jobs of a state folder run now: one file each, with the mark of the process that runs it. What a killed process
 * left behind has ended like its Pods, and can then be continued.
 */
export class LivingJobs {
  readonly #folder: string

  constructor(stateFolder: string) {
    this.#folder = join(stateFolder, 'jobs')
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
  }

  add(jobUid: string): void {
    writeFileSync(join(this.#folder, jobUid), markOf(process.pid) ?? '', { mode: 0o600 })
  }

  remove(jobUid: string): void {
    rmSync(join(this.#folder, jobUid), { force: true })
  }

  /** Tells the ledger of the Jobs that nobody runs any more. */
  async endLeftBehind(client: LedgerClient): Promise<void> {
    const listed = new Set<string>()
    for (const run of await client.listRuns()) {
      for (const { uid, ended } of run.jobs) {
        listed.add(uid)
        if (!ended && !this.#lives(uid)) await client.endJob(run.run, uid)
      }
    }
    for (const uid of readdirSync(this.#folder)) {
      if (this.#lives(uid)) continue
      if (!listed.has(uid)) await client.endUnlistedJob(uid)
      this.remove(uid)
    }
  }

  #lives(jobUid: string): boolean {
    try {
      return isOwnerAlive(readFileSync(join(this.#folder, jobUid), 'utf8'))
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw fault
    }
  }
}
