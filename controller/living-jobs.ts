import type { LedgerClient } from '../ledger/client.ts'
import { type EventDoors, sayOnJob, spentWhileLiving } from './events.ts'
import type { LivingJob } from './job-ends.ts'
import { tellOfRefusedPods } from './pod-refusals.ts'

/** An app that hangs does so for minutes at least. */
const LOOK_EVERY_MS = 60_000
const LONGEST_WAIT_MS = 1_800_000

export interface LivingJobs {
  stop(): void
}

/** When a living Job is asked about next. */
interface Due {
  readonly atMs: number
  readonly waitMs: number
}

/**
 * An app that goes on after a spent cap keeps its Job alive, and nothing of the Job says why it does nothing. So the ledger
 * is asked about each living Job, in its first minute, a minute later, and then after twice as long each time, since counting
 * a run's calls is not free; an event says so, once a Job. Where containers are restarted in place, no Pod fails that would
 * say why ours ended: then its Pods are read as often.
 */
export function watchLivingJobs(
  doors: EventDoors,
  { ledger, living }: { readonly ledger: Pick<LedgerClient, 'listRuns' | 'findRun'>; living(): readonly LivingJob[] },
): LivingJobs {
  const { clock, log, timers } = doors
  let due: ReadonlyMap<string, Due> = new Map()
  let going: Promise<void> | undefined

  /** Whether it was said that its cap is spent. */
  async function tell(job: LivingJob): Promise<boolean> {
    if (job.restartsInPlace) await tellOfRefusedPods(doors, job)
    const [run] = await ledger.listRuns({ namespace: job.namespace, job: job.uid })
    if (run === undefined) return false
    const detail = await ledger.findRun(run.run)
    if (detail.totals.refused_by_cap_count === 0) return false
    await sayOnJob(doors, job, spentWhileLiving(detail, job.uid))
    return true
  }

  async function round(): Promise<void> {
    const next = new Map<string, Due>()
    for (const job of living()) {
      const nowMs = clock.monotonicMs()
      const { atMs, waitMs } = due.get(job.uid) ?? { atMs: nowMs, waitMs: LOOK_EVERY_MS / 2 }
      if (nowMs < atMs) next.set(job.uid, { atMs, waitMs })
      else {
        const later = Math.min(waitMs * 2, LONGEST_WAIT_MS)
        next.set(job.uid, (await tell(job)) ? { atMs: Infinity, waitMs } : { atMs: nowMs + later, waitMs: later })
      }
    }
    due = next
  }

  const look = () => {
    going ??= round()
      .catch((fault) => log.warn({ err: fault }, 'living Jobs were not looked at; it is tried again'))
      .finally(() => {
        going = undefined
      })
  }
  look()
  return { stop: timers.every(LOOK_EVERY_MS, look) }
}
