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
 * ended while this process was away. What the ledger was told twice changes nothing. It is told of Jobs without a run too.
 */
export function watchJobEnds(doors: EventDoors, ledger: LedgerClient): JobEnds {
  const { kube, timers, log } = doors
  /** Ended, and the ledger was not told yet: an exchange under way may still open or continue a run for them. */
  const untold = new Set<string>()
  let looking: Promise<void> | undefined
  let isDue = false

  const jobs = mirror<Job, JobRow>(doors, {
    path: '/apis/batch/v1/jobs',
    pick: (job) =>
      job.spec.template.metadata?.annotations?.[INJECTED_ANNOTATION] === undefined
        ? undefined
        : { uid: job.metadata.uid, isEnded: isEnded(job) },
    onChange({ row, before }) {
      const uid = (row ?? before)?.uid
      if (uid === undefined || before?.isEnded === true || row?.isEnded === false) return
      untold.add(uid)
      look()
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
      for (const { uid } of run.jobs) untold.delete(uid)
      for (const job of run.jobs.filter(({ uid, ended }) => !ended && !living.has(uid))) {
        if (!(await isGone(run.namespace, job))) continue
        await announce(doors, ledger, { ended: await ledger.endJob(run.run, job.uid), jobUid: job.uid })
      }
    }
    for (const uid of untold) {
      const ended = await ledger.endUnlistedJob(uid)
      if (ended !== undefined) await announce(doors, ledger, { ended, jobUid: uid })
      untold.delete(uid)
    }
  }

  async function isGone(namespace: string, job: RunView['jobs'][number]): Promise<boolean> {
    // What is watched may be behind: a Job that it does not show yet is no Job that has ended.
    const found = await kube.get<Job>(`/apis/batch/v1/namespaces/${namespace}/jobs/${job.name}`)
    return found?.metadata.uid !== job.uid || isEnded(found)
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

async function announce(
  doors: EventDoors,
  ledger: LedgerClient,
  { ended, jobUid }: { readonly ended: RunView; readonly jobUid: string },
): Promise<void> {
  doors.log.info({ runUid: ended.run, jobUid, spentUsd: ended.key.spent_usd }, 'job ended')
  const job = ended.jobs.find(({ uid }) => uid === jobUid)
  if (job !== undefined) await announceEnd(doors, ledger, { run: ended, job })
}
