import { type UsdMicros, ZERO_USD } from '../../contract/money.ts'
import type { TwilioPrices, TwilioTerms } from '../../contract/pricing.ts'
import type { Refusal } from '../../contract/refusals.ts'
import { isRefusal } from '../content/guard.ts'
import { isOn, MESSAGE_PARAMETERS, type Parameters, parameter, strayParameter } from './parameters.ts'
import { notPriced, pricesFor, times } from './prices.ts'
import { segmentsOf } from './segments.ts'

/** The longest message that Twilio takes, 1,600 characters, has so many segments at most: what a text unknown to us may have. */
const MOST_SEGMENTS = 24

/** The most that a message can cost, and the prices that say so. */
export interface MessagePrice {
  readonly most: UsdMicros
  readonly prices: TwilioPrices
}

export function messagePrice(parameters: Parameters, terms: TwilioTerms): MessagePrice | Refusal {
  const stray = strayParameter(parameters, MESSAGE_PARAMETERS)
  if (stray !== null) return stray
  const prices = pricesFor(parameter(parameters, 'To'), terms)
  if (isRefusal(prices)) return prices
  const most = mostAt(prices, parameters)
  return isRefusal(most) ? most : { most, prices }
}

function mostAt(prices: TwilioPrices, parameters: Parameters): UsdMicros | Refusal {
  const isMms = hasMedia(parameters) || parameter(parameters, 'SendAsMms') !== ''
  if (isMms && prices.mmsUsdMicros === null) return notPriced('messages with media')
  if (prices.segmentUsdMicros === null) return notPriced('messages')
  const text = times(prices.segmentUsdMicros, boundSegments(parameters))
  if (isRefusal(text)) return text
  // Where media cannot be delivered, a link goes out as text; a template may hold media or not.
  const mayBeMms = isMms || hasTemplate(parameters)
  return larger(text, (mayBeMms ? prices.mmsUsdMicros : null) ?? ZERO_USD)
}

/** What a sent message came to. Twilio's count is 0 where a sender was yet to be picked. */
export function sentMessagePrice(
  parameters: Parameters,
  prices: TwilioPrices,
  sent: { readonly segments: number; readonly media: number },
): UsdMicros | Refusal {
  const bound = mostAt(prices, parameters)
  if (isRefusal(bound) || prices.segmentUsdMicros === null || sent.segments === 0) return bound
  const isOwnCount = !isTextUnknown(parameters) && !isOn(parameters, 'SmartEncoded')
  const segments = isOwnCount ? Math.max(sent.segments, boundSegments(parameters)) : sent.segments
  const text = times(prices.segmentUsdMicros, segments)
  if (isRefusal(text)) return text
  const isMms = sent.media > 0 || hasMedia(parameters) || parameter(parameters, 'SendAsMms') !== ''
  return larger(text, (isMms ? prices.mmsUsdMicros : null) ?? ZERO_USD)
}

function boundSegments(parameters: Parameters): number {
  return isTextUnknown(parameters) ? MOST_SEGMENTS : segmentsOf(parameter(parameters, 'Body'))
}

/** The text stands in a template at Twilio, or Twilio rewrites the links in it. */
function isTextUnknown(parameters: Parameters): boolean {
  return hasTemplate(parameters) || isOn(parameters, 'ShortenUrls')
}

function hasTemplate(parameters: Parameters): boolean {
  return parameter(parameters, 'ContentSid') !== ''
}

function hasMedia(parameters: Parameters): boolean {
  return (parameters.get('MediaUrl') ?? []).some((url) => url !== '')
}

function larger(left: UsdMicros, right: UsdMicros): UsdMicros {
  return left > right ? left : right
}
