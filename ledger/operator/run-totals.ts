import type { RunRow, RunTotals, Store } from '../../store/store.ts'

/** About 10 MiB. */
const MOST_KNOWN = 50_000

/** What the records of runs come to. */
export interface KnownTotals {
  /** Undefined: the run is not in the store any more. */
  of(run: RunRow): Promise<RunTotals | undefined>
}

/**
 * Counting goes through all calls of a run, and admission asks again for each Job of a name that has run before: of a
 * closed run nothing changes any more until another Job joins it.
 */
export function createKnownTotals(store: Pick<Store, 'countCalls'>): KnownTotals {
  const known = new Map<string, RunTotals>()
  return {
    async of(run) {
      const mark = `${run.runUid} ${run.jobs.length}`
      const before = run.isClosed ? known.get(mark) : undefined
      if (before !== undefined) return before
      const counted = await store.countCalls(run.runUid)
      if (!run.isClosed || counted === undefined) return counted
      if (known.size >= MOST_KNOWN) known.clear()
      known.set(mark, counted)
      return counted
    },
  }
}
