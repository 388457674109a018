import type { AuditEvent } from '../../contract/audit.ts'
import { callsOf, type TruthLine } from '../../fake-vendors/truth.ts'

/** Somebody who is to be charged once. */
export interface Customer {
  readonly id: string
}

export interface Charges {
  readonly intended: number
  /** Customers that were charged at least once. */
  readonly charged: number
  /** Charges beyond the first of a customer. */
  readonly duplicates: number
  readonly missed: number
  readonly spentMicros: number
}

/** What the vendor's own truth says about the customers; nothing of jobcap is asked. */
export function judgeCharges(customers: readonly Customer[], truth: readonly TruthLine[]): Charges {
  const times = new Map<string, number>()
  let spentMicros = 0
  for (const { customer = '', movedMinor = 0 } of callsOf(truth, 'effect')) {
    times.set(customer, (times.get(customer) ?? 0) + 1)
    spentMicros += movedMinor * 10_000
  }
  const counts = customers.map(({ id }) => times.get(id) ?? 0)
  const charged = counts.filter((count) => count > 0).length
  const effects = [...times.values()].reduce((sum, count) => sum + count, 0)
  return {
    intended: customers.length,
    charged,
    duplicates: effects - charged,
    missed: customers.length - charged,
    spentMicros,
  }
}

/** Effects at the vendor that the audit does not settle, by the key that the vendor got. */
export function missingFromAudit(truth: readonly TruthLine[], audit: readonly AuditEvent[]): number {
  const settled = new Set(audit.flatMap((line) => (line.event === 'call.settled' ? [line.call.vendorKey] : [])))
  return callsOf(truth, 'effect').filter(({ idempotencyKey = '' }) => !settled.has(idempotencyKey)).length
}

/** Effects after the mark, less those of calls that the revocation named as in flight. */
export function effectsAfter(truth: readonly TruthLine[], markSeq: number, inFlightKeys: ReadonlySet<string>): number {
  const later = callsOf(truth, 'effect').filter(({ seq }) => seq > markSeq)
  return later.filter(({ idempotencyKey = '' }) => !inFlightKeys.has(idempotencyKey)).length
}

/** The keys that the vendor gets, by the call's id. */
export function vendorKeys(audit: readonly AuditEvent[]): ReadonlyMap<string, string> {
  const keys = new Map<string, string>()
  for (const line of audit) {
    if ('call' in line && line.call?.vendorKey) keys.set(line.call.callId, line.call.vendorKey)
  }
  return keys
}
