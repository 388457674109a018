import { usdMicrosOf } from '../../contract/money.ts'
import type { ModelPrice, TokenPricing } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { isRefusal } from '../content/guard.ts'
import type { Json } from '../content/json.ts'
import type { Bound } from '../costing.ts'
import { mostForTokens, STANDARD_TIER_BASIS_POINTS } from '../tokens/cost-models.ts'
import {
  contextBound,
  countAt,
  isNothing,
  itemsOf,
  type Members,
  memberOf,
  memberText,
  readTokenRequest,
  show,
  type TokenRequest,
  textOf,
  unbounded,
} from '../tokens/cost-request.ts'
import { modelAtAzure } from './cost-azure.ts'
import { echoedTokens, plainContent, textsWritten } from './cost-completion.ts'
import { chatContent, LONGER_CACHE, PRICED_TTL, responseContent } from './cost-content.ts'
import { mostOutputTokens } from './cost-limits.ts'
import { CHAT, COMPLETIONS, EMBEDDINGS, OPENAI_PRICES, type OpenaiRoute, RESPONSES, takesLimit } from './cost-routes.ts'
import { leastTier, tierOfRequest } from './cost-tiers.ts'

/**
 * Tokens that a vendor adds by itself to any request, and to one with tools: roles, separators, how tools are called.
 * Assumptions to be checked: no vendor is known to say.
 */
const ADDED_TOKENS = 100
const ADDED_BY_TOOLS_TOKENS = 1_000

/** Tools that the app runs itself. All others run at the vendor, at prices of their own, and bring text of any length. */
const OWN_TOOLS = ['function', 'custom', 'local_shell', 'apply_patch']

/** The most that a request on this route can cost. */
export function boundOf(call: CallText, route: OpenaiRoute, pricing: TokenPricing): Bound {
  const { deployments } = pricing
  const atAzure = deployments === undefined ? {} : { modelOf: modelAtAzure(call.path, deployments) }
  const request = readTokenRequest(call, { list: OPENAI_PRICES, fields: route.fields, ...atAzure }, pricing)
  if (isRefusal(request)) return request
  const tier = tierOn(route, request.members, pricing)
  if (isRefusal(tier)) return tier
  const input = inputTokens(request, route)
  if (isRefusal(input)) return input
  const output = outputTokens(request, route, pricing)
  if (isRefusal(output)) return output
  const micros = mostForTokens(request.model, { input, output, rate: 'written' }, tier)
  const totalUsdMicros = usdMicrosOf(micros)
  if (totalUsdMicros === undefined) return refusal('amount_invalid', 'The call could cost more than can be counted.')
  return {
    ...{ kind: 'priced', totalUsdMicros, object: null, model: request.model },
    settlesAt: { tierBasisPoints: tier, leastTierBasisPoints: leastTier(pricing.usesListPrices) },
  }
}

/** Embeddings have no tiers. */
function tierOn(route: OpenaiRoute, members: Members, { usesListPrices }: TokenPricing): number | Refusal {
  return route.name === EMBEDDINGS ? STANDARD_TIER_BASIS_POINTS : tierOfRequest(members, usesListPrices)
}

/** A text of so many bytes is at most so many tokens: each token stands for a byte or more. */
function inputTokens({ members, model, bodyBytes }: TokenRequest, route: OpenaiRoute): number | Refusal {
  const refused = refuseTools(members) ?? refuseModalities(members) ?? refuseModes(members)
  if (refused !== null) return refused
  const content = contentOn(route, members, model)
  if (isRefusal(content)) return content
  const hasTools = !isNothing(members.get('tools')) || !isNothing(members.get('functions'))
  const added = ADDED_TOKENS + (hasTools ? ADDED_BY_TOOLS_TOKENS : 0)
  const here = bodyBytes - content.dataBytes + content.imageTokens + added
  const isElsewhere =
    content.isElsewhere || !isNothing(members.get('previous_response_id')) || !isNothing(members.get('conversation'))
  return isElsewhere ? contextBound(model, here) : here
}

function contentOn(route: OpenaiRoute, members: Members, model: ModelPrice) {
  switch (route.name) {
    case CHAT:
      return chatContent(members.get('messages'), model)
    case RESPONSES:
      return responseContent(members.get('input'), model)
    case COMPLETIONS:
      return plainContent('prompt', members.get('prompt'))
    case EMBEDDINGS:
      return plainContent('input', members.get('input'))
  }
}

