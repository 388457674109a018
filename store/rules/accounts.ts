import type { CapLevelName } from '../../contract/call.ts'
import { MAX_USD_MICROS, type UsdMicros } from '../../contract/money.ts'
import type { KeyRow, NumberRequest } from '../store.ts'
import type { Tables } from './tables.ts'

/** One cap level of a call: the account it counts in and, where one is declared, its limit. */
export interface Level {
  readonly name: CapLevelName
  readonly account: string
  readonly limitUsdMicros: UsdMicros | null
}

/** Account of all that a run, or a key without a Job, has spent. */
export const runAccount = (runUid: string): string => `run/${runUid}`
export const runDayAccount = (runUid: string, day: string): string => `run/${runUid}/${day}`
export const policyDayAccount = (policy: string, day: string): string => `policy/${policy}/${day}`
export const vendorDayAccount = (policy: string, vendor: string, day: string): string =>
  `policy/${policy}/vendor/${vendor}/${day}`
export const namespaceDayAccount = (policy: string, namespace: string, day: string): string =>
  `policy/${policy}/namespace/${namespace}/${day}`

export const classDayAccount = (
  policy: string,
  { vendor, moneyClass }: { readonly vendor: string; readonly moneyClass: string },
  day: string,
): string => `policy/${policy}/vendor/${vendor}/class/${moneyClass}/${day}`

/**
 * Every level that a call counts in, in the order in which they are asked. A level without a limit is counted all the
 * same, so that a cap declared later in the day knows what was spent before.
 */
export function levelsOf(tables: Tables, request: NumberRequest, key: KeyRow): readonly Level[] {
  const { caller, policyName, vendor } = request
  const { moneyClass } = request.price
  const { day } = tables.time
  const limit = (name: CapLevelName) => request.limits.find(({ level }) => level === name)?.limitUsdMicros ?? null
  if (moneyClass !== undefined) {
    const account = classDayAccount(policyName, { vendor, moneyClass }, day)
    return [{ name: 'policy_class_day', account, limitUsdMicros: limit('policy_class_day') }]
  }
  const levels: Level[] = [
    { name: 'run', account: runAccount(caller.runUid), limitUsdMicros: key.capUsdMicros },
    { name: 'run_day', account: runDayAccount(caller.runUid, day), limitUsdMicros: key.dailyCapUsdMicros },
    { name: 'policy_day', account: policyDayAccount(policyName, day), limitUsdMicros: limit('policy_day') },
    {
      name: 'policy_vendor_day',
      account: vendorDayAccount(policyName, vendor, day),
      limitUsdMicros: limit('policy_vendor_day'),
    },
  ]
  if (caller.pod !== null) {
    const account = namespaceDayAccount(policyName, caller.pod.namespace, day)
    levels.push({ name: 'policy_namespace_day', account, limitUsdMicros: limit('policy_namespace_day') })
  }
  return levels
}

/** The first level that has no room for `amount`. An undeclared level ends where its sum would no longer be exact. */
export function firstFullLevel(tables: Tables, levels: readonly Level[], amount: UsdMicros): Level | undefined {
  if (amount === 0) return undefined
  return levels.find((level) => {
    if (level.limitUsdMicros !== null && !tables.rules.holds(`cap_${level.name}`)) return false
    if (level.limitUsdMicros !== null && isHeld(tables, level.name)) return true
    const { spentUsdMicros, reservedUsdMicros } = balanceOf(tables, level)
    return amount > (level.limitUsdMicros ?? MAX_USD_MICROS) - spentUsdMicros - reservedUsdMicros
  })
}

export function balanceOf(tables: Tables, level: Level) {
  return tables.account(level.account) ?? { spentUsdMicros: 0 as UsdMicros, reservedUsdMicros: 0 as UsdMicros }
}

/** First moment of the next UTC day, for a level that a day bounds; null for the run's. */
export function resetsAt(day: string, level: CapLevelName): string | null {
  if (level === 'run') return null
  const nextDayMs = Date.parse(`${day}T00:00:00.000Z`) + 24 * 60 * 60 * 1000
  return new Date(nextDayMs).toISOString()
}

function isHeld(tables: Tables, level: CapLevelName): boolean {
  return level !== 'run' && tables.heldDay() === tables.time.day
}
