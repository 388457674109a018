import { ZERO_USD } from '../../contract/money.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { FORM_TYPE, readBody } from '../content/body.ts'
import { encodeForm } from '../content/form.ts'
import { isRefusal } from '../content/guard.ts'
import { isReadMethod } from '../content/request.ts'
import type { Actual, Costing, ForwardBody, Repeat, Settling } from '../costing.ts'
import { credentialAt } from '../credential.ts'
import { isSuccess, verdictOf } from '../verdict.ts'
import { bound, boundOfObject } from './bound.ts'
import { DOLLARS_ONLY } from './currency.ts'
import { stripeFields } from './form.ts'
import { isV1 } from './identity.ts'
import { findMoneyRoute } from './money-routes.ts'
import { readStripeObject, type StripeObject, usdMicrosOfObject } from './object.ts'
import { isPaidOnce } from './paid-once.ts'

const HOUR_MS = 60 * 60 * 1_000
/** Stripe keeps v1 keys for at least 24 h; an hour is left for clocks and queues. https://docs.stripe.com/api/idempotent_requests */
const V1_REPEAT_WINDOW_MS = 23 * HOUR_MS
/** Keys of v2 are kept 30 days; a day is left. https://docs.stripe.com/api-v2-overview#idempotency */
const V2_REPEAT_WINDOW_MS = 29 * 24 * HOUR_MS

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

function actual({ call, answer, bound: reserved }: Settling): Actual {
  const isVendorReplay = answer.headers['idempotent-replayed'] === 'true'
  const nothing = { totalUsdMicros: ZERO_USD, object: null, givesBack: null, hasEffect: false, isVendorReplay }
  if (!isSuccess(answer.status) || isReadMethod(call.method)) return nothing
  const object = readStripeObject(answer.body)
  if (reserved.kind === 'free') {
    return { ...nothing, hasEffect: true, givesBack: object === undefined ? null : givenBack(call, object) }
  }
  const known = findMoneyRoute(call.method, call.path)
  const isMaximum = known?.cost.kind === 'computed' || known?.cost.kind === 'free'
  // A maximum of nothing says that it is counted elsewhere: what a draft comes to, when its invoice is final.
  if (isMaximum && reserved.totalUsdMicros === ZERO_USD) return { ...nothing, object: reserved.object, hasEffect: true }
  const isReturn = known?.cost.kind === 'gives_back'
  const isOneOfMany = isMaximum && !isPaidOnce(call.path)
  // Where a call changes a line, an answer with the invoice says what all lines come to.
  const saysIt = object !== undefined && !(isOneOfMany && object.invoice !== null)
  const answered = saysIt ? usdMicrosOfObject(object, reserved.settlesAt?.currencies ?? DOLLARS_ONLY) : null
  // Of a refund, and of an invoice that has its sum now, the answer says all that there is to it.
  const isExact = isReturn || (isMaximum && object?.invoice === 'final')
  const atLeast = isExact && answered !== null ? ZERO_USD : reserved.totalUsdMicros
  return {
    ...nothing,
    totalUsdMicros: (answered ?? ZERO_USD) > atLeast ? (answered ?? ZERO_USD) : atLeast,
    object: isReturn || isOneOfMany ? null : (reserved.object ?? object?.id ?? null),
    hasEffect: true,
  }
}

/** The object of a cancellation, when Stripe says that its money has not left or has come back. */
function givenBack(call: CallText, object: StripeObject): string | null {
  const known = findMoneyRoute(call.method, call.path)
  if (known?.cost.kind !== 'cancel' || object.id !== known.object || object.status !== 'canceled') return null
  return known.cost.givesBack === 'if_canceled' || object.charged === 0n ? object.id : null
}

/** v1 heeds keys on POST alone, v2 on DELETE too. */
function repeat(call: CallText): Repeat {
  const header = 'Idempotency-Key'
  if (!isV1(call)) return { kind: 'idempotent', header, windowMs: V2_REPEAT_WINDOW_MS }
  return call.method === 'POST' ? { kind: 'idempotent', header, windowMs: V1_REPEAT_WINDOW_MS } : { kind: 'never' }
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
