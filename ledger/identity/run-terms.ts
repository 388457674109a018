import type { JobUid, RunUid } from '../../contract/ids.ts'
import type { RunTermsRow, Store } from '../../store/store.ts'

const MOST_JOBS = 10_000

/** Terms of a run by Job. A Job's terms never change: a continuing Job brings its own under its own UID. */
export interface RunTermsCache {
  of(runUid: RunUid, jobUid: JobUid): Promise<RunTermsRow | undefined>
}

export function createRunTermsCache(store: Store): RunTermsCache {
  const known = new Map<JobUid, RunTermsRow>()
  return {
    async of(runUid, jobUid) {
      const cached = known.get(jobUid)
      if (cached !== undefined) return cached
      const run = await store.findRun(runUid)
      if (run === undefined || run.jobs.at(-1)?.uid !== jobUid) return run?.terms
      if (known.size >= MOST_JOBS) known.clear()
      known.set(jobUid, run.terms)
      return run.terms
    },
  }
}
