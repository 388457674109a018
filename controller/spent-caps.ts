import type { LedgerClient } from '../ledger/client.ts'
import { type EventDoors, sayOnJob, spentWhileLiving } from './events.ts'

/** An app that hangs does so for minutes at least. */
const ROUND_MS = 60_000

export interface SpentCaps {
  stop(): void
}

/**
 * An app that goes on after a spent cap keeps its Job alive, and nothing of the Job says why it does nothing. So the living
 * runs are gone through, one by one, and an event says so, once a Job.
 */
export function watchSpentCaps(doors: EventDoors, ledger: Pick<LedgerClient, 'listRuns' | 'findRun'>): SpentCaps {
  const { log, timers } = doors
  /** UIDs of Jobs of living runs that were told. */
  let told: ReadonlySet<string> = new Set()
  let going: Promise<void> | undefined

  async function round(): Promise<void> {
    const toldNow = new Set<string>()
    for (const run of await ledger.listRuns({ living: true })) {
      const job = run.jobs.findLast(({ ended }) => !ended)
      if (job === undefined) continue
      if (told.has(job.uid)) {
        toldNow.add(job.uid)
        continue
      }
      const detail = await ledger.findRun(run.run)
      if (detail.totals.refused_by_cap_count === 0) continue
      await sayOnJob(doors, { namespace: run.namespace, ...job }, spentWhileLiving(detail, job.uid))
      toldNow.add(job.uid)
    }
    told = toldNow
  }

  const next = () => {
    going ??= round()
      .catch((fault) => log.warn({ err: fault }, 'living runs were not gone through for spent caps; it is tried again'))
      .finally(() => {
        going = undefined
      })
  }
  next()
  return { stop: timers.every(ROUND_MS, next) }
}
