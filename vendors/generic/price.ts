import { type UsdMicros, usdMicrosOf } from '../../contract/money.ts'
import type { PriceRule, RoutePrice } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText, DeclaredMediaTypes } from '../../contract/vendor.ts'
import { mediaTypeOf, type ReadBody } from '../content/body.ts'
import { isRefusal } from '../content/guard.ts'
import { type Json, jsonAt, parseJson } from '../content/json.ts'
import { type Found, foundInForm, foundInJson, isInQuery } from './place.ts'
import { readDeclaredBody } from './read-body.ts'

/** Decimal, without sign and exponent. */
const COUNT = /^(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,9}))?$/
const MOST_ITEMS = 100_000

/** The most that a call on the route can cost. */
export function routeBound(
  route: RoutePrice,
  call: CallText,
  mediaTypes: DeclaredMediaTypes | undefined,
): UsdMicros | Refusal {
  const { by, usdMicros } = route
  if (by === undefined || by.kind === 'answer') return usdMicros
  const read = readDeclaredBody(call, mediaTypes)
  if (isRefusal(read)) return read
  const values = isInQuery(call.query, by.at) ? 'unsure' : foundIn(read, by.at)
  const count = values === 'unsure' ? undefined : by.kind === 'unit' ? unitsIn(values) : itemsIn(values)
  // Many servers take what is nothing as not given, and bill their default: one picture, or all recipients.
  const price = count === undefined || Number(count) === 0 ? undefined : times(usdMicros, count)
  if (price !== undefined) return price
  if (read.kind === 'other') return unreadType(call, by.at)
  const what = by.kind === 'unit' ? 'once, as a number above 0 without sign and exponent' : 'as a list with an item'
  return refusal('amount_invalid', `The route is priced by \`${by.at}\` of the body: send it there alone, ${what}.`, {
    field: by.at,
  })
}

function unreadType(call: CallText, field: string): Refusal {
  const type = JSON.stringify(mediaTypeOf(call))
  return refusal(
    'amount_invalid',
    `The route is priced by \`${field}\` of the body, and ${type} is not read: send JSON or a form with its Content-Type, or declare the type under \`mediaTypes\` of the vendor.`,
    { field },
  )
}

/** What the answer says that the call came to; undefined when it does not say. */
export function saidBy(rule: Extract<PriceRule, { kind: 'answer' }>, body: Uint8Array): UsdMicros | undefined {
  const value = parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  const found = typeof value === 'string' ? undefined : jsonAt(value, rule.at)
  const text = found?.kind === 'number' ? found.source : found?.kind === 'text' ? found.value : ''
  return times(rule.unitUsdMicros, text)
}

/** Exact; a begun micro-dollar is a whole one. Undefined when it is no count, or past 2^53 - 1. */
function times(usdMicros: UsdMicros, count: string): UsdMicros | undefined {
  const [, whole, fraction = ''] = COUNT.exec(count) ?? []
  if (whole === undefined) return undefined
  const scale = 10n ** BigInt(fraction.length)
  const product = BigInt(usdMicros) * BigInt(whole + fraction)
  return usdMicrosOf((product + scale - 1n) / scale)
}

function unitsIn(values: readonly (Json | string)[]): string | undefined {
  const [only, ...more] = values
  if (only === undefined || more.length > 0) return undefined
  if (typeof only === 'string') return only
  return only.kind === 'number' ? only.source : undefined
}

function itemsIn(values: readonly (Json | string)[]): string | undefined {
  const [first] = values
  if (first === undefined) return undefined
  const count = typeof first === 'string' ? values.length : itemsOf(first)
  return count === undefined || count > MOST_ITEMS ? undefined : String(count)
}

/** A value in the place of a list is its one item; how many an object stands for depends on the server. */
function itemsOf(value: Json): number | undefined {
  if (value.kind === 'object') return undefined
  return value.kind === 'list' ? value.items.length : 1
}

function foundIn(read: ReadBody, pointer: string): Found {
  if (read.kind === 'json') return foundInJson(read.value, pointer)
  return read.kind === 'form' ? foundInForm(read.fields, pointer) : []
}
