import { meantPath } from '../../contract/meant-path.ts'
import type { VendorPricing } from '../../contract/pricing.ts'
import type { CallText } from '../../contract/vendor.ts'
import { isReadMethod, requestProblem, templateOf } from '../content/request.ts'
import type { Actual, Bound, Costing, Settling } from '../costing.ts'
import { tokenPricing } from '../tokens/cost-request.ts'
import { actualOf, objectAt, parseAnswer } from '../tokens/cost-usage.ts'
import { verdictOfModel } from '../tokens/cost-verdict.ts'
import { mistakenPath, undeclaredRoute } from '../undeclared-route.ts'
import { boundOf } from './cost-bound.ts'
import { anthropicReader } from './cost-stream.ts'
import { priceOfUsage } from './cost-usage.ts'

const MESSAGES = 'POST /v1/messages'
/** Free to ask: it only counts. */
const COUNTING = 'POST /v1/messages/count_tokens'

/** Anthropic: tokens, reserved at most and settled by what the answer says it used. */
export const costing: Costing = {
  bound,
  boundOfObject() {
    throw new Error('a message names no object')
  },
  verdict: ({ status }) => verdictOfModel(status),
  actual,
  reader({ model }) {
    if (model === undefined) throw new Error('a message was reserved without the prices of its model')
    return anthropicReader(model)
  },
  repeat: () => ({ kind: 'anew' }),
  forwardBody: ({ body, headers }) => ({ body, contentType: headers['content-type'] ?? null }),
  auth: (secret) => ({ name: 'x-api-key', value: secret }),
}

function bound(call: CallText, pricing: VendorPricing): Bound {
  const problem = requestProblem(call)
  if (problem !== null) return problem
  const route = `${call.method} ${call.path}`
  if (route === MESSAGES) return boundOf(call, tokenPricing(pricing))
  // Clients differ in whether the address that they are given ends in `/v1`, and read it from one variable.
  const meant = meantPath(call.path, (path) => [MESSAGES, COUNTING].includes(`${call.method} ${path}`))
  if (meant !== undefined) return mistakenPath(call, meant)
  return isReadMethod(call.method) || route === COUNTING
    ? { kind: 'free' }
    : undeclaredRoute(call, templateOf(call.path))
}

function actual({ answer, bound: reserved }: Settling): Actual {
  return actualOf(answer.status, reserved, (model) => priceOfUsage(model, objectAt(parseAnswer(answer.body), 'usage')))
}
