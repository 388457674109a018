import { type UsdMicros, ZERO_USD } from '../../contract/money.ts'
import type { VendorPricing } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { FORM_TYPE, readBody } from '../content/body.ts'
import { encodeForm } from '../content/form.ts'
import { isRefusal } from '../content/guard.ts'
import { isReadMethod, requestProblem } from '../content/request.ts'
import type { Actual, Bound, Costing, ForwardBody, Repeat, Settleable, Settling } from '../costing.ts'
import { credentialAt } from '../credential.ts'
import { isSuccess, verdictOf } from '../verdict.ts'
import { currencyMissing, usdMicrosOfMoney } from './currency.ts'
import { baseName, type StripeField, stripeFields } from './form.ts'
import { isV1, stripePathProblem } from './identity.ts'
import { findMoneyRoute, type StripeCall } from './money-routes.ts'
import { readStripeObject, type StripeObject, usdMicrosOfObject } from './object.ts'
import { amountIn, amountInvalid, bodyParameters, currencyIn, strayMoney } from './parameters.ts'

/** Stripe keeps v1 keys for at least 24 h; an hour is left for clocks and queues. https://docs.stripe.com/api/idempotent_requests */
const REPEAT_WINDOW_MS = 23 * 60 * 60 * 1_000

/** What moves money at Stripe, counted at the amount moved, not at Stripe's fees. */
export const costing: Costing = {
  bound,
  boundOfObject,
  // The key in use; nothing else of v1 answers so.
  verdict: ({ status }) => verdictOf(status, 'in_progress'),
  actual,
  repeat,
  forwardBody,
  auth: (secret, place) => credentialAt(secret, place ?? { header: 'authorization', scheme: 'Bearer' }),
}

function bound(call: CallText, { currencies }: VendorPricing): Bound {
  const problem = requestProblem(call) ?? stripePathProblem(call)
  if (problem !== null) return problem
  if (isReadMethod(call.method)) return { kind: 'free' }
  const known = findMoneyRoute(call.method, call.path)
  if (known === undefined) return routeUnknown(call)
  const fields = bodyParameters(call)
  if (isRefusal(fields)) return fields
  switch (known.cost.kind) {
    case 'create':
      return strayMoney(fields, ['amount', 'currency']) ?? boundOfMoney(fields, { currencies, object: null })
    case 'update':
      return strayMoney(fields, ['amount', 'currency']) ?? boundOfUpdate(fields, { currencies, known })
    case 'on_object':
      return boundOnObject(fields, known)
    case 'cancel':
      return strayMoney(fields, []) ?? { kind: 'free' }
    case 'free': {
      const { except } = known.cost
      const stray = fields.map(({ name }) => baseName(name)).find((name) => except.includes(name))
      return stray === undefined
        ? { kind: 'free' }
        : refusal('route_unknown', `What \`${stray}\` costs on this route is not known.`)
    }
  }
}

interface Counting {
  readonly currencies: VendorPricing['currencies']
  readonly object: string | null
}

function boundOfMoney(fields: readonly StripeField[], { currencies, object }: Counting): Settleable | Refusal {
  const minorUnits = amountIn(fields, 'amount') ?? amountInvalid('amount')
  if (isRefusal(minorUnits)) return minorUnits
  const currency = currencyIn(fields) ?? currencyMissing()
  if (isRefusal(currency)) return currency
  return priced(usdMicrosOfMoney({ minorUnits, currency }, currencies), object)
}

/** With an amount, the object comes to count at that amount. A currency alone would change what the old one is worth. */
function boundOfUpdate(
  fields: readonly StripeField[],
  { currencies, known }: { readonly currencies: VendorPricing['currencies']; readonly known: StripeCall },
): Bound {
  const minorUnits = amountIn(fields, 'amount')
  const currency = currencyIn(fields)
  if (isRefusal(minorUnits)) return minorUnits
  if (minorUnits === undefined && currency === undefined) return { kind: 'free' }
  return currency === undefined ? askFirst(known) : boundOfMoney(fields, { currencies, object: known.object })
}

function boundOnObject(fields: readonly StripeField[], known: StripeCall): Bound {
  const requested = requestedOf(fields, known)
  return isRefusal(requested) ? requested : askFirst(known)
}

