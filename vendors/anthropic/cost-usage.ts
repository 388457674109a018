import type { ModelPrice } from '../../contract/pricing.ts'
import { priceOfTokens, STANDARD_TIER_BASIS_POINTS, type TokenCount } from '../tokens/cost-models.ts'
import { isObject, objectAt, tokensAt, type Unknown } from '../tokens/cost-usage.ts'

/**
 * Inference kept in one region costs a tenth more: said of the US by
 * https://docs.aws.amazon.com/claude-platform/latest/userguide/data-residency.html, of other regions an assumption.
 */
export const REGION_BASIS_POINTS = 11_000

/** What a usage came to; undefined when it cannot be believed, or holds what has a price of its own. */
export function priceOfUsage(model: ModelPrice, usage: Unknown | undefined): bigint | undefined {
  const count = countOf(usage)
  if (usage === undefined || count === undefined || !isPlain(usage)) return undefined
  const geo = usage['inference_geo']
  const isRegional = typeof geo === 'string' && geo !== 'global' && geo !== 'not_available'
  return priceOfTokens(model, count, isRegional ? REGION_BASIS_POINTS : STANDARD_TIER_BASIS_POINTS)
}

/** Input leaves out what was read from the cache and what was written into it. */
function countOf(usage: Unknown | undefined): TokenCount | undefined {
  const input = tokensAt(usage, 'input_tokens')
  const output = tokensAt(usage, 'output_tokens')
  const cacheRead = tokensAt(usage, 'cache_read_input_tokens')
  const written = writtenOf(usage)
  if (typeof input !== 'number' || typeof output !== 'number') return undefined
  if (cacheRead === undefined || written === undefined) return undefined
  return { input, output, cacheRead: cacheRead ?? 0, ...written }
}

/** By how long it is kept, where the usage says so. */
function writtenOf(usage: Unknown | undefined): Pick<TokenCount, 'cacheWrite' | 'cacheWriteHour'> | undefined {
  const all = tokensAt(usage, 'cache_creation_input_tokens')
  const parts = objectAt(usage, 'cache_creation')
  const minutes = tokensAt(parts, 'ephemeral_5m_input_tokens')
  const hour = tokensAt(parts, 'ephemeral_1h_input_tokens')
  if (all === undefined || minutes === undefined || hour === undefined) return undefined
  const parted = (minutes ?? 0) + (hour ?? 0)
  if (all !== null && all < parted) return undefined
  // What no part names is counted at the dearer price if an hour was asked for at all.
  const rest = (all ?? parted) - parted
  return hour !== null && hour > 0
    ? { cacheWrite: minutes ?? 0, cacheWriteHour: hour + rest }
    : { cacheWrite: (minutes ?? 0) + rest, cacheWriteHour: 0 }
}

/** No tool of Anthropic's ran, no pass was made that the sums leave out, and the speed was the ordinary one. */
function isPlain(usage: Unknown): boolean {
  const tools = usage['server_tool_use']
  const hasRun = isObject(tools) && Object.values(tools).some((times) => times !== 0)
  const passes = usage['iterations'] ?? []
  const isAllMessages = Array.isArray(passes) && passes.every((pass) => isObject(pass) && pass['type'] === 'message')
  return (
    !hasRun &&
    isAllMessages &&
    (usage['speed'] === undefined || usage['speed'] === null || usage['speed'] === 'standard')
  )
}
