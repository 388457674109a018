import type { CapLevelName } from '../../contract/call.ts'
import { CAP_USD_ANNOTATION } from '../../contract/labels.ts'
import { formatUsd, type UsdMicros } from '../../contract/money.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { Caller } from '../store.ts'
import { resetsAt } from './accounts.ts'

/** Figures of a cap without room. */
export interface NoRoom {
  readonly level: CapLevelName
  readonly limitUsdMicros: UsdMicros
  readonly spentUsdMicros: UsdMicros
  readonly reservedUsdMicros: UsdMicros
  readonly askedUsdMicros: UsdMicros
  /** UTC day in which it was asked. */
  readonly day: string
}

/** `cap_exhausted`, with its figures and the way on as the caller is told them: apps show little else than the message. */
export function noRoom(figures: NoRoom, caller: Caller): Refusal {
  const { level, limitUsdMicros, spentUsdMicros, reservedUsdMicros, askedUsdMicros, day } = figures
  const details = {
    level,
    limit_usd: formatUsd(limitUsdMicros),
    spent_usd: formatUsd(spentUsdMicros),
    reserved_usd: formatUsd(reservedUsdMicros),
    asked_usd: formatUsd(askedUsdMicros),
    resets_at: resetsAt(day, level),
  }
  const asked = `${nameOf(level, caller)} of $${details.limit_usd} has no room for $${details.asked_usd}`
  // It would fit: then the whole day is held.
  const isHeld = askedUsdMicros <= limitUsdMicros - spentUsdMicros - reservedUsdMicros
  const why = isHeld
    ? 'the store was put back from a copy, so the day counts as spent until `jobcap caps open`. Nothing was sent.'
    : `$${details.spent_usd} is spent and $${details.reserved_usd} is reserved. Nothing was sent. ${wayOn(details, caller)}`
  return refusal('cap_exhausted', `${asked}: ${why}`, details)
}

/** What a person made has no run: the account is the key's own. */
function nameOf(level: CapLevelName, { pod }: Caller): string {
  if (pod === null && level === 'run') return "The key's cap"
  if (pod === null && level === 'run_day') return "The key's daily cap"
  return `The ${level} cap`
}

interface Spent {
  readonly level: CapLevelName
  /** Of a cap of a day: when the next begins. */
  readonly resets_at: string | null
}

function wayOn({ level, resets_at }: Spent, { keyId, pod }: Caller): string {
  switch (level) {
    case 'run': {
      const byJob = pod === null ? '' : `, or a Job that continues the run with a higher ${CAP_USD_ANNOTATION}`
      return `To go on: jobcap keys raise ${keyId} --cap-usd USD${byJob}.`
    }
    case 'run_day':
      return `To go on: wait until ${resets_at}, or jobcap keys raise ${keyId} --daily-cap-usd USD.`
    case 'policy_day':
    case 'policy_vendor_day':
    case 'policy_namespace_day':
    case 'policy_class_day':
      return `To go on: wait until ${resets_at}, or raise that cap in the policy.`
  }
}