/** By the request's own limit, else one that the policy has put in, else all that the model can write; for each answer asked for. */
function outputTokens(
  { members, model, bodyBytes }: TokenRequest,
  route: OpenaiRoute,
  pricing: TokenPricing,
): number | Refusal {
  if (route.name === EMBEDDINGS) return 0
  const limits = route.limitFields.map((name) => countAt(members, name))
  const refused = limits.find(isRefusal) ?? null
  if (refused !== null) return refused
  const given = limits.filter((limit) => typeof limit === 'number')
  const putIn = takesLimit(route) ? pricing.maxOutputTokens : null
  const limit = given.length > 0 ? Math.max(...given) : (putIn ?? mostOutputTokens(model))
  if (limit === null) {
    return unbounded(
      `The request limits its output by nothing, and how much \`${model.model}\` can write is not known.`,
      `Send \`${route.limitFields[0]}\`, or ${
        takesLimit(route) ? 'set `maxOutputTokens` of the vendor' : 'give `contextTokens` of the model'
      } in the policy.`,
    )
  }
  if (route.name === COMPLETIONS) {
    const texts = textsWritten(members)
    return isRefusal(texts) ? texts : texts * (limit + echoedTokens(members, bodyBytes))
  }
  const answers = route.name === CHAT ? countAt(members, 'n') : null
  if (isRefusal(answers)) return answers
  // What a prediction got wrong is billed as output beyond the limit.
  const predicted = isNothing(members.get('prediction')) ? 0 : bodyBytes
  return (answers ?? 1) * (limit + predicted)
}

function refuseTools(members: Members): Refusal | null {
  const tools = itemsOf(members.get('tools')).flatMap((tool) =>
    memberText(tool, 'type') === 'namespace' && tool.kind === 'object' ? itemsOf(tool.members.get('tools')) : [tool],
  )
  const foreign = tools.find((tool) => !OWN_TOOLS.includes(memberText(tool, 'type') ?? ''))
  if (foreign === undefined) return null
  const type = memberText(foreign, 'type') ?? 'without a type'
  return unbounded(
    `The tool \`${show(type)}\` runs at the vendor, at a price of its own and over text of any length.`,
    `Use tools that your program runs: ${OWN_TOOLS.join(', ')}.`,
  )
}

function refuseModalities(members: Members): Refusal | null {
  const other = itemsOf(members.get('modalities')).find((item) => textOf(item) !== 'text')
  return other === undefined ? null : unbounded('Only text is priced here.', 'Ask for the modality `text` alone.')
}

/**
 * How long an answer in the background may take: 30 % below the standard price for two hours, 40 % for eight
 * (https://developers.openai.com/api/docs/guides/flex-processing, read 2026-11-27), so at most that. An answer that begins
 * so tells no usage: the bound is spent.
 */
const BACKGROUND_WINDOWS = ['soonest', '2h', '8h']
const BACKGROUND_OPTIONS = ['completion_window', 'continuation_id']

/** Ways to answer and to keep a cache whose prices no page was seen to say. Fields as of openai-node 7.59. */
function refuseModes(members: Members): Refusal | null {
  const mode = memberOf(members.get('reasoning'), 'mode')
  if (!isNothing(mode) && textOf(mode) !== 'standard') {
    return unbounded('What another reasoning `mode` than `standard` costs is not known here.', 'Leave it out.')
  }
  const background = refuseBackground(members.get('background_options'))
  if (background !== null) return background
  const ttl = memberOf(members.get('prompt_cache_options'), 'ttl')
  return isNothing(ttl) || textOf(ttl) === PRICED_TTL ? null : LONGER_CACHE
}

function refuseBackground(options: Json | undefined): Refusal | null {
  if (isNothing(options)) return null
  const names = options?.kind === 'object' ? [...options.members.keys()] : ['background_options']
  const window = memberOf(options, 'completion_window')
  const isKnownWindow = isNothing(window) || BACKGROUND_WINDOWS.includes(textOf(window) ?? '')
  if (isKnownWindow && names.every((name) => BACKGROUND_OPTIONS.includes(name))) return null
  return unbounded(
    'What these `background_options` cost is not known here.',
    `Use \`completion_window\` with ${BACKGROUND_WINDOWS.join(', ')}, and \`continuation_id\`.`,
  )
}
