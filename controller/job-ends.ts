import { INJECTED_ANNOTATION, SKIPPED_ANNOTATION } from '../contract/labels.ts'
import { type Change, mirror } from '../kube/mirror.ts'
import { endedAtMs, hasFailed, isEnded, type Job, restartsInPlace } from '../kube/objects.ts'
import type { LedgerClient } from '../ledger/client.ts'
import { type EventDoors, endOfRun, sayOnJob, skippedJob } from './events.ts'
import { tellOfRefusedPods } from './pod-refusals.ts'

/** What could not be told to the ledger is told again after this. */
const TRY_AGAIN_MS = 10_000
/** An exchange that was under way when a Job ended is over long before. */
const RECENT_MS = 900_000
/** How often all living runs are gone through, for what neither the watch nor a start has shown. */
const GO_THROUGH_MS = 300_000

/** Of a Job that admission injected, or left alone in a namespace where it injects. */
interface JobRow {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly isInjected: boolean
  readonly isEnded: boolean
  readonly hasFailedPods: boolean
  readonly restartsInPlace: boolean
  /** When its condition says that it ended; undefined where it does not. */
  readonly endedAtMs: number | undefined
  /** Why it was left alone. */
  readonly skipped: string | undefined
}

/** Enough to say something on it. */
type JobName = Pick<JobRow, 'namespace' | 'name' | 'uid'>
export type LivingJob = JobName & Pick<JobRow, 'restartsInPlace'>

export interface JobEnds {
  /** Those that have a cap and have not ended, as far as the watch shows. */
  living(): readonly LivingJob[]
  stop(): void
}

/**
 * Tells the ledger which Jobs have ended: at the first terminal sign, when a Job is gone, and afterwards for those that
 * ended while this process was away. What the ledger was told twice changes nothing. It is told of Jobs without a run too.
 */
export function watchJobEnds(doors: EventDoors, ledger: LedgerClient): JobEnds {
  const { clock, timers } = doors
  const teller = new Teller(doors, ledger)
  const jobs = mirror<Job, JobRow>(doors, {
    path: '/apis/batch/v1/jobs',
    pick: rowOf,
    onChange(change) {
      const { row, before } = change
      if (row?.uid !== before?.uid && row?.isInjected === false && row.skipped !== undefined) {
        void sayOnJob(doors, row, skippedJob(row.skipped))
      }
      // Its first failed Pod shows why; what later ones add is told once the Job has failed.
      const isFirst = row?.uid !== before?.uid || before?.hasFailedPods === false
      if (row?.isInjected && !row.isEnded && row.hasFailedPods && isFirst) void tellOfRefusedPods(doors, row)
      teller.take(endedIn(change, clock.nowMs()))
    },
  })
  const goThrough = () =>
    jobs.isThere.then(() =>
      teller.goThrough(new Set(jobs.rows().flatMap(({ uid, isEnded: hasEnded }) => (hasEnded ? [] : [uid])))),
    )
  const stopTrying = timers.every(TRY_AGAIN_MS, () => teller.tell())
  const stopGoing = timers.every(GO_THROUGH_MS, () => void goThrough())
  void goThrough()
  return {
    living: () => jobs.rows().filter(({ isInjected, isEnded: hasEnded }) => isInjected && !hasEnded),
    stop() {
      stopTrying()
      stopGoing()
      jobs.stop()
    },
  }
}

/** Keeps what the ledger must be told, until it was. */
class Teller {
  readonly #doors: EventDoors
  readonly #ledger: LedgerClient
  /** By UID. */
  readonly #due = new Map<string, JobName>()
  /** UIDs of Jobs that live; undefined when no going through is due. */
  #living: ReadonlySet<string> | undefined
  #telling: Promise<void> | undefined

  constructor(doors: EventDoors, ledger: LedgerClient) {
    this.#doors = doors
    this.#ledger = ledger
  }

  take(ended: readonly JobName[]): void {
    for (const { namespace, name, uid } of ended) this.#due.set(uid, { namespace, name, uid })
    if (ended.length > 0) this.tell()
  }

