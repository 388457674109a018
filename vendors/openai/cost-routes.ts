import type { TokenPricing } from '../../contract/pricing.ts'
import { readPriceTable } from '../tokens/cost-models.ts'
import { PRICE_TABLE, PRICES_DATE } from './cost-prices.ts'
import { azurePath, withoutVersion } from './path.ts'

export const OPENAI_PRICES = readPriceTable(PRICES_DATE, PRICE_TABLE)

export const CHAT = 'chat'
export const RESPONSES = 'responses'
export const EMBEDDINGS = 'embeddings'
/** The older route, without a conversation; vendors that serve models of their own still have it. */
export const COMPLETIONS = 'completions'

/** A route whose calls are priced by tokens. */
export interface OpenaiRoute {
  readonly name: typeof CHAT | typeof RESPONSES | typeof EMBEDDINGS | typeof COMPLETIONS
  /** Top-level fields whose effect on the price is known: none but those that `cost-bound.ts` reads. */
  readonly fields: ReadonlySet<string>
  /** Fields that limit the output; the first is the one to use. */
  readonly limitFields: readonly string[]
}

const fields = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** By the end of their path. Fields as of openai-node 7.59, less those that bring a price of their own. */
const ROUTES: Readonly<Record<string, OpenaiRoute>> = {
  '/chat/completions': {
    name: CHAT,
    limitFields: ['max_completion_tokens', 'max_tokens'],
    fields: fields(`
      messages model frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens
      metadata modalities n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options
      prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream
      stream_options temperature tool_choice tools top_logprobs top_p user verbosity`),
  },
  '/responses': {
    name: RESPONSES,
    limitFields: ['max_output_tokens'],
    fields: fields(`
      background background_options conversation include input instructions max_output_tokens max_tool_calls metadata model
      parallel_tool_calls previous_response_id prompt_cache_key prompt_cache_options prompt_cache_retention reasoning
      safety_identifier service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p
      truncation user`),
  },
  '/completions': {
    name: COMPLETIONS,
    limitFields: ['max_tokens'],
    fields: fields(`
      model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop stream
      stream_options suffix temperature top_p user`),
  },
  '/embeddings': {
    name: EMBEDDINGS,
    limitFields: [],
    fields: fields('input model dimensions encoding_format user'),
  },
}

/** Undefined for every other route. At Azure all are where Azure has them, and nowhere else. */
export function routeOf(
  { method, path }: { readonly method: string; readonly path: string },
  { deployments }: Pick<TokenPricing, 'deployments'>,
): OpenaiRoute | undefined {
  const end = deployments === undefined ? withoutVersion(path) : (azurePath(path)?.path ?? '')
  return method === 'POST' && Object.hasOwn(ROUTES, end) ? ROUTES[end] : undefined
}

/** A completion without a limit ends after a few tokens at most vendors, so a limit put in would have it written on. */
export function takesLimit({ name }: OpenaiRoute): boolean {
  return name !== COMPLETIONS && name !== EMBEDDINGS
}
