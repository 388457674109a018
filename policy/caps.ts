import type { CapLevelName } from '../contract/call.ts'
import type { UsdMicros } from '../contract/money.ts'
import type { Policy, Vendor } from './policy.ts'

/** A cap that the policy declares over more than one run. Those of a run and of its day belong to its vault key. */
export interface CapLevel {
  readonly level: Exclude<CapLevelName, 'run' | 'run_day'>
  readonly limitUsdMicros: UsdMicros
}

/** What a call counts against: its namespace, null for a key without a Job; and its class, where that has a cap of its own. */
export interface Counting {
  readonly namespace: string | null
  readonly moneyClass?: string | undefined
}

/** The policy's caps that a call to `vendor` counts against, the narrowest first. */
export function capLevels({ caps }: Policy, vendor: Vendor, { namespace, moneyClass }: Counting): CapLevel[] {
  if (moneyClass !== undefined) return declared('policy_class_day', vendor.stripe?.classCaps[moneyClass] ?? null)
  return [
    ...declared('policy_vendor_day', vendor.perDayUsdMicros),
    ...declared('policy_namespace_day', namespace === null ? null : caps.perNamespaceDayUsdMicros),
    ...declared('policy_day', caps.perDayUsdMicros),
  ]
}

function declared(level: CapLevel['level'], limitUsdMicros: UsdMicros | null): CapLevel[] {
  return limitUsdMicros === null ? [] : [{ level, limitUsdMicros }]
}
