import type { CallRow } from '../store.ts'
import type { Tables } from './tables.ts'

/**
 * Whether a level that the call counts in was put above its limit by a merge, and still is. What is reserved there may
 * have no money behind it, so it does not go out; it thaws by itself once the sum is back under the limit.
 */
export function isFrozen(tables: Tables, call: CallRow): boolean {
  if (!tables.rules.holds('frozen_level_waits')) return false
  return call.accounts.some((account) => {
    const limit = tables.frozenLimit(account)
    if (limit === undefined) return false
    const { spentUsdMicros, reservedUsdMicros } = tables.account(account) ?? { spentUsdMicros: 0, reservedUsdMicros: 0 }
    return spentUsdMicros + reservedUsdMicros > limit
  })
}