  /** Those Jobs of living runs that are not among the living. */
  goThrough(living: ReadonlySet<string>): void {
    this.#living = living
    this.tell()
  }

  /** One round at a time; what comes meanwhile is told in the same one. */
  tell(): void {
    this.#telling ??= this.#round()
      .catch((fault) =>
        this.#doors.log.warn({ err: fault }, 'living runs could not be gone through; it is tried again'),
      )
      .finally(() => {
        this.#telling = undefined
      })
  }

  async #round(): Promise<void> {
    if (this.#living !== undefined) {
      await this.#findDue(this.#living)
      this.#living = undefined
    }
    const failed = new Set<string>()
    const next = () => [...this.#due.values()].find(({ uid }) => !failed.has(uid))
    for (let job = next(); job !== undefined; job = next()) {
      try {
        await endJob(this.#doors, this.#ledger, job)
        this.#due.delete(job.uid)
      } catch (fault) {
        failed.add(job.uid)
        this.#doors.log.warn(
          { err: fault, jobUid: job.uid },
          'the ledger could not be told of an ended Job; it is told again',
        )
      }
    }
  }

  async #findDue(living: ReadonlySet<string>): Promise<void> {
    for (const { namespace, jobs } of await this.#ledger.listRuns({ living: true })) {
      for (const { uid, name, ended } of jobs) {
        if (!ended && !living.has(uid)) this.#due.set(uid, { namespace, name, uid })
      }
    }
  }
}

/** Jobs that a change shows to have ended, and that nobody was told of. */
function endedIn({ row, before }: Change<JobRow>, nowMs: number): JobRow[] {
  const isSame = row?.uid === before?.uid
  const gone = before !== undefined && !isSame && !before.isEnded ? [before] : []
  // Of those that had ended long before this process looked, the ledger knows by now, or they are found by their runs.
  const isNews = isSame ? before?.isEnded === false : row?.endedAtMs !== undefined && nowMs - row.endedAtMs < RECENT_MS
  const ended = row?.isEnded === true && isNews ? [row] : []
  return [...gone, ...ended].filter(({ isInjected }) => isInjected)
}

async function endJob(doors: EventDoors, ledger: LedgerClient, job: JobName): Promise<void> {
  const { namespace, name, uid } = job
  // What is watched may be behind: a Job that it does not show yet is no Job that has ended.
  const found = await doors.kube.get<Job>(`/apis/batch/v1/namespaces/${namespace}/jobs/${name}`)
  const ofJob = found?.metadata.uid === uid ? found : undefined
  if (ofJob !== undefined && !isEnded(ofJob)) return
  if (ofJob !== undefined && hasFailed(ofJob)) {
    await tellOfRefusedPods(doors, { ...job, restartsInPlace: restartsInPlace(ofJob) })
  }
  const [run] = await ledger.listRuns({ namespace, job: uid })
  if (run?.jobs.some((ofRun) => ofRun.uid === uid && ofRun.ended) === true) return
  // Without a run none of its Pods has come yet: one on its way must not open one.
  const ended = run === undefined ? await ledger.endUnlistedJob(uid) : await ledger.endJob(run.run, uid)
  if (ended === undefined) return
  doors.log.info({ runUid: ended.run, jobUid: uid, spentUsd: ended.key.spent_usd }, 'job ended')
  await sayOnJob(doors, job, endOfRun(ended, uid))
}

function rowOf(job: Job): JobRow | undefined {
  const { namespace = '', name, uid, annotations = {} } = job.metadata
  const isInjected = job.spec.template.metadata?.annotations?.[INJECTED_ANNOTATION] !== undefined
  const skipped = annotations[SKIPPED_ANNOTATION]
  if (!isInjected && skipped === undefined) return undefined
  const hasFailedPods = (job.status?.failed ?? 0) > 0
  return {
    ...{ namespace, name, uid, isInjected, hasFailedPods, skipped },
    ...{ isEnded: isEnded(job), endedAtMs: endedAtMs(job), restartsInPlace: restartsInPlace(job) },
  }
}
