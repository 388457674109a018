import { meantPath } from '../../contract/meant-path.ts'
import type { TokenPricing, VendorPricing } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { isRefusal } from '../content/guard.ts'
import type { Json } from '../content/json.ts'
import { isReadMethod, requestProblem, templateOf } from '../content/request.ts'
import type { Actual, Bound, Costing, ForwardBody, Priced, Settleable, Settling } from '../costing.ts'
import { credentialAt } from '../credential.ts'
import { numberOf, TRUE, withMembers } from '../tokens/cost-forward.ts'
import { STANDARD_TIER_BASIS_POINTS } from '../tokens/cost-models.ts'
import { countAt, isTrue, type Members, membersOf, textOf, tokenPricing } from '../tokens/cost-request.ts'
import { actualOf, parseAnswer } from '../tokens/cost-usage.ts'
import { verdictOfModel } from '../tokens/cost-verdict.ts'
import { mistakenPath, undeclaredRoute } from '../undeclared-route.ts'
import { isSuccess } from '../verdict.ts'
import { isBilledRefusal, refuseOtherPlace } from './cost-azure.ts'
import { boundOf } from './cost-bound.ts'
import { isFreeRoute } from './cost-free.ts'
import { EMBEDDINGS, type OpenaiRoute, RESPONSES, routeOf, takesLimit } from './cost-routes.ts'
import { openaiReader } from './cost-stream.ts'
import type { TierRange } from './cost-tiers.ts'
import { type AnswerPrices, priceOfAnswer } from './cost-usage.ts'
import { pathBrought } from './path.ts'

type More = Readonly<Record<string, Json>>

/** OpenAI, and whoever speaks its protocol: tokens, reserved at most and settled by what the answer says it used. */
export const costing: Costing = {
  bound,
  boundOfObject() {
    throw new Error('a call for tokens names no object')
  },
  verdict: ({ status }) => verdictOfModel(status),
  actual,
  reader: (bound, hidesUsage) => openaiReader(pricesOf(bound), hidesUsage),
  // A change that costs nothing is no purchase: its lost answer is not bought anew.
  repeat: (call, pricing) => ({ kind: routeOf(call, tokenPricing(pricing)) === undefined ? 'never' : 'anew' }),
  forwardBody,
  auth: (secret, place) => credentialAt(secret, place ?? { header: 'authorization', scheme: 'Bearer' }),
}

function bound(call: CallText, pricing: VendorPricing): Bound {
  const problem = requestProblem(call)
  if (problem !== null) return problem
  const tokens = tokenPricing(pricing)
  const route = routeOf(call, tokens)
  if (route !== undefined) return boundOf(call, route, tokens)
  const isOpenai = tokens.usesListPrices && tokens.deployments === undefined
  if (isReadMethod(call.method) || (isOpenai && isFreeRoute(call))) return { kind: 'free' }
  return refuseOtherPlace(call, tokens) ?? unknownRoute(call, tokens)
}

function unknownRoute(call: CallText, tokens: TokenPricing): Refusal {
  const { method } = call
  const brought = pathBrought(call.path)
  if (brought !== undefined && routeOf({ method, path: brought }, tokens) !== undefined)
    return refuseBrought(call, brought)
  const meant = meantPath(call.path, (path) => routeOf({ method, path }, tokens) !== undefined)
  return meant === undefined ? undeclaredRoute(call, templateOf(call.path)) : mistakenPath(call, meant)
}

function refuseBrought({ method, path }: CallText, meant: string): Refusal {
  return refusal(
    'route_unknown',
    `${method} ${path} is what \`groq-sdk\` asks, which brings \`/openai/v1\` with it. Use an SDK of OpenAI's at the same ` +
      `base URL, or have the HTTP client that you give it ask ${meant}.`,
  )
}

function actual({ call, answer, bound: reserved }: Settling): Actual {
  const settled = actualOf(answer.status, reserved, (model) =>
    priceOfAnswer({ model, tiers: tiersOf(reserved) }, parseAnswer(answer.body)),
  )
  if (reserved.kind === 'priced' && isBilledRefusal(call.path, answer)) {
    return { ...settled, totalUsdMicros: reserved.totalUsdMicros, hasEffect: true }
  }
  const isFreeChange = reserved.kind === 'free' && !isReadMethod(call.method) && isSuccess(answer.status)
  return isFreeChange ? { ...settled, hasEffect: true } : settled
}

/**
 * The app's own bytes, unless the policy puts in a limit that the app left out, or the stream would not say what it used:
 * all but a response do so only where they are asked to.
 */
function forwardBody(call: CallText, pricing: VendorPricing): ForwardBody | Refusal {
  const contentType = call.headers['content-type'] ?? null
  const asItIs = { body: call.body, contentType }
  const tokens = tokenPricing(pricing)
  const route = routeOf(call, tokens)
  if (route === undefined || route.name === EMBEDDINGS) return asItIs
  const members = membersOf(call)
  if (isRefusal(members)) return members
  const isAsked = route.name !== RESPONSES && tokens.asksForUsage !== false
  const usage = isAsked ? askForUsage(members) : {}
  const more = { ...limitPutIn(members, route, tokens), ...usage }
  if (Object.keys(more).length === 0) return asItIs
  return { body: withMembers(members, more), contentType, asksForUsage: Object.keys(usage).length > 0 }
}

function limitPutIn(
  members: Members,
  route: OpenaiRoute,
  { maxOutputTokens, models, deployments }: TokenPricing,
): More {
  const isLimited = route.limitFields.some((name) => countAt(members, name) !== null)
  if (isLimited || maxOutputTokens === null || !takesLimit(route)) return {}
  // Vendors that only speak the protocol often know the older name alone.
  const name = textOf(members.get('model'))
  const isDeclared = deployments === undefined && models.some(({ model }) => model === name)
  return { [(isDeclared ? route.limitFields.at(-1) : route.limitFields[0]) ?? '']: numberOf(maxOutputTokens) }
}

function askForUsage(members: Members): More {
  const stream = members.get('stream')
  const options = members.get('stream_options')
  const given: Members = options?.kind === 'object' ? options.members : new Map()
  if (!isTrue(stream) || isTrue(given.get('include_usage'))) return {}
  return { stream_options: { kind: 'object', members: new Map([...given, ['include_usage', TRUE]]), isPlain: false } }
}

function pricesOf(bound: Priced): AnswerPrices {
  const { model } = bound
  if (model === undefined) throw new Error('a call for tokens was reserved without the prices of its model')
  return { model, tiers: tiersOf(bound) }
}

/** A call that an older version sealed was settled at the standard price where its answer named no tier. */
function tiersOf(bound: Settleable): TierRange {
  const { tierBasisPoints = STANDARD_TIER_BASIS_POINTS, leastTierBasisPoints = STANDARD_TIER_BASIS_POINTS } =
    (bound.kind === 'priced' ? bound.settlesAt : undefined) ?? {}
  return { least: leastTierBasisPoints, most: tierBasisPoints }
}
