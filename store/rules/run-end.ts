import type { RunUid } from '../../contract/ids.ts'
import type { UsdMicros } from '../../contract/money.ts'
import type { RunRow } from '../store.ts'
import { runAccount } from './accounts.ts'
import type { Tables } from './tables.ts'

/**
 * One Job of the run has ended. When none lives any more the key admits nothing; a continuing Job revives it. Undefined
 * when the Job is not one of the run's.
 */
export function endJob(tables: Tables, run: RunRow, jobUid: string): RunRow | undefined {
  const job = run.jobs.find(({ uid }) => uid === jobUid)
  if (job === undefined || job.isEnded) return job && run
  const jobs = run.jobs.map((job) => (job.uid === jobUid ? { ...job, isEnded: true } : job))
  const ended: RunRow = { ...run, jobs }
  tables.putRun(ended)
  const key = tables.key(run.keyId)
  if (jobs.every(({ isEnded }) => isEnded) && key?.status === 'active') {
    tables.putKey({ ...key, status: 'ended', endedAtMs: tables.time.nowMs })
    tables.append(actorOfRun(tables, ended), { event: 'key.ended' })
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
