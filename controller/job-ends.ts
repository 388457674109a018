import { INJECTED_ANNOTATION } from '../contract/labels.ts'
import type { RunView } from '../contract/operators.ts'
import { mirror } from '../kube/mirror.ts'
import { isEnded, type Job } from '../kube/objects.ts'
import type { LedgerClient } from '../ledger/client.ts'
import { announceEnd, type EventDoors } from './events.ts'

/** Runs whose Job ended while nobody looked are found so often. */
const LOOK_EVERY_MS = 30_000

/** Of a Job that admission injected. */
interface JobRow {
  readonly uid: string
  readonly isEnded: boolean
}

export interface JobEnds {
  stop(): void
}

/**
 * Tells the ledger which Jobs have ended: at the first terminal sign, when a Job is gone, and afterwards for those that
 * ended while this process was away. What the ledger was told twice changes nothing.
 */
export function watchJobEnds(doors: EventDoors, ledger: LedgerClient): JobEnds {
  const { kube, timers, log } = doors
  let looking: Promise<void> | undefined
  let isDue = false

  const jobs = mirror<Job, JobRow>(doors, {
    path: '/apis/batch/v1/jobs',
    pick: (job) =>
      job.spec.template.metadata?.annotations?.[INJECTED_ANNOTATION] === undefined
        ? undefined
        : { uid: job.metadata.uid, isEnded: isEnded(job) },
    onChange({ row, before }) {
      if (before?.isEnded !== true && (row === undefined || row.isEnded)) look()
    },
  })

  /** One look at a time; what changes meanwhile is looked at once more. */
  function look(): void {
    isDue = true
    looking ??= lookUntilDone().finally(() => {
      looking = undefined
    })
  }

  async function lookUntilDone(): Promise<void> {
    await jobs.isThere
    while (isDue) {
      isDue = false
      try {
        await endAll()
      } catch (fault) {
        log.warn({ err: fault }, 'the ledger could not be told of ended Jobs; it is told again')
      }
    }
  }

  async function endAll(): Promise<void> {
    const living = new Set(jobs.rows().flatMap(({ uid, isEnded: hasEnded }) => (hasEnded ? [] : [uid])))
    for (const run of await ledger.listRuns()) {
      for (const job of run.jobs.filter(({ uid, ended }) => !ended && !living.has(uid))) await end(run, job)
    }
  }

  async function end(run: RunView, job: RunView['jobs'][number]): Promise<void> {
    // What is watched may be behind: a Job that it does not show yet is no Job that has ended.
    const found = await kube.get<Job>(`/apis/batch/v1/namespaces/${run.namespace}/jobs/${job.name}`)
    if (found?.metadata.uid === job.uid && !isEnded(found)) return
    const ended = await ledger.endJob(run.run, job.uid)
    log.info({ runUid: run.run, jobUid: job.uid, spentUsd: ended.key.spent_usd }, 'job ended')
    await announceEnd(doors, ledger, { run: ended, job })
  }

  const stopLooking = timers.every(LOOK_EVERY_MS, look)
  look()
  return {
    stop() {
      stopLooking()
      jobs.stop()
    },
  }
}
