import { MAX_USD_MICROS } from '../../contract/money.ts'
import type { CallRow, KeyRow } from '../store.ts'
import { runAccount, runDayAccount } from './accounts.ts'
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

/** The two levels of a key. */
const levelsOfKey = (tables: Tables, { runUid, capUsdMicros, dailyCapUsdMicros }: KeyRow) =>
  [
    { account: runAccount(runUid), limitUsdMicros: capUsdMicros ?? MAX_USD_MICROS },
    { account: runDayAccount(runUid, tables.time.day), limitUsdMicros: dailyCapUsdMicros ?? MAX_USD_MICROS },
  ] as const

/** A level that was frozen under a lower limit is judged by the one that holds now. */
export function thawByRaise(tables: Tables, key: KeyRow): void {
  for (const { account, limitUsdMicros } of levelsOfKey(tables, key)) {
    const frozen = tables.frozenLimit(account)
    if (frozen !== undefined && limitUsdMicros > frozen) tables.freeze(account, limitUsdMicros)
  }
}

/** Calls of a key may have been merged before its limits were. */
export function freezeIfFull(tables: Tables, key: KeyRow): void {
  thawByRaise(tables, key)
  for (const { account, limitUsdMicros } of levelsOfKey(tables, key)) {
    const { spentUsdMicros, reservedUsdMicros } = tables.account(account) ?? { spentUsdMicros: 0, reservedUsdMicros: 0 }
    if (spentUsdMicros + reservedUsdMicros > limitUsdMicros) tables.freeze(account, limitUsdMicros)
  }
}
