import type { AuditEvent } from '../../contract/audit.ts'
import type { KeyView } from '../../contract/operators.ts'
import { callsOf, type TruthCall, type TruthLine } from '../../fake-vendors/truth.ts'
import type { Truth, VendorSdks } from './case.ts'
import { unequalPurchases } from './purchases.ts'

export interface Evidence {
  /** The vendor's own file, since the case began. */
  readonly lines: readonly TruthLine[]
  /** The run's record. */
  readonly audit: readonly AuditEvent[]
  readonly key: KeyView
}

/** Where vendor, record and account differ from the case or from each other, a sentence each. */
export function brokenTruth(truth: Truth, evidence: Evidence, { priceUsdMicros }: VendorSdks): string[] {
  const { lines, audit, key } = evidence
  const effects = callsOf(lines, 'effect')
  const moved = effects.reduce((sum, { movedMinor = 0 }) => sum + movedMinor, 0)
  const requests = lines.filter(({ kind }) => kind !== 'mark').length
  return [
    ...differs('effects at the vendor', effects.length, truth.effects),
    ...differs('money moved at the vendor, minor units', moved, truth.movedMinor ?? moved),
    ...differs('requests that reached the vendor', requests, truth.vendorCalls ?? requests),
    ...differs('spent', key.spent_usd, truth.spentUsd ?? key.spent_usd),
    ...differs('reserved', key.reserved_usd, truth.heldUsd ?? '0.00'),
    ...differs('refusals on the record', refusalsOf(audit), truth.refusals ?? {}),
    ...(priceUsdMicros === undefined
      ? unequalBooks(effects, evidence)
      : unequalPurchases(effects.map(priceUsdMicros), { audit, lost: truth.lost ?? 0 })),
    ...unequalAccount(evidence),
  ]
}

/** Truth file = audit: each effect is settled once, and nothing else is settled as paid. */
function unequalBooks(effects: readonly TruthCall[], { audit }: Evidence): string[] {
  const settled = audit.filter((event) => event.event === 'call.settled')
  const open = openCalls(audit)
  const keyless = open.filter((key) => key === null).length
  const happened = effects.map(nameOfEffect)
  const recorded = settled.filter(({ status }) => status < 300).map(nameOfSettled(effects))
  const lost = without(happened, [...recorded, ...open])
  const invented = without(recorded, happened)
  const nameless = Math.min(
    settled.filter(isNameless(effects)).length,
    effects.filter(({ idempotencyKey }) => idempotencyKey === undefined).length,
    lost.length,
    invented.length,
  )
  return [
    ...repeated(happened).map((name) => `two effects at the vendor under ${name}`),
    ...repeated(recorded).map((name) => `${name} is settled twice`),
    ...lost.slice(keyless + nameless).map((name) => `the record does not settle the effect ${name}`),
    ...invented.slice(nameless).map((name) => `the record settles ${name}, of which the vendor knows nothing`),
  ]
}

/** The account is the sum of what the record settles, less what counts in a class of its own. */
function unequalAccount({ audit, key }: Evidence): string[] {
  const ofClasses = new Set(
    audit.flatMap((event) =>
      event.event === 'call.reserved' && event.levels.includes('policy_class_day') ? [event.call.callId] : [],
    ),
  )
  const spent = audit.reduce(
    (sum, event) =>
      sum + (event.event === 'call.settled' && !ofClasses.has(event.call.callId) ? event.spentUsdMicros : 0),
    0,
  )
  const givenBack = audit.reduce((sum, event) => sum + (event.event === 'money.given_back' ? event.usdMicros : 0), 0)
  return differs('the account, against the sum of the record', Number(key.spent_usd), (spent - givenBack) / 1_000_000)
}

/** By the idempotency key; at vendors without one, by the object. */
function nameOfEffect({ idempotencyKey, object, requestId }: TruthCall): string {
  return idempotencyKey ?? object ?? requestId
}

type Settled = Extract<AuditEvent, { event: 'call.settled' }>

/** A change that costs nothing, sent without a key: only its number can be compared. */
function isNameless(effects: readonly TruthCall[]) {
  return (event: Settled): boolean =>
    event.spentUsdMicros === 0 && nameOfSettled(effects)(event) === (event.call.vendorKey ?? event.call.callId)
}

function nameOfSettled(effects: readonly TruthCall[]) {
  const keys = new Set(effects.map(({ idempotencyKey }) => idempotencyKey))
  return ({ call, object }: Settled): string =>
    call.vendorKey !== null && keys.has(call.vendorKey) ? call.vendorKey : (object ?? call.vendorKey ?? call.callId)
}

/** Keys of calls that are reserved or in doubt; null where the vendor was sent none, so that they cover any one effect. */
function openCalls(audit: readonly AuditEvent[]): (string | null)[] {
  const open = new Map<string, string | null>()
  for (const event of audit) {
    if (event.event === 'call.reserved') open.set(event.call.callId, event.call.vendorKey)
    if (event.event === 'call.sent') open.set(event.call.callId, null)
    if (event.event === 'call.settled' || event.event === 'call.released') open.delete(event.call.callId)
  }
  return [...open.values()]
}

function refusalsOf(audit: readonly AuditEvent[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const event of audit) if (event.event === 'call.refused') counts[event.code] = (counts[event.code] ?? 0) + 1
  return counts
}

function differs(what: string, is: unknown, expected: unknown): string[] {
  const [left, right] = [JSON.stringify(is), JSON.stringify(expected)]
  return left === right ? [] : [`${what}: ${left}, promised ${right}`]
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, at) => names.indexOf(name) !== at))]
}

function without(names: readonly string[], known: readonly (string | null)[]): string[] {
  return names.filter((name) => !known.includes(name))
}