function boundOfObject(call: CallText, objectJson: Uint8Array, { currencies }: VendorPricing): Settleable | Refusal {
  const known = findMoneyRoute(call.method, call.path)
  if (known === undefined) return routeUnknown(call)
  const fields = bodyParameters(call)
  if (isRefusal(fields)) return fields
  const requested = requestedOf(fields, known)
  if (isRefusal(requested)) return requested
  const object = readStripeObject(objectJson)
  if (object === undefined || object.id !== known.object || object.amount === null || object.currency === null) {
    return refusal('amount_invalid', 'Stripe gave no amount for the object that the call acts on.')
  }
  const minorUnits = totalOf(known, {
    requested: requested ?? null,
    amount: object.amount,
    charged: object.charged ?? 0n,
  })
  return priced(usdMicrosOfMoney({ minorUnits, currency: object.currency }, currencies), known.object)
}

/** The amount that a call on an object names itself. */
function requestedOf(fields: readonly StripeField[], { cost }: StripeCall): bigint | Refusal | undefined {
  const name = cost.kind === 'on_object' ? cost.amount : cost.kind === 'update' ? 'amount' : null
  const stray = strayMoney(fields, name === null ? [] : [name])
  if (stray !== null) return stray
  if (name === null) return undefined
  const requested = amountIn(fields, name)
  // Without it the route would not be an increment.
  return requested === undefined && cost.kind === 'on_object' && cost.adds === 'new_total'
    ? amountInvalid(name)
    : requested
}

interface Amounts {
  readonly requested: bigint | null
  readonly amount: bigint
  readonly charged: bigint
}

/** All that the object may come to charge: a partial capture leaves the rest open, and several of them add up. */
function totalOf({ cost }: StripeCall, { requested, amount, charged }: Amounts): bigint {
  if (requested === null) return amount
  if (cost.kind === 'update') return requested
  const total = cost.kind === 'on_object' && cost.adds === 'to_captured' ? charged + requested : requested
  return total > amount ? total : amount
}

function actual({ call, answer, bound: reserved }: Settling, { currencies }: VendorPricing): Actual {
  const isVendorReplay = answer.headers['idempotent-replayed'] === 'true'
  const nothing = { totalUsdMicros: ZERO_USD, object: null, givesBack: null, hasEffect: false, isVendorReplay }
  if (!isSuccess(answer.status) || isReadMethod(call.method)) return nothing
  const object = readStripeObject(answer.body)
  if (reserved.kind === 'free') {
    return { ...nothing, hasEffect: true, givesBack: object === undefined ? null : givenBack(call, object) }
  }
  const answered = object === undefined ? null : usdMicrosOfObject(object, currencies)
  return {
    ...nothing,
    totalUsdMicros: larger(reserved.totalUsdMicros, answered ?? ZERO_USD),
    object: reserved.object ?? object?.id ?? null,
    hasEffect: true,
  }
}

/** The object of a cancellation, when Stripe says that it never charged. */
function givenBack(call: CallText, object: StripeObject): string | null {
  const known = findMoneyRoute(call.method, call.path)
  if (known?.cost.kind !== 'cancel' || object.id !== known.object) return null
  return object.status === 'canceled' && object.charged === 0n ? object.id : null
}

function repeat(call: CallText): Repeat {
  const isIdempotent = call.method === 'POST' && isV1(call)
  return isIdempotent
    ? { kind: 'idempotent', header: 'Idempotency-Key', windowMs: REPEAT_WINDOW_MS }
    : { kind: 'never' }
}

/** JSON for v1 as the form that Stripe reads; everything else as it came. */
function forwardBody(call: CallText): ForwardBody | Refusal {
  const asItCame = { body: call.body, contentType: call.headers['content-type'] ?? null }
  if (!isV1(call)) return asItCame
  const read = readBody(call)
  if (isRefusal(read)) return read
  if (read.kind !== 'json') return asItCame
  const fields = stripeFields(call)
  if (isRefusal(fields)) return fields
  return { body: Buffer.from(encodeForm(fields ?? [])), contentType: FORM_TYPE }
}

function priced(totalUsdMicros: UsdMicros | Refusal, object: string | null): Settleable | Refusal {
  return isRefusal(totalUsdMicros) ? totalUsdMicros : { kind: 'priced', totalUsdMicros, object }
}

function askFirst({ object, objectPath }: StripeCall): Bound {
  if (object === null) throw new Error('a route on an object has no id in its path')
  return { kind: 'ask_object_first', path: objectPath, object }
}

function routeUnknown({ method, path }: CallText): Refusal {
  if (path.startsWith('/v1/forwarding/')) {
    return refusal('route_unknown', 'A forwarded request may cost anything anywhere, so it is always refused.')
  }
  return refusal('route_unknown', `What ${method} ${path} costs at Stripe is not known, so it is refused.`)
}

function larger(left: UsdMicros, right: UsdMicros): UsdMicros {
  return left > right ? left : right
}
