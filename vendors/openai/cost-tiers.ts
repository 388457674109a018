import type { Refusal } from '../../contract/refusals.ts'
import { STANDARD_TIER_BASIS_POINTS } from '../tokens/cost-models.ts'
import { isNothing, type Members, textOf, unbounded } from '../tokens/cost-request.ts'

/**
 * What a service tier costs of the standard price, hundredths of a percent. Priority has a price for each model, 1.75 to
 * 2.5 times the standard one in the table of https://openai.com/api-priority-processing/ (a copy without a date): the
 * highest holds for all. Flex is billed as batches are (https://developers.openai.com/api/docs/guides/flex-processing.md),
 * at half. That `fast` is another name for priority, and `scale` costs the standard price, are assumptions to be checked.
 * `on_demand` is Groq's name for the standard one (https://console.groq.com/docs/service-tiers, read 2026-11-28).
 */
const TIER_BASIS_POINTS: Readonly<Record<string, number>> = {
  default: STANDARD_TIER_BASIS_POINTS,
  standard: STANDARD_TIER_BASIS_POINTS,
  on_demand: STANDARD_TIER_BASIS_POINTS,
  scale: STANDARD_TIER_BASIS_POINTS,
  flex: 5_000,
  priority: 25_000,
  fast: 25_000,
}

const DEAREST_TIER_BASIS_POINTS = Math.max(...Object.values(TIER_BASIS_POINTS))
const CHEAPEST_TIER_BASIS_POINTS = Math.min(...Object.values(TIER_BASIS_POINTS))

/** What the tier that served a request may have cost. */
export interface TierRange {
  readonly least: number
  readonly most: number
}

/**
 * OpenAI's discount is no other vendor's: `flex` costs the standard price at Groq
 * (https://console.groq.com/docs/flex-processing, read 2026-11-28).
 */
export function leastTier(isOpenai: boolean): number {
  return isOpenai ? CHEAPEST_TIER_BASIS_POINTS : STANDARD_TIER_BASIS_POINTS
}

/**
 * The most that the request's tier costs: a vendor may serve `flex` at the standard price when it has no room for it.
 * `isOpenai`: where the request names no tier, OpenAI's project settings hold, which may say `priority` (openai-node 7.57,
 * `service_tier`), and that does not show.
 */
export function tierOfRequest(members: Members, isOpenai: boolean): number | Refusal {
  const value = members.get('service_tier')
  const tier = isNothing(value) ? 'auto' : (textOf(value) ?? '')
  if (tier === 'auto') return isOpenai ? DEAREST_TIER_BASIS_POINTS : STANDARD_TIER_BASIS_POINTS
  if (!Object.hasOwn(TIER_BASIS_POINTS, tier)) {
    return unbounded('The `service_tier` is not known here.', `Use auto, ${Object.keys(TIER_BASIS_POINTS).join(', ')}.`)
  }
  return Math.max(TIER_BASIS_POINTS[tier] ?? 0, STANDARD_TIER_BASIS_POINTS)
}

/**
 * Of the tier that an answer names; undefined when it names one without a price. Where it names none, the dearest that the
 * request may have had: OpenAI promises a name only to requests that gave one, and a project's default needs none.
 */
export function tierOfAnswer(tier: unknown, { least, most }: TierRange): number | undefined {
  if (tier === undefined || tier === null || tier === 'auto') return most
  if (typeof tier !== 'string' || !Object.hasOwn(TIER_BASIS_POINTS, tier)) return undefined
  return Math.max(TIER_BASIS_POINTS[tier] ?? 0, least)
}
