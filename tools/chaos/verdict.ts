import type { AuditEvent } from '../../contract/audit.ts'
import { callsOf, type TruthCall, type TruthLine } from '../../fake-vendors/truth.ts'
import { missingFromAudit } from '../scene/judge.ts'
import type { Charge } from './plan.ts'

/** What the vendor's truth says, held against what was intended and against the record. */
export interface Verdict {
  /** Requests that reached the vendor. */
  readonly calls: number
  readonly intended: number
  readonly charged: number
  readonly duplicates: number
  readonly missed: number
  readonly spentMicros: number
  readonly auditMissing: number
  /** Settled charges in the record that never happened. */
  readonly auditExtra: number
  /** Each customer of whom something is wrong, with what happened. */
  readonly cases: readonly string[]
}

export function judge(
  charges: readonly Charge[],
  { truth, audit }: { readonly truth: readonly TruthLine[]; readonly audit: readonly AuditEvent[] },
): Verdict {
  const effects = callsOf(truth, 'effect')
  const intended = countBy(charges, ({ customer }) => customer)
  const happened = countBy(effects, ({ customer = 'nobody' }) => customer)
  const customers = [...new Set([...intended.keys(), ...happened.keys()])]
  const times = customers.map((customer) => [intended.get(customer) ?? 0, happened.get(customer) ?? 0] as const)
  const wrong = customers.filter((_, at) => times[at]?.[0] !== times[at]?.[1])
  const keys = new Set(effects.map(({ idempotencyKey = '' }) => idempotencyKey))
  const settled = audit.filter((event) => event.event === 'call.settled' && event.spentUsdMicros > 0)
  return {
    calls: truth.filter(({ kind }) => kind !== 'mark').length,
    intended: charges.length,
    charged: times.reduce((sum, [wanted, made]) => sum + Math.min(wanted, made), 0),
    duplicates: times.reduce((sum, [wanted, made]) => sum + Math.max(0, made - wanted), 0),
    missed: times.reduce((sum, [wanted, made]) => sum + Math.max(0, wanted - made), 0),
    spentMicros: effects.reduce((sum, { movedMinor = 0 }) => sum + movedMinor * 10_000, 0),
    auditMissing: missingFromAudit(truth, audit),
    auditExtra: settled.filter((event) => !('call' in event && keys.has(event.call?.vendorKey ?? ''))).length,
    cases: wrong.map((customer) => describe(customer, effects)),
  }
}

function describe(customer: string, effects: readonly TruthCall[]): string {
  const made = effects.filter((effect) => effect.customer === customer)
  const keys = made.map(({ seq, idempotencyKey }) => `#${seq} under ${idempotencyKey}`)
  return `${customer}: ${made.length === 0 ? 'never charged' : keys.join(', ')}`
}

function countBy<Item>(items: readonly Item[], nameOf: (item: Item) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(nameOf(item), (counts.get(nameOf(item)) ?? 0) + 1)
  return counts
}
