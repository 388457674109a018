import { type UsdMicros, ZERO_USD } from '../../contract/money.ts'
import type { TwilioPrices, TwilioTerms, VendorPricing } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { FORM_TYPE } from '../content/body.ts'
import { encodeForm } from '../content/form.ts'
import { isRefusal } from '../content/guard.ts'
import { isReadMethod, requestProblem } from '../content/request.ts'
import type { Actual, Bound, Costing, ForwardBody, Settling } from '../costing.ts'
import { credentialAt } from '../credential.ts'
import { isSuccess, verdictOf } from '../verdict.ts'
import { twilioFields, twilioPathProblem } from './identity.ts'
import { lookUpMessage } from './look-up.ts'
import { messagePrice, sentMessagePrice } from './message.ts'
import { parametersOf, strayParameter } from './parameters.ts'
import { readResource } from './resource.ts'
import {
  accountOfPath,
  findTwilioRoute,
  isFirstApi,
  isFreeRead,
  PLACEHOLDER_ACCOUNT,
  patternOf,
  withAccount,
} from './routes.ts'
import { callPrice } from './voice.ts'

/** Messages by their segments, calls by the minutes of their time limit, at the prices of the policy. */
export const costing: Costing = {
  bound,
  boundOfObject() {
    throw new Error('no Twilio route has its price on an object')
  },
  verdict: ({ status }) => verdictOf(status, 'definite'),
  actual,
  // Messages and Calls take no idempotency key, and nothing else is worth one.
  repeat: () => ({ kind: 'never' }),
  lookUp: lookUpMessage,
  hasPageAddresses: ({ path }) => !isFirstApi(path),
  forwardBody,
  auth: (secret, place) => credentialAt(secret, place ?? { basicUser: null }),
}

function bound(call: CallText, pricing: VendorPricing): Bound {
  const problem = requestProblem(call) ?? twilioPathProblem(call)
  if (problem !== null) return problem
  if (isReadMethod(call.method)) return isFreeRead(call.path) ? { kind: 'free' } : routeUnknown(call)
  const route = findTwilioRoute(call)
  if (route === undefined) return routeUnknown(call)
  const parameters = parametersOf(call)
  if (isRefusal(parameters)) return parameters
  switch (route) {
    case 'message': {
      const price = messagePrice(parameters, termsOf(pricing))
      if (isRefusal(price)) return price
      return { kind: 'priced', totalUsdMicros: price.most, object: null, settlesAt: { twilio: price.prices } }
    }
    case 'call':
      return priced(callPrice(parameters, termsOf(pricing)))
    case 'hang_up':
      return strayParameter(parameters, ['Status']) ?? { kind: 'free' }
    case 'free':
      return { kind: 'free' }
  }
}

function actual({ call, answer, bound: reserved }: Settling): Actual {
  const nothing = { totalUsdMicros: ZERO_USD, object: null, givesBack: null, isVendorReplay: false }
  if (!isSuccess(answer.status) || isReadMethod(call.method)) return { ...nothing, hasEffect: false }
  if (reserved.kind === 'free') return { ...nothing, hasEffect: true }
  const resource = readResource(answer.body)
  const totalUsdMicros = costOf(call, reserved.settlesAt?.twilio, resource) ?? reserved.totalUsdMicros
  return { ...nothing, totalUsdMicros, object: resource?.sid ?? null, hasEffect: true }
}

/** Null when nothing better than the bound is known. `price` is null in every answer to a creation. */
function costOf(
  call: CallText,
  prices: TwilioPrices | undefined,
  resource: ReturnType<typeof readResource>,
): UsdMicros | null {
  if (prices === undefined || resource === undefined || findTwilioRoute(call) !== 'message') return null
  const parameters = parametersOf(call)
  if (isRefusal(parameters)) return null
  const price = sentMessagePrice(parameters, prices, resource)
  return isRefusal(price) ? null : price
}

/** The real account in the path, and a time limit for a call without one. */
function forwardBody(call: CallText, pricing: VendorPricing): ForwardBody | Refusal {
  const { accountSid, callTimeLimitSeconds } = termsOf(pricing)
  const asItCame = { body: call.body, contentType: call.headers['content-type'] ?? null }
  const account = accountOfPath(call.path)
  if (account === undefined) return asItCame
  if (account !== PLACEHOLDER_ACCOUNT && account !== accountSid) {
    return refusal('endpoint_not_allowed', `The account ${account} is neither the policy's nor ${PLACEHOLDER_ACCOUNT}.`)
  }
  const path = withAccount(call.path, accountSid)
  const fields = findTwilioRoute(call) === 'call' && callTimeLimitSeconds !== null ? twilioFields(call) : []
  if (isRefusal(fields)) return fields
  if (fields.length === 0 || fields.some(({ name }) => name === 'TimeLimit')) return { ...asItCame, path }
  const limited = [...fields, { name: 'TimeLimit', value: String(callTimeLimitSeconds) }]
  return { path, body: Buffer.from(encodeForm(limited)), contentType: FORM_TYPE }
}

function termsOf({ twilio }: VendorPricing): TwilioTerms {
  if (twilio === undefined) throw new Error('the policy of a Twilio vendor has no terms for Twilio')
  return twilio
}

function priced(totalUsdMicros: UsdMicros | Refusal): Bound {
  return isRefusal(totalUsdMicros) ? totalUsdMicros : { kind: 'priced', totalUsdMicros, object: null }
}

function routeUnknown({ method, path }: CallText): Refusal {
  const match = `${method} ${patternOf(path)}`
  const host = isFirstApi(path)
    ? 'the same baseUrl (its calls name the real account)'
    : "its product's address as baseUrl (https://verify.twilio.com …)"
  return refusal(
    'route_unknown',
    `What ${method} ${path} costs at Twilio is not known, so it is refused. To allow it at a price of yours, add a vendor of ` +
      `type \`generic\` to the policy, with ${host}, the same secretRef, auth: {basic: {user: "AC…"}} and ` +
      `routes: [{match: "${match}", usd: "0.25"}].`,
  )
}
