import { type UsdMicros, usdMicrosOf, ZERO_USD } from '../../contract/money.ts'
import type { VendorPricing } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { isRefusal } from '../content/guard.ts'
import { type Json, jsonAt, parseJson } from '../content/json.ts'
import { isReadMethod, requestProblem } from '../content/request.ts'
import type { Actual, Bound, Costing, Repeat, Settling, VendorAnswer, Verdict } from '../costing.ts'
import { credentialAt } from '../credential.ts'
import { undeclaredRoute } from '../undeclared-route.ts'
import { isSuccess, verdictOf } from '../verdict.ts'
import { isPermissive, resendPathProblem } from './identity.ts'
import { recipientsOfBatch, recipientsOfMail } from './mail.ts'
import { findResendRoute, resendTemplate } from './routes.ts'

/** Resend keeps keys for 24 h; an hour is left for clocks and queues. https://resend.com/docs/dashboard/emails/idempotency-keys */
const REPEAT_WINDOW_MS = 23 * 60 * 60 * 1_000

/** Errors that speak of our key; other 401 and 403, such as a domain that is not verified, are the app's own. */
const KEY_ERRORS = ['missing_api_key', 'invalid_api_key', 'restricted_api_key']

/** Mails by their recipients, at the price of the policy. */
export const costing: Costing = {
  bound,
  boundOfObject() {
    throw new Error('no Resend route has its price on an object')
  },
  verdict,
  actual,
  repeat,
  forwardBody: ({ body, headers }) => ({ body, contentType: headers['content-type'] ?? null }),
  auth: (secret, place) => credentialAt(secret, place ?? { header: 'authorization', scheme: 'Bearer' }),
}

function bound(call: CallText, pricing: VendorPricing): Bound {
  const problem = requestProblem(call) ?? resendPathProblem(call)
  if (problem !== null) return problem
  if (isReadMethod(call.method)) return { kind: 'free' }
  switch (findResendRoute(call)) {
    case 'email':
      return priced(recipientsOfMail(call), pricing)
    case 'batch': {
      const each = recipientsOfBatch(call)
      return priced(isRefusal(each) ? each : sum(each), pricing)
    }
    case 'free':
      return { kind: 'free' }
    case undefined:
      return undeclaredRoute(call, resendTemplate(call.path))
  }
}

function verdict(answer: Pick<VendorAnswer, 'status'> & Partial<Pick<VendorAnswer, 'body'>>): Verdict {
  const { status } = answer
  const isAboutKeys = status === 401 || status === 403 || status === 409
  const name = isAboutKeys && answer.body !== undefined ? errorName(answer.body) : ''
  // Another mail under the same key: this one was not sent, and never will be.
  if (status === 409) return name === 'invalid_idempotent_request' ? 'definite' : 'in_progress'
  if (name !== '' && !KEY_ERRORS.includes(name)) return 'definite'
  return verdictOf(status, 'in_progress')
}

function actual({ call, answer, bound: reserved }: Settling): Actual {
  const nothing = { totalUsdMicros: ZERO_USD, object: null, givesBack: null, isVendorReplay: false }
  if (!isSuccess(answer.status) || isReadMethod(call.method)) return { ...nothing, hasEffect: false }
  if (reserved.kind === 'free') return { ...nothing, hasEffect: true }
  const said = parsed(answer.body)
  const isCounted = isPermissive(call) && findResendRoute(call) === 'batch'
  const part = isCounted ? partTaken(call, { said, reservedUsdMicros: reserved.totalUsdMicros }) : undefined
  const totalUsdMicros = part ?? reserved.totalUsdMicros
  const id = said === undefined ? undefined : jsonAt(said, '/id')
  return { ...nothing, totalUsdMicros, object: id?.kind === 'text' ? id.value.slice(0, 255) : null, hasEffect: true }
}

/**
 * Of what was reserved, the part for the mails that a permissive batch did not turn down; undefined when the answer does
 * not say. Every recipient was reserved at one price, so it divides without a rest.
 */
function partTaken(
  call: CallText,
  { said, reservedUsdMicros }: { readonly said: Json | undefined; readonly reservedUsdMicros: UsdMicros },
): UsdMicros | undefined {
  const each = recipientsOfBatch(call)
  const errors = said === undefined ? undefined : jsonAt(said, '/errors')
  if (isRefusal(each) || errors?.kind !== 'list') return undefined
  const turnedDown = new Set(errors.items.map((error) => indexOf(error)))
  const asked = sum(each)
  if (turnedDown.has(undefined) || asked === 0) return undefined
  const taken = sum(each.filter((_, at) => !turnedDown.has(at)))
  return usdMicrosOf((BigInt(reservedUsdMicros) * BigInt(taken)) / BigInt(asked))
}

function indexOf(error: Json): number | undefined {
  const index = jsonAt(error, '/index')
  return index?.kind === 'number' && /^[0-9]{1,3}$/.test(index.source) ? Number(index.source) : undefined
}

function repeat(call: CallText): Repeat {
  const route = findResendRoute(call)
  return route === 'email' || route === 'batch'
    ? { kind: 'idempotent', header: 'Idempotency-Key', windowMs: REPEAT_WINDOW_MS }
    : { kind: 'never' }
}

function priced(recipients: number | Refusal, pricing: VendorPricing): Bound {
  if (isRefusal(recipients)) return recipients
  const totalUsdMicros = times(pricing, recipients)
  if (totalUsdMicros === undefined) return refusal('amount_invalid', 'The price is past 2^53 - 1 micro-dollars.')
  return { kind: 'priced', totalUsdMicros, object: null }
}

function times({ resend }: VendorPricing, recipients: number): UsdMicros | undefined {
  if (resend === undefined) throw new Error('the policy of a Resend vendor has no terms for Resend')
  return usdMicrosOf(BigInt(resend.recipientUsdMicros) * BigInt(recipients))
}

function errorName(body: Uint8Array): string {
  const said = parsed(body)
  const name = said === undefined ? undefined : jsonAt(said, '/name')
  return name?.kind === 'text' ? name.value : ''
}

function parsed(bytes: Uint8Array): Json | undefined {
  const value = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  return typeof value === 'string' ? undefined : value
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
