import type { Random } from '../../runtime/random.ts'
import type { VendorClock } from '../vendor-clock.ts'
import { type Form, rfc2822 } from './messages.ts'
import { TwilioRefusal } from './refusal.ts'

/** Four hours, where the request names no limit. */
const DEFAULT_LIMIT_SECONDS = 14_400

export interface Call {
  readonly sid: string
  readonly to: string
  readonly from: string
  readonly limitSeconds: number
  status: string
  readonly createdMs: number
}

/** https://www.twilio.com/docs/voice/api/call-resource */
export function newCall(form: Form, { clock, random }: { clock: VendorClock; random: Random }): Call {
  const to = form.get('To') ?? ''
  if (to === '') throw new TwilioRefusal(400, 21201, "No 'To' number is specified")
  const from = form.get('From') ?? ''
  if (from === '') throw new TwilioRefusal(400, 21213, "'From' phone number is required")
  if (!form.get('Url') && !form.get('Twiml') && !form.get('ApplicationSid')) {
    throw new TwilioRefusal(400, 21205, 'Url parameter is required.')
  }
  const limitSeconds = Number(form.get('TimeLimit') ?? DEFAULT_LIMIT_SECONDS)
  if (!Number.isInteger(limitSeconds) || limitSeconds < 0) throw new TwilioRefusal(400, 20001, 'Invalid TimeLimit')
  return { sid: `CA${random.hex(16)}`, to, from, limitSeconds, status: 'queued', createdMs: clock.nowMs() }
}

export function callResource({ sid, to, from, status, createdMs }: Call, account: string) {
  const uri = `/2010-04-01/Accounts/${account}/Calls/${sid}`
  return {
    sid,
    account_sid: account,
    to,
    from,
    status,
    date_created: rfc2822(createdMs),
    start_time: null,
    end_time: null,
    duration: null,
    price: null,
    price_unit: 'USD',
    direction: 'outbound-api',
    api_version: '2010-04-01',
    uri: `${uri}.json`,
    subresource_uris: { recordings: `${uri}/Recordings.json` },
  }
}
