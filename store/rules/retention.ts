import type { KeyRow, PruneHow } from '../store.ts'
import { actorOfKey } from './keys.ts'
import type { Tables } from './tables.ts'

/** A Friday's failure survives the weekend. */
export const LEAST_KEPT_MS = 72 * 60 * 60 * 1_000

/**
 * The records of an ended run go, in steps. Before the first of them goes the run can no longer be continued: a repeat
 * would find no record and be charged again.
 */
export function prune(tables: Tables, key: KeyRow, { keepMs, limit }: PruneHow): 'kept' | 'more' | 'pruned' {
  if (key.retention === 'pruned') return 'pruned'
  if (key.retention === 'kept') {
    if (!isDue(tables, key, keepMs)) return 'kept'
    tables.putKey({ ...key, retention: 'pruning' })
    tables.append(actorOfKey(tables, key), { event: 'run.pruned' })
  }
  if (tables.forget(key.runUid, limit) === 'some_left') return 'more'
  tables.putKey({ ...key, retention: 'pruned' })
  return 'pruned'
}

function isDue(tables: Tables, key: KeyRow, keepMs: number): boolean {
  const endedAtMs = key.endedAtMs ?? key.expiresAtMs
  if (endedAtMs === null) return false
  const isLongEnough = tables.time.nowMs - endedAtMs >= Math.max(keepMs, LEAST_KEPT_MS)
  if (!isLongEnough && tables.rules.holds('kept_long_enough')) return false
  const livingJob = tables.run(key.runUid)?.jobs.some(({ isEnded }) => !isEnded) ?? false
  if (livingJob && tables.rules.holds('kept_while_a_job_lives')) return false
  return tables.unresolvedCalls(key.keyId).length === 0 || !tables.rules.holds('kept_while_unresolved')
}
