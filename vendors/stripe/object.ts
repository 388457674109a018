import type { UsdMicros } from '../../contract/money.ts'
import type { CurrencyTable } from '../../contract/pricing.ts'
import { isRefusal } from '../content/guard.ts'
import { type Json, parseJson } from '../content/json.ts'
import { usdMicrosOfMoney } from './currency.ts'

/** What counts of a Stripe object; what is missing or odd is null. */
export interface StripeObject {
  readonly id: string | null
  readonly status: string | null
  /** Minor units; what is due of an invoice; all of a session or a quote; what v2 writes as `amount: {value, currency}`. */
  readonly amount: bigint | null
  /** Minor units that have been charged: `amount_received` of a PaymentIntent, `amount_captured` of a charge. */
  readonly charged: bigint | null
  /** Minor units of an invoice that are not paid yet. */
  readonly remaining: bigint | null
  /** Minor units of an invoice before what the customer's balance takes off it. */
  readonly total: bigint | null
  readonly currency: string | null
  /** Whether it takes more lines; null where it is no invoice. */
  readonly invoice: 'draft' | 'final' | null
}

/** Where the amount stands, by the object's kind. */
const AMOUNT_NAMES = new Map([
  ['invoice', 'amount_due'],
  ['checkout.session', 'amount_total'],
  ['quote', 'amount_total'],
])

/** Undefined when the bytes are not one JSON object. */
export function readStripeObject(bytes: Uint8Array): StripeObject | undefined {
  const value = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  if (typeof value === 'string' || value.kind !== 'object') return undefined
  const { members } = value
  const id = textOf(members.get('id'))
  const status = textOf(members.get('status'))
  const kind = textOf(members.get('object')) ?? ''
  const isInvoice = kind === 'invoice'
  const amount = members.get(AMOUNT_NAMES.get(kind) ?? 'amount')
  const v2 = amount?.kind === 'object' ? amount.members : null
  return {
    id: id !== null && /^[A-Za-z0-9_-]{1,255}$/.test(id) ? id : null,
    status,
    amount: countOf(v2 === null ? amount : v2.get('value')),
    charged: countOf(members.get('amount_received') ?? members.get('amount_captured')),
    remaining: isInvoice ? countOf(members.get('amount_remaining')) : null,
    total: isInvoice ? countOf(members.get('total')) : null,
    currency: textOf(v2 === null ? members.get('currency') : v2.get('currency')),
    invoice: isInvoice && status !== null ? (status === 'draft' ? 'draft' : 'final') : null,
  }
}

/** Null when the object has no amount or no currency that can be converted. */
export function usdMicrosOfObject({ amount, currency }: StripeObject, table: CurrencyTable): UsdMicros | null {
  if (amount === null || currency === null) return null
  const micros = usdMicrosOfMoney({ minorUnits: amount, currency }, table)
  return isRefusal(micros) ? null : micros
}

function textOf(value: Json | undefined): string | null {
  return value?.kind === 'text' ? value.value : null
}

function countOf(value: Json | undefined): bigint | null {
  return value?.kind === 'number' && /^(?:0|[1-9][0-9]{0,17})$/.test(value.source) ? BigInt(value.source) : null
}
