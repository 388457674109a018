import type { ModelPrice } from '../../contract/pricing.ts'
import { priceOfTokens, type TokenCount } from '../tokens/cost-models.ts'
import { firstTokensAt, isObject, objectAt, tokensAt } from '../tokens/cost-usage.ts'
import { type TierRange, tierOfAnswer } from './cost-tiers.ts'

export interface AnswerPrices {
  readonly model: ModelPrice
  /** Hundredths of a percent of the standard price. */
  readonly tiers: TierRange
}

/**
 * What an answer, or the part of a stream that carries the usage, came to. Undefined when it tells no usage, or one that
 * cannot be believed: negative, not whole, or more of a part than of the whole.
 */
export function priceOfAnswer({ model, tiers }: AnswerPrices, answer: unknown): bigint | undefined {
  const count = countOf(objectAt(answer, 'usage'), model.base.outputPerMillionUsdMicros > 0)
  const tier = tierOfAnswer(isObject(answer) ? answer['service_tier'] : undefined, tiers)
  return count === undefined || tier === undefined ? undefined : priceOfTokens(model, count, tier)
}

/**
 * Some that speak this protocol leave the tokens of reasoning out of those of the completion, and have them in the total
 * alone: Grok (https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/grok/capabilities/reasoning, read
 * 2026-11-27), Gemini behind several gateways (https://github.com/router-for-me/CLIProxyAPI/issues/5733). They are sold as
 * output, so whatever the total has beyond the input is.
 *
 * Chat and embeddings speak of prompt and completion, responses of input and output.
 */
function countOf(usage: unknown, isOutputSold: boolean): TokenCount | undefined {
  const all = firstTokensAt(usage, ['prompt_tokens', 'input_tokens'])
  const written = firstTokensAt(usage, ['completion_tokens', 'output_tokens']) ?? (isOutputSold ? undefined : 0)
  const total = tokensAt(usage, 'total_tokens')
  const details = objectAt(usage, 'prompt_tokens_details') ?? objectAt(usage, 'input_tokens_details')
  const cacheRead = tokensAt(details, 'cached_tokens')
  const cacheWrite = tokensAt(details, 'cache_write_tokens')
  if (all === null || all === undefined || written === undefined || total === undefined) return undefined
  if (cacheRead === undefined || cacheWrite === undefined) return undefined
  const input = all - (cacheRead ?? 0) - (cacheWrite ?? 0)
  if (input < 0 || hasAudio(usage) || isKeptLonger(details)) return undefined
  const output = Math.max(written, (total ?? 0) - all)
  if (output > written && !isOutputSold) return undefined
  return { input, cacheRead: cacheRead ?? 0, cacheWrite: cacheWrite ?? 0, cacheWriteHour: 0, output }
}

/** What a cache keeps for twelve hours (openai-node 7.59) has a price that no page was seen to say. */
function isKeptLonger(details: unknown): boolean {
  const tokens = tokensAt(objectAt(details, 'cache_write_tokens_details'), 'ttl_12h_tokens')
  return tokens !== null && tokens !== 0
}

/** Tokens of sound have prices of their own, which are not in the table. */
function hasAudio(usage: unknown): boolean {
  return ['prompt_tokens_details', 'completion_tokens_details'].some(
    (name) => (tokensAt(objectAt(usage, name), 'audio_tokens') ?? 0) !== 0,
  )
}
