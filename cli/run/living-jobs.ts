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

  /** Tells the ledger of the folder's Jobs that nobody runs any more. Others of that ledger are other folders' to judge. */
  async endLeftBehind(client: LedgerClient): Promise<void> {
    const leftBehind = readdirSync(this.#folder).filter((uid) => !this.#lives(uid))
    if (leftBehind.length === 0) return
    const runs = await client.listRuns()
    for (const uid of leftBehind) {
      const run = runs.find(({ jobs }) => jobs.some((job) => job.uid === uid))
      if (run === undefined) await client.endUnlistedJob(uid)
      else if (run.jobs.some((job) => job.uid === uid && !job.ended)) await client.endJob(run.run, uid)
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
