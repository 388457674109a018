import type { Random } from '../../runtime/random.ts'
import type { VendorClock } from '../vendor-clock.ts'
import { TwilioRefusal } from './refusal.ts'
import { countSegments } from './segments.ts'

const MAX_BODY_CHARACTERS = 1_600
const MOST_MEDIA = 10
/** After so long by the vendor's clock a queued message has gone out. */
const SENT_AFTER_MS = 1_000
const NUMBER = /^(?:[a-z]+:)?\+[1-9][0-9]{4,14}$/

export type Form = URLSearchParams

/** One message as the account keeps it. */
export interface Message {
  readonly sid: string
  readonly to: string
  readonly from: string | null
  readonly serviceSid: string | null
  body: string
  readonly segments: number
  readonly media: number
  status: string
  readonly createdMs: number
}

/** Checks a creation as Twilio does, and makes it. https://www.twilio.com/docs/messaging/api/message-resource */
export function newMessage(form: Form, { clock, random }: { clock: VendorClock; random: Random }): Message {
  const to = form.get('To') ?? ''
  if (to === '') throw new TwilioRefusal(400, 21604, "A 'To' phone number is required.")
  if (!NUMBER.test(to)) throw new TwilioRefusal(400, 21211, `Invalid 'To' Phone Number: ${to}`)
  const from = form.get('From')
  const serviceSid = form.get('MessagingServiceSid')
  if (!from && !serviceSid) throw new TwilioRefusal(400, 21603, "A 'From' phone number is required.")
  const text = form.get('Body') ?? ''
  const media = form.getAll('MediaUrl').length
  const isTemplate = Boolean(form.get('ContentSid'))
  if (text === '' && media === 0 && !isTemplate) throw new TwilioRefusal(400, 21602, 'Message body is required.')
  if (text.length > MAX_BODY_CHARACTERS) {
    throw new TwilioRefusal(400, 21617, 'The concatenated message body exceeds the 1600 character limit')
  }
  if (media > MOST_MEDIA) throw new TwilioRefusal(400, 21623, 'Number of media files exceeds allowed limit')
  const isScheduled = form.get('ScheduleType') === 'fixed'
  return {
    sid: `${media > 0 ? 'MM' : 'SM'}${random.hex(16)}`,
    to,
    from,
    serviceSid,
    body: isTemplate ? 'Your order has shipped.' : text,
    segments: media > 0 ? 1 : countSegments(isTemplate ? 'Your order has shipped.' : text).segments,
    media,
    status: isScheduled ? 'scheduled' : serviceSid === null ? 'queued' : 'accepted',
    createdMs: clock.nowMs(),
  }
}

/** As answers show it. `isNew`: in the answer to its creation, where a service has yet to pick the sender. */
export function messageResource(
  message: Message,
  account: string,
  { nowMs, isNew }: { nowMs: number; isNew: boolean },
) {
  const { sid, to, from, serviceSid, body, segments, media, createdMs } = message
  const uri = `/2010-04-01/Accounts/${account}/Messages/${sid}`
  const isSent = !['scheduled', 'canceled'].includes(message.status) && nowMs - createdMs >= SENT_AFTER_MS
  return {
    body,
    num_segments: isNew && serviceSid !== null ? '0' : String(segments),
    direction: 'outbound-api',
    from: from ?? (isSent ? '+15005550006' : null),
    date_updated: rfc2822(createdMs),
    price: null,
    error_message: null,
    uri: `${uri}.json`,
    account_sid: account,
    num_media: String(media),
    to,
    date_created: rfc2822(createdMs),
    status: isSent ? 'sent' : message.status,
    sid,
    date_sent: isSent ? rfc2822(createdMs + SENT_AFTER_MS) : null,
    messaging_service_sid: serviceSid,
    error_code: null,
    price_unit: 'USD',
    api_version: '2010-04-01',
    subresource_uris: { media: `${uri}/Media.json` },
  }
}

/** Twilio writes whole seconds. */
export function rfc2822(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000')
}
