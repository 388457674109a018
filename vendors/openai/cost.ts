import type { VendorPricing } from '../../contract/pricing.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { isRefusal } from '../content/guard.ts'
import { isReadMethod, requestProblem } from '../content/request.ts'
import type { Actual, Bound, Costing, ForwardBody, Settling } from '../costing.ts'
import { numberOf, withMembers } from '../tokens/cost-forward.ts'
import { countAt, membersOf, tokenPricing } from '../tokens/cost-request.ts'
import { actualOf, parseAnswer } from '../tokens/cost-usage.ts'
import { undeclaredRoute, verdictOfModel } from '../tokens/cost-verdict.ts'
import { boundOf } from './cost-bound.ts'
import { EMBEDDINGS, routeOf } from './cost-routes.ts'
import { priceOfAnswer } from './cost-usage.ts'

/** OpenAI, and whoever speaks its protocol: tokens, reserved at most and settled by what the answer says it used. */
export const costing: Costing = {
  bound,
  boundOfObject() {
    throw new Error('a call for tokens names no object')
  },
  verdict: ({ status }) => verdictOfModel(status),
  actual,
  repeat: () => ({ kind: 'anew' }),
  forwardBody,
  auth: (secret) => ({ name: 'authorization', value: `Bearer ${secret}` }),
}

function bound(call: CallText, pricing: VendorPricing): Bound {
  const problem = requestProblem(call)
  if (problem !== null) return problem
  const route = routeOf(call)
  if (route !== undefined) return boundOf(call, route, tokenPricing(pricing))
  return isReadMethod(call.method) ? { kind: 'free' } : undeclaredRoute(call)
}

function actual({ answer, bound: reserved }: Settling): Actual {
  return actualOf(answer.status, reserved, (model) => priceOfAnswer(model, parseAnswer(answer.body)))
}

/** The app's own bytes, unless the policy puts in a limit that the app left out. */
function forwardBody(call: CallText, pricing: VendorPricing): ForwardBody | Refusal {
  const contentType = call.headers['content-type'] ?? null
  const route = routeOf(call)
  const { maxOutputTokens, models } = tokenPricing(pricing)
  if (route === undefined || route.name === EMBEDDINGS || maxOutputTokens === null) {
    return { body: call.body, contentType }
  }
  const members = membersOf(call)
  if (isRefusal(members)) return members
  const isLimited = route.limitFields.some((name) => countAt(members, name) !== null)
  if (isLimited) return { body: call.body, contentType }
  // Vendors that only speak the protocol often know the older name alone.
  const model = members.get('model')
  const isDeclared = model?.kind === 'text' && models.some(({ model: name }) => name === model.value)
  const field = (isDeclared ? route.limitFields.at(-1) : route.limitFields[0]) ?? ''
  return { body: withMembers(members, { [field]: numberOf(maxOutputTokens) }), contentType }
}
