import type { JobUid, RunUid } from '../../contract/ids.ts'
import type { UsdMicros } from '../../contract/money.ts'
import type { RunRow } from '../store.ts'
import { runAccount } from './accounts.ts'
import type { Tables } from './tables.ts'

/** As long as records are kept at least. An exchange takes seconds. */
export const ENDED_JOB_KEPT_MS = 72 * 60 * 60 * 1_000

/**
 * One Job of the run has ended. When none lives any more the key admits nothing; a continuing Job revives it. Whoever
 * does not know the run names the Job's own UID in its place. Undefined when the Job is in no run, or in another one;
 * the end of a Job in none is remembered, so that an exchange which is still under way opens nothing.
 */
export function endJob(tables: Tables, runUid: RunUid, jobUid: JobUid): RunRow | undefined {
  const run = tables.runOfJob(jobUid)
  if (run === undefined) {
    if (tables.rules.holds('ended_job_opens_nothing')) tables.putEndedJob(jobUid, ENDED_JOB_KEPT_MS)
    return undefined
  }
  if (run.runUid !== runUid && runUid !== (jobUid as string)) return undefined
  if (run.jobs.some(({ uid, isEnded }) => uid === jobUid && isEnded)) return run
  const jobs = run.jobs.map((job) => (job.uid === jobUid ? { ...job, isEnded: true } : job))
  const ended: RunRow = { ...run, jobs }
  tables.putRun(ended)
  const key = tables.key(run.keyId)
  if (key !== undefined) {
    const version = key.version + 1
    const isLast = jobs.every(({ isEnded }) => isEnded) && key.status === 'active'
    tables.putKey({ ...key, version, ...(isLast ? { status: 'ended', endedAtMs: tables.time.nowMs } : {}) })
    if (isLast) tables.append(actorOfRun(tables, ended), { event: 'key.ended' })
  }
  closeRunIfDone(tables, run.runUid)
  return tables.run(run.runUid) ?? ended
}

/** The account of an ended run closes once nothing of it is reserved or in doubt. */
export function closeRunIfDone(tables: Tables, runUid: RunUid): void {
  const run = tables.run(runUid)
  if (run === undefined || run.isClosed || run.jobs.some(({ isEnded }) => !isEnded)) return
  if (tables.unresolvedCalls(run.keyId).length > 0) return
  const closed: RunRow = { ...run, isClosed: true }
  tables.putRun(closed)
  tables.append(actorOfRun(tables, closed), {
    event: 'run.closed',
    spentUsdMicros: tables.account(runAccount(runUid))?.spentUsdMicros ?? (0 as UsdMicros),
    effectsNoPodSaw: tables.effects(runUid).reduce((sum, { made, mostSeen }) => sum + Math.max(0, made - mostSeen), 0),
  })
}

export function actorOfRun(tables: Tables, run: RunRow) {
  return {
    keyId: run.keyId,
    runUid: run.runUid,
    jobUid: run.jobs.at(-1)?.uid ?? null,
    podUid: null,
    podName: null,
    index: null,
    namespace: run.namespace,
    label: tables.key(run.keyId)?.label ?? null,
  }
}
