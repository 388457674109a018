import { type UsdMicros, ZERO_USD } from '../../contract/money.ts'
import type { TwilioPrices, TwilioTerms } from '../../contract/pricing.ts'
import type { Refusal } from '../../contract/refusals.ts'
import { isRefusal } from '../content/guard.ts'
import { isOn, MESSAGE_PARAMETERS, type Parameters, parameter, strayParameter } from './parameters.ts'
import { notPriced, plus, pricesFor, times } from './prices.ts'
import { mostSegmentsOf, segmentsOf } from './segments.ts'

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
  const isMms = asksForMms(parameters)
  if (isMms && prices.mmsUsdMicros === null) return notPriced('messages with media', 'mmsUsd')
  // Where media cannot be delivered, a link goes out as text; a template may hold media or not.
  return priceOf(prices, parameters, { segments: boundSegments(parameters), isMms: isMms || hasTemplate(parameters) })
}

/** What a sent message came to. Twilio's count is 0 where a sender was yet to be picked. */
export function sentMessagePrice(
  parameters: Parameters,
  prices: TwilioPrices,
  sent: { readonly segments: number; readonly media: number },
): UsdMicros | Refusal {
  const bound = mostAt(prices, parameters)
  if (isRefusal(bound) || sent.segments === 0) return bound
  const isOwnCount = !isTextUnknown(parameters) && !isOn(parameters, 'SmartEncoded')
  const own = isOwnCount ? segmentsOf(parameter(parameters, 'Body')) : 0
  const isMms = sent.media > 0 || asksForMms(parameters)
  return priceOf(prices, parameters, { segments: Math.max(sent.segments, own), isMms })
}

function asksForMms(parameters: Parameters): boolean {
  return hasMedia(parameters) || parameter(parameters, 'SendAsMms') !== ''
}

interface Sent {
  readonly segments: number
  readonly isMms: boolean
}

/** As text or as media, whichever is dearer, and what is billed beside either. */
function priceOf(prices: TwilioPrices, parameters: Parameters, { segments, isMms }: Sent): UsdMicros | Refusal {
  if (prices.segmentUsdMicros === null) return notPriced('messages', 'segmentUsd')
  const text = times(prices.segmentUsdMicros, segments)
  if (isRefusal(text)) return text
  const message = larger(text, (isMms ? prices.mmsUsdMicros : null) ?? ZERO_USD)
  if (!isEngaging(parameters)) return message
  // A call that an older version sealed has no such price.
  const fee = prices.engagementUsdMicros ?? null
  return fee === null ? notPriced('shortened links and messages sent later', 'engagementUsd') : plus(message, fee)
}

/**
 * The Engagement Suite is billed once a message, however many of its features are used; how far sending later is, one page
 * of Twilio's says and another denies. https://support.twilio.com/hc/en-us/articles/31039870471963 (read 2026-11-27)
 */
function isEngaging(parameters: Parameters): boolean {
  return isOn(parameters, 'ShortenUrls') || parameter(parameters, 'ScheduleType') !== ''
}

/** A link to one medium, with what stands before it. How long it is no page was seen to say: an assumption. */
const MEDIA_LINK = ` ${'x'.repeat(49)}`

/**
 * `Body` with links, where media may not be delivered (https://support.twilio.com/hc/en-us/articles/223181228). A Messaging
 * Service encodes text anew by default, unasked (https://www.twilio.com/blog/copilot-just-got-even-smarter-announcing-smart-encoding-html).
 */
function boundSegments(parameters: Parameters): number {
  if (isTextUnknown(parameters)) return MOST_SEGMENTS
  const links = (parameters.get('MediaUrl') ?? []).filter((url) => url !== '').map(() => MEDIA_LINK)
  const text = parameter(parameters, 'Body') + links.join('')
  const isRewritten = isOn(parameters, 'SmartEncoded') || parameter(parameters, 'MessagingServiceSid') !== ''
  return isRewritten ? mostSegmentsOf(text) : segmentsOf(text)
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
