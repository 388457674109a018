import { usdMicrosOf } from '../../contract/money.ts'
import type { TokenPricing } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { isRefusal } from '../content/guard.ts'
import type { Json } from '../content/json.ts'
import type { Bound } from '../costing.ts'
import { type ContentPart, contentOf } from '../tokens/cost-content.ts'
import { type InputRate, mostForTokens, readPriceTable, STANDARD_TIER_BASIS_POINTS } from '../tokens/cost-models.ts'
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
import { addedByOptions } from './cost-options.ts'
import { PRICE_TABLE, PRICES_DATE } from './cost-prices.ts'
import { REGION_BASIS_POINTS } from './cost-usage.ts'

/** Top-level fields as of @anthropic-ai/sdk 1.14, less those that bring a price of their own: `container`, `mcp_servers` … */
const FIELDS: ReadonlySet<string> = new Set(
  `max_tokens messages model cache_control context_management diagnostics inference_geo metadata output_config
   output_format service_tier speed stop_sequences stream system temperature thinking thread tool_choice tools top_k
   top_p`.split(/\s+/),
)

const LIST = readPriceTable(PRICES_DATE, PRICE_TABLE)

/**
 * Tokens that Anthropic adds to any request; how tools are called; the definition of each of its own tools that the app
 * runs. For how tools are called, 159 to 530 is what https://docs.anthropic.com/en/docs/tool-use-pricing-and-tokens says of
 * the models of 2024, read in a copy; all else here are assumptions to be checked.
 */
const ADDED_TOKENS = 100
const ADDED_BY_TOOLS_TOKENS = 1_000
const ADDED_BY_OWN_TOOL_TOKENS = 2_000

/**
 * The most that one picture is billed as: a token a patch of 28 × 28 pixels, as a copy of
 * https://platform.claude.com/docs/en/build-with-claude/vision says, of a square of 2,576 pixels, the longest side that a
 * model is known to take (https://www.claudecodecamp.com/p/images-cost-3x-more-tokens-in-claude-opus-4-7). Earlier models
 * take 1,568. A square is more than any of them takes; that no later model takes more is an assumption to be checked.
 */
const IMAGE_TOKENS = 92 * 92

/** Tools of Anthropic's that the app runs itself, by the beginning of their type. All others run at Anthropic. */
const RUN_BY_APPS = /^(bash|text_editor|memory|computer)_20[0-9]{6}$/

/** Blocks that hold nothing but text, by their `type`. */
const TEXT_TYPES = [
  'text',
  'thinking',
  'redacted_thinking',
  'tool_result',
  'ephemeral',
  'search_result',
  'content',
  'enabled',
  'char_location',
  'page_location',
  'content_block_location',
  'search_result_location',
  'tool_reference',
  'direct',
]

/**
 * Of a conversation that Anthropic holds neither the length nor the tools show. The `toolRunner` of its SDKs (1.14 for
 * Node, 2.14 for Python) begins one by itself, reads these details, and then sends all of the conversation each time.
 */
const THREAD_REFUSED: Refusal = {
  ...unbounded('What a `thread` that Anthropic holds costs does not show.', 'Send all messages, without `thread`.'),
  errorDetails: { error_code: 'thread_unsupported_request', unsupported: ['thread'] },
}

/** How long its cache keeps what it is asked to keep; of no other time is the price known. */
const PRICED_TTLS = ['5m', '1h']

/** With this beta some models hold more, above 200,000 tokens at prices of their own. */
const LONG_CONTEXT = /(^|[\s,])context-1m-/
const LONG_CONTEXT_TOKENS = 1_000_000

/** The most that a message can cost. */
export function boundOf(call: CallText, pricing: TokenPricing): Bound {
  const request = readRequest(call, pricing)
  if (isRefusal(request)) return request
  const { members, model } = request
  const tier = tierOf(members)
  if (isRefusal(tier)) return tier
  const input = inputTokens(request)
  if (isRefusal(input)) return input
  const output = outputTokens(request, pricing)
  if (isRefusal(output)) return output
  const rate = rateOf(members)
  if (isRefusal(rate)) return rate
  const totalUsdMicros = usdMicrosOf(mostForTokens(model, { input, output, rate }, tier))
  if (totalUsdMicros === undefined) return refusal('amount_invalid', 'The call could cost more than can be counted.')
  return { kind: 'priced', totalUsdMicros, object: null, model }
}

function readRequest(call: CallText, pricing: TokenPricing): TokenRequest | Refusal {
  const request = readTokenRequest(call, { list: LIST, fields: FIELDS }, pricing)
  if (isRefusal(request)) return request
  if (!isNothing(request.members.get('thread'))) return THREAD_REFUSED
  const { model, isListed } = request
  const hasLongContext = LONG_CONTEXT.test(call.headers['anthropic-beta'] ?? '')
  if (!hasLongContext || (model.contextTokens ?? 0) >= LONG_CONTEXT_TOKENS) return request
  if (isListed && model.long === null) {
    return unbounded(
      `What \`${model.model}\` costs above 200,000 tokens is not known here.`,
      'Leave out the beta `context-1m`, or declare the model in the policy.',
    )
  }
  return { ...request, model: { ...model, contextTokens: LONG_CONTEXT_TOKENS } }
}

