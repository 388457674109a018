import type { Policy } from '../../policy/policy.ts'
import type { Ledger } from '../ledger.ts'
import { createWalks, type Walks } from './walks.ts'

const PRUNE_EVERY_MS = 10 * 60_000
const HOUR_MS = 3_600_000
/** Kept longer than a vendor keeps its keys, for clocks that differ. */
const MARGIN_HOURS = 1
/** Rows of a kind in one step of the store: a few milliseconds. */
const ROWS_A_STEP = 500

/**
 * Lets the records of runs go that ended long ago. The store keeps at least 72 h after the end of a run; a vendor that
 * keeps its keys longer makes that longer.
 */
export function createRetention({ store, policies, timers, log }: Ledger): Walks {
  return createWalks({
    timers,
    log,
    everyMs: PRUNE_EVERY_MS,
    failed: 'records of ended runs were not taken away',
    async walk(isStopped) {
      const keepMs = longestWindowHours(policies.all()) * HOUR_MS
      for (const keyId of await store.listPrunable(keepMs)) {
        let pruned = 'more'
        while (pruned === 'more' && !isStopped()) pruned = await store.prune(keyId, { keepMs, limit: ROWS_A_STEP })
        if (pruned === 'pruned') log.info({ keyId }, 'the records of an ended run are gone; its audit record stays')
        if (isStopped()) return
      }
    },
  })
}

function longestWindowHours(policies: readonly Policy[]): number {
  const declared = policies.flatMap(({ vendors }) => vendors.map(({ idempotency }) => idempotency))
  return Math.max(0, ...declared.map((each) => (each === 'never' ? 0 : each.windowHours + MARGIN_HOURS)))
}
