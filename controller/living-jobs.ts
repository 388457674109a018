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
  /** What caps had refused of its run when it was first seen beside earlier Jobs; undefined: it was not seen yet. */
  readonly refusedBefore: number | undefined
}

const FIRST: Due = { atMs: 0, waitMs: LOOK_EVERY_MS / 2, refusedBefore: undefined }

/**
 * An app that goes on after a spent cap keeps its Job alive, and nothing of the Job says why it does nothing. So the ledger
 * is asked about each living Job, in its first minute, a minute later, and then after twice as long each time, since counting
 * a run's calls is not free; an event says so, once a Job. What was refused to an earlier Job of the run, which a Job with a
 * higher cap continues, says nothing of this one: there only what comes after the first look counts. Where containers are
 * restarted in place, no Pod fails that would say why ours ended: then its Pods are read as often.
 */
export function watchLivingJobs(
  doors: EventDoors,
  { ledger, living }: { readonly ledger: Pick<LedgerClient, 'listRuns' | 'findRun'>; living(): readonly LivingJob[] },
): LivingJobs {
  const { clock, log, timers } = doors
  let due: ReadonlyMap<string, Due> = new Map()
  let going: Promise<void> | undefined

  /** Told: that its cap is spent. Else what had been refused before it, once that is known. */
  async function tell(job: LivingJob, refusedBefore: number | undefined): Promise<'told' | number | undefined> {
    if (job.restartsInPlace) await tellOfRefusedPods(doors, job)
    const [run] = await ledger.listRuns({ namespace: job.namespace, job: job.uid })
    if (run === undefined) return undefined
    const detail = await ledger.findRun(run.run)
    const refused = detail.totals.refused_by_cap_count
    const before = refusedBefore ?? (detail.jobs.length > 1 ? refused : 0)
    if (refused <= before) return before
    await sayOnJob(doors, job, spentWhileLiving(detail, job.uid))
    return 'told'
  }

  async function round(): Promise<void> {
    const next = new Map<string, Due>()
    for (const job of living()) {
      const nowMs = clock.monotonicMs()
      const { atMs, waitMs, refusedBefore } = due.get(job.uid) ?? FIRST
      if (nowMs < atMs) next.set(job.uid, { atMs, waitMs, refusedBefore })
      else {
        const later = Math.min(waitMs * 2, LONGEST_WAIT_MS)
        const told = await tell(job, refusedBefore)
        if (told === 'told') next.set(job.uid, { atMs: Infinity, waitMs, refusedBefore })
        else next.set(job.uid, { atMs: nowMs + later, waitMs: later, refusedBefore: told })
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