/** A budget for thinking may lie above the limit, where the model thinks between tools; then the two may add up. */
function outputTokens({ members, model }: TokenRequest, pricing: TokenPricing): number | Refusal {
  const limit = writesNothing(members, pricing) ? 0 : countAt(members, 'max_tokens')
  if (isRefusal(limit)) return limit
  // Without a limit Anthropic refuses the message.
  const output = limit ?? pricing.maxOutputTokens ?? model.contextTokens
  if (output === null) return refusal('amount_invalid', 'Give `max_tokens`, as Anthropic asks for.')
  const thinking = members.get('thinking')
  const budget = thinking?.kind === 'object' ? countAt(thinking.members, 'budget_tokens') : null
  if (isRefusal(budget)) return budget
  return budget !== null && budget >= output ? output + budget : output
}

/**
 * With a limit of 0 the cache takes the input up and nothing is written (@anthropic-ai/sdk 1.14, `max_tokens`). Another vendor
 * that speaks this protocol may take it for no limit at all.
 */
function writesNothing(members: Members, { usesListPrices }: TokenPricing): boolean {
  const limit = members.get('max_tokens')
  return usesListPrices && limit?.kind === 'number' && limit.source === '0'
}

function inputTokens({ members, model, bodyBytes }: TokenRequest): number | Refusal {
  const tools = itemsOf(members.get('tools'))
  const own = tools.map((tool) => memberText(tool, 'type') ?? 'custom').filter((type) => type !== 'custom')
  const foreign = own.find((type) => !RUN_BY_APPS.test(type))
  if (foreign !== undefined) {
    return unbounded(
      `The tool \`${show(foreign)}\` runs at Anthropic, at a price of its own and over text of any length.`,
      'Use tools that your program runs.',
    )
  }
  const content = contentOf([members.get('messages'), members.get('system')], judgeBlock)
  if (isRefusal(content)) return content
  const options = addedByOptions(members)
  if (isRefusal(options)) return options
  const added =
    ADDED_TOKENS + options + (tools.length > 0 ? ADDED_BY_TOOLS_TOKENS : 0) + own.length * ADDED_BY_OWN_TOOL_TOKENS
  const here = bodyBytes - content.dataBytes + content.imageTokens + added
  return content.isElsewhere ? contextBound(model, here) : here
}

function judgeBlock(members: Members): ContentPart | Refusal {
  const type = textOf(members.get('type'))
  // What a tool of the app's was called with is JSON of the app's, whatever types it speaks of.
  if (type === 'tool_use') return { kind: 'text', isWhole: true }
  if (type === undefined || TEXT_TYPES.includes(type)) return { kind: 'text' }
  const source = members.get('source')
  if (type === 'image') return { kind: 'image', tokens: IMAGE_TOKENS, dataBytes: dataBytesOf(source) }
  if (type === 'document') return isPlain(source) ? { kind: 'text' } : elsewhere(source)
  // Sources of the two above, met again on the walk.
  if (type === 'base64' || type === 'url' || type === 'file') return { kind: 'text' }
  return unbounded(
    `What a block of type \`${show(type)}\` costs is not known here.`,
    'Send text, pictures and documents.',
  )
}

/** Pages of a document are text and pictures at once, and how many there are does not show. */
function elsewhere(source: Json | undefined): ContentPart {
  return { kind: 'elsewhere', dataBytes: dataBytesOf(source) }
}

function isPlain(source: Json | undefined): boolean {
  const type = memberText(source, 'type')
  return type === 'text' || type === 'content'
}

function dataBytesOf(source: Json | undefined): number {
  return memberText(source, 'type') === 'base64' ? Buffer.byteLength(memberText(source, 'data') ?? '') : 0
}

/** Where the request asks its cache to take something up, all of the input may be. */
function rateOf(members: Members): InputRate | Refusal {
  const marks = cacheMarks([...members.values()], members.get('cache_control'))
  if (marks.length === 0) return 'plain'
  const times = marks.map((mark) => memberOf(mark, 'ttl')).filter((ttl) => !isNothing(ttl))
  const isPriced = times.every((ttl) => PRICED_TTLS.includes(textOf(ttl) ?? ''))
  if (!isPriced) return unbounded('What a cache with such a `ttl` costs is not known here.', 'Use `5m` or `1h`.')
  return times.some((ttl) => textOf(ttl) === '1h') ? 'written_for_an_hour' : 'written'
}

function cacheMarks(roots: readonly Json[], top: Json | undefined): Json[] {
  const marks = isNothing(top) || top === undefined ? [] : [top]
  const waiting = [...roots]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (value.kind === 'list') for (const item of value.items) waiting.push(item)
    if (value.kind !== 'object') continue
    const mark = value.members.get('cache_control')
    if (mark !== undefined && !isNothing(mark)) marks.push(mark)
    for (const member of value.members.values()) waiting.push(member)
  }
  return marks
}

function tierOf(members: Members): number | Refusal {
  const speed = members.get('speed')
  if (!isNothing(speed) && textOf(speed) !== 'standard') {
    return unbounded(
      'The `speed` of the request has a price that is not known here.',
      'Use `standard`, or leave it out.',
    )
  }
  const tier = members.get('service_tier')
  if (!isNothing(tier) && textOf(tier) !== 'auto' && textOf(tier) !== 'standard_only') {
    return unbounded('The `service_tier` is not known here.', 'Use `auto` or `standard_only`.')
  }
  // Where the request names none, the workspace's default holds, and that does not show.
  return textOf(members.get('inference_geo')) === 'global' ? STANDARD_TIER_BASIS_POINTS : REGION_BASIS_POINTS
}
