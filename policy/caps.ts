import type { CapLevelName } from '../contract/call.ts'
import type { UsdMicros } from '../contract/money.ts'
import type { Policy, Vendor } from './policy.ts'

/** A declared cap that one reserve must not pass. */
export interface CapLevel {
  readonly level: CapLevelName
  readonly limitUsdMicros: UsdMicros
}

export interface CappedCall {
  /** Cap of the run, or of a key without a Job. */
  readonly runUsdMicros: UsdMicros
  /** `daily_usd_cap` of the key; null: none. */
  readonly runDayUsdMicros: UsdMicros | null
  readonly vendor: Vendor
  /** Null for a key without a Job. */
  readonly namespace: string | null
}

/** All caps that a call counts against, the narrowest first. */
export function capLevels({ caps }: Policy, call: CappedCall): CapLevel[] {
  return [
    ...declared('run', call.runUsdMicros),
    ...declared('run_day', call.runDayUsdMicros),
    ...declared('policy_vendor_day', call.vendor.perDayUsdMicros),
    ...declared('policy_namespace_day', call.namespace === null ? null : caps.perNamespaceDayUsdMicros),
    ...declared('policy_day', caps.perDayUsdMicros),
  ]
}

function declared(level: CapLevelName, limitUsdMicros: UsdMicros | null): CapLevel[] {
  return limitUsdMicros === null ? [] : [{ level, limitUsdMicros }]
}
