import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { unreadable } from '../content/body.ts'
import { parseForm } from '../content/form.ts'
import { isRefusal } from '../content/guard.ts'
import { currencyMissing, type StripeMoney } from './currency.ts'
import { baseName, checkedFields, isOf, type StripeField, stripeFields } from './form.ts'
import { isV1 } from './identity.ts'

/** A whole number of minor units above zero, as text. Above 18 digits no currency stays under 2^53 - 1 micro-dollars. */
const AMOUNT = /^[1-9][0-9]{0,17}$/

/** The parameters of a call that changes something: of a DELETE of v1 perhaps from its query, else all from its body. */
export function changeParameters(call: CallText): readonly StripeField[] | Refusal {
  const fields = stripeFields(call)
  if (fields === null) return unreadable('Stripe takes forms, and JSON as the same form; set the Content-Type')
  if (isRefusal(fields)) return fields
  // Stripe's SDKs write them there. In both places at once, one could be read instead of the other.
  if (call.method === 'DELETE' && isV1(call) && fields.length === 0) return queryParameters(call.query)
  return queryProblem(call.query) ?? fields
}

function queryParameters(query: string): readonly StripeField[] | Refusal {
  const fields = parseForm(query)
  if (typeof fields === 'string') return unreadableQuery(fields)
  return isRefusal(checkedFields(fields))
    ? unreadableQuery('a name that is not like invoice_now or metadata[order]')
    : fields
}

function unreadableQuery(why: string): Refusal {
  return refusal('request_malformed', `The query cannot be read: ${why}.`)
}

/** Minor units of the amount; undefined when it is not given at all. */
export function amountIn(fields: readonly StripeField[], name: string): bigint | Refusal | undefined {
  const given = fields.filter((field) => isOf(field.name, name))
  const [only] = given
  if (only === undefined) return undefined
  if (given.length > 1 || only.name !== name || only.isJsonText || !AMOUNT.test(only.value)) return amountInvalid(name)
  return BigInt(only.value)
}

/** Undefined when it is not given at all. */
export function currencyIn(fields: readonly StripeField[]): string | Refusal | undefined {
  const given = fields.filter((field) => isOf(field.name, 'currency'))
  const [only] = given
  if (only === undefined) return undefined
  if (given.length > 1 || only.name !== 'currency' || !/^[A-Za-z]{3}$/.test(only.value)) return currencyMissing()
  return only.value
}

/** A parameter that speaks of an amount or a currency where the route is not known to take it. */
export function strayMoney(fields: readonly StripeField[], known: readonly string[]): Refusal | null {
  for (const field of fields) {
    if (!field.name.startsWith('amount') && !isOf(field.name, 'currency')) continue
    const name = baseName(field.name)
    if (name !== NO_MONEY && !known.includes(name)) {
      return refusal('amount_invalid', `The route is not known to take \`${name}\`: leave it out.`, { field: name })
    }
  }
  return null
}

export function amountInvalid(name: string): Refusal {
  const message = `Send \`${name}\` once, as a positive whole number of minor units.`
  return refusal('amount_invalid', message, { field: name })
}

/** Describes the amount and adds nothing to it. */
const NO_MONEY = 'amount_details'

/** A parameter in the query could be read beside, or instead of, the one in the body. */
function queryProblem(query: string): Refusal | null {
  if (query === '') return null
  const fields = parseForm(query)
  if (typeof fields === 'string') return unreadableQuery(fields)
  const names = fields.map(({ name }) => name).filter((name) => !/^(?:expand|include)\[[0-9]*\]$/.test(name))
  const [stray] = names
  if (stray === undefined) return null
  const code = /amount|currency/i.test(stray) ? 'amount_invalid' : 'request_malformed'
  return refusal(
    code,
    'Parameters of a call that changes something go into the body, or all of a DELETE into the query; else the query may hold `expand` or `include` only.',
  )
}

/** The one amount of a v2 call, `amount: {value, currency}`, with the value as a JSON number. */
export function v2MoneyIn(fields: readonly StripeField[]): StripeMoney | Refusal {
  const given = fields.filter(({ name }) => isOf(name, 'amount'))
  const value = given.find(({ name }) => name === 'amount[value]')
  const currency = given.find(({ name }) => name === 'amount[currency]')
  if (given.length !== 2 || value === undefined || value.isJsonText || !AMOUNT.test(value.value)) {
    const message = 'Send `amount` once, as {"value": a positive whole number of minor units, "currency": "usd"}.'
    return refusal('amount_invalid', message, { field: 'amount' })
  }
  if (currency === undefined || !/^[A-Za-z]{3}$/.test(currency.value)) return currencyMissing()
  return { minorUnits: BigInt(value.value), currency: currency.value }
}
