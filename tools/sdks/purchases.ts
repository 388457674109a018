import type { AuditEvent } from '../../contract/audit.ts'

interface Recorded {
  readonly audit: readonly AuditEvent[]
  /** Settlements at all that was reserved, as the case promises. */
  readonly lost: number
}

/**
 * Truth file = audit where nothing but its price tells one purchase from another: each settlement below what was reserved
 * is the price of an effect of its own, and no more effects are left over than there are settlements at the bound.
 * `prices`: micro-dollars of each effect.
 */
export function unequalPurchases(prices: readonly number[], { audit, lost }: Recorded): string[] {
  const reserved = new Map<string, number>()
  const left = [...prices]
  const problems: string[] = []
  let atBound = 0
  for (const event of audit) {
    if (event.event === 'call.reserved') reserved.set(event.call.callId, event.reservedUsdMicros)
    if (event.event !== 'call.settled' || event.spentUsdMicros === 0) continue
    const { callId } = event.call
    if (!reserved.has(callId)) problems.push(`${callId} is settled, and was not reserved before or is settled twice`)
    const at = left.indexOf(event.spentUsdMicros)
    if (event.spentUsdMicros === reserved.get(callId)) atBound += 1
    else if (at >= 0) left.splice(at, 1)
    else problems.push(`the record settles ${event.spentUsdMicros} micro-dollars, of which the vendor knows nothing`)
    reserved.delete(callId)
  }
  if (atBound !== lost) problems.push(`settled at what was reserved: ${atBound}, promised ${lost}`)
  if (left.length > atBound) problems.push(`the record does not settle effects of ${left.join(', ')} micro-dollars`)
  return problems
}
