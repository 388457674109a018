import { timingSafeEqual } from 'node:crypto'
import type { Random } from '../../runtime/random.ts'
import { type Answer, type Fact, flatten, type Outcome, type Vendor, type VendorCall } from '../vendor.ts'
import type { VendorClock } from '../vendor-clock.ts'
import { type Call, callResource, newCall } from './calls.ts'
import { type Form, type Message, messageResource, newMessage, rfc2822 } from './messages.ts'
import { metaPageOf, pageOf } from './pages.ts'
import { errorBody, scriptedError, TwilioRefusal } from './refusal.ts'

/** The one account behind the secret. */
export const FAKE_ACCOUNT = `AC${'a1'.repeat(16)}`

/** Services of the account, for the pages of a newer product. */
const SERVICES = 5
const FORM_TYPE = 'application/x-www-form-urlencoded'

export interface FakeTwilioOptions {
  /** Auth token of the account, or the secret of any API key of it. */
  readonly secret: string
  readonly clock: VendorClock
  readonly random: Random
}

interface Done {
  readonly status: number
  readonly body: object | null
  readonly fact: Omit<Fact, 'status'>
}

/** A stand-in for Twilio's 2010 API: messages, calls and their lists. Nothing is idempotent, and no key is heeded. */
export function fakeTwilio(options: FakeTwilioOptions): Vendor {
  const { secret, clock, random } = options
  const account = new Account(options)
  return {
    name: 'twilio',
    statusesWithoutEffect: [401, 429],
    newRequestId: () => `RQ${random.hex(16)}`,
    fieldsOf: (body, type) =>
      type.startsWith(FORM_TYPE) ? flatten(Object.fromEntries(new URLSearchParams(body.toString()))) : {},
    carryOut(call) {
      try {
        authenticate(call, secret)
        const { status, body, fact } = account.answer(call)
        return { answer: answerTo(call, { status, body, clock }), fact: { ...fact, status }, conclude: () => {} }
      } catch (fault) {
        if (!(fault instanceof TwilioRefusal)) throw fault
        return refused(call, fault, clock)
      }
    },
    scriptedAnswer: (call, status) => answerTo(call, { status, body: scriptedError(status), clock }),
    keep: () => {},
  }
}

class Account {
  readonly #options: FakeTwilioOptions
  readonly #messages = new Map<string, Message>()
  readonly #calls = new Map<string, Call>()

  constructor(options: FakeTwilioOptions) {
    this.#options = options
  }

  answer(call: VendorCall): Done {
    const { method, path } = call
    if (method === 'GET' && path === '/v1/Services') return this.#services(call)
    if (path === `/2010-04-01/Accounts/${FAKE_ACCOUNT}.json` && method === 'GET') {
      return read({ sid: FAKE_ACCOUNT, friendly_name: 'stand-in', status: 'active' })
    }
    const root = `/2010-04-01/Accounts/${FAKE_ACCOUNT}/`
    if (!path.startsWith(root)) throw notFound(path)
    // Without an ending the answer is XML, and the effect is the same.
    const [resource = '', sid, ...deeper] = path
      .slice(root.length)
      .replace(/\.(?:json|xml|csv)$/, '')
      .split('/')
    if (deeper.length > 0) throw notFound(path)
    const route = `${method} ${resource}${sid === undefined ? '' : '/*'}`
    switch (route) {
      case 'POST Messages':
        return this.#send(call)
      case 'GET Messages':
        return read(pageOf('messages', this.#list(call), askedOf(call)))
      case 'GET Messages/*':
        return read(this.#show(this.#message(path, sid)))
      case 'POST Messages/*':
        return this.#change(this.#message(path, sid), formOf(call))
      case 'DELETE Messages/*':
        this.#messages.delete(this.#message(path, sid).sid)
        return { status: 204, body: null, fact: { kind: 'effect', action: 'message.deleted', object: sid ?? '' } }
      case 'POST Calls':
        return this.#dial(call)
      case 'GET Calls':
        return read(pageOf('calls', this.#listCalls(call), askedOf(call)))
      case 'GET Calls/*':
        return read(callResource(this.#call(path, sid), FAKE_ACCOUNT))
      case 'POST Calls/*':
        return this.#changeCall(this.#call(path, sid), formOf(call))
      case 'POST IncomingPhoneNumbers':
        return { status: 201, body: { sid: `PN${'0'.repeat(32)}` }, fact: { kind: 'effect', action: 'number.bought' } }
      default:
        throw notFound(path)
    }
  }

  #send(call: VendorCall): Done {
    const message = newMessage(formOf(call), this.#options)
    this.#messages.set(message.sid, message)
    const { sid, to, segments, media, body } = message
    const fact = { kind: 'effect', action: 'message.created', object: sid, customer: to } as const
    const metadata = { segments: String(segments), media: String(media), body }
    return { status: 201, body: this.#show(message, true), fact: { ...fact, metadata } }
  }

  #dial(call: VendorCall): Done {
    const made = newCall(formOf(call), this.#options)
    this.#calls.set(made.sid, made)
    const metadata = { limitSeconds: String(made.limitSeconds) }
    const fact = { kind: 'effect', action: 'call.created', object: made.sid, customer: made.to, metadata } as const
    return { status: 201, body: callResource(made, FAKE_ACCOUNT), fact }
  }

  #change(message: Message, form: Form): Done {
    if (form.get('Status') === 'canceled') {
      if (message.status !== 'scheduled') throw new TwilioRefusal(409, 30409, 'Message cannot be canceled')
      message.status = 'canceled'
    }
    if (form.get('Body') === '') message.body = ''
    const fact = { kind: 'effect', action: 'message.changed', object: message.sid } as const
    return { status: 200, body: this.#show(message), fact }
  }

  #changeCall(call: Call, form: Form): Done {
    call.status = form.get('Status') ?? call.status
    const fact = { kind: 'effect', action: 'call.changed', object: call.sid } as const
    return { status: 200, body: callResource(call, FAKE_ACCOUNT), fact }
  }

  /** Newest first. A message that has not gone out has no DateSent, so no filter by it finds the message. */
  #list(call: VendorCall) {
    const query = new URLSearchParams(call.query)
    const all = [...this.#messages.values()].reverse().map((message) => this.#show(message))
    return all.filter(
      ({ to, from, date_sent }) =>
        equals(query.get('To'), to) && equals(query.get('From'), from) && isInDates(query, 'DateSent', date_sent),
    )
  }

  #listCalls(call: VendorCall) {
    const query = new URLSearchParams(call.query)
    const all = [...this.#calls.values()].reverse().map((made) => callResource(made, FAKE_ACCOUNT))
    return all.filter(({ to, from }) => equals(query.get('To'), to) && equals(query.get('From'), from))
  }

  #services(call: VendorCall): Done {
    const services = Array.from({ length: SERVICES }, (_, at) => ({
      sid: `MG${String(at).padStart(32, '0')}`,
      account_sid: FAKE_ACCOUNT,
      friendly_name: `service ${at}`,
    }))
    const url = `http://${call.headers.host}${call.path}`
    return read(metaPageOf('services', services, { url, query: new URLSearchParams(call.query) }))
  }

  #show(message: Message, isNew = false) {
    return messageResource(message, FAKE_ACCOUNT, { nowMs: this.#options.clock.nowMs(), isNew })
  }

  #message(path: string, sid = ''): Message {
    const message = this.#messages.get(sid)
    if (message === undefined) throw notFound(path)
    return message
  }

  #call(path: string, sid = ''): Call {
    const call = this.#calls.get(sid)
    if (call === undefined) throw notFound(path)
    return call
  }
}

function read(body: object): Done {
  return { status: 200, body, fact: { kind: 'read' } }
}

function equals(wanted: string | null, value: string | null): boolean {
  return wanted === null || wanted === value
}

/** `DateSent`, `DateSent<`, `DateSent>`: days or moments, in UTC. */
function isInDates(query: URLSearchParams, name: string, date: string | null): boolean {
  const [on, before, after] = [query.get(name), query.get(`${name}<`), query.get(`${name}>`)]
  if (on === null && before === null && after === null) return true
  if (date === null) return false
  const ms = Date.parse(date)
  const isOn = on === null || new Date(ms).toISOString().startsWith(on.slice(0, 10))
  return isOn && (before === null || ms <= Date.parse(before)) && (after === null || ms >= Date.parse(after))
}

function authenticate(call: VendorCall, secret: string): void {
  const given = /^Basic (\S+)$/.exec(call.headers.authorization ?? '')?.[1] ?? ''
  const [user = '', ...password] = Buffer.from(given, 'base64').toString().split(':')
  const [sent, wanted] = [Buffer.from(password.join(':')), Buffer.from(secret)]
  const isUser = user === FAKE_ACCOUNT || /^SK[0-9a-f]{32}$/.test(user)
  if (isUser && sent.length === wanted.length && timingSafeEqual(sent, wanted)) return
  throw new TwilioRefusal(401, 20003, 'Authenticate')
}

function formOf(call: VendorCall): Form {
  return new URLSearchParams([call.query, call.body.toString('utf8')].filter((part) => part !== '').join('&'))
}

function askedOf({ path, query }: VendorCall) {
  return { path, query: new URLSearchParams(query) }
}

function notFound(path: string): TwilioRefusal {
  return new TwilioRefusal(404, 20404, `The requested resource ${path} was not found`)
}

function refused(call: VendorCall, refusal: TwilioRefusal, clock: VendorClock): Outcome {
  const { status, code } = refusal
  const fact: Fact = { kind: 'refused', status, code: String(code) }
  return { answer: answerTo(call, { status, body: errorBody(refusal), clock }), fact, conclude: () => {} }
}

function answerTo(
  call: VendorCall,
  { status, body, clock }: { status: number; body: object | null; clock: VendorClock },
): Answer {
  const headers = {
    'Content-Type': 'application/json',
    Date: rfc2822(clock.nowMs()).replace('+0000', 'GMT'),
    'Twilio-Request-Id': call.requestId,
    'X-Shenanigans': 'none',
  }
  return { status, headers, body: body === null ? '' : JSON.stringify(body) }
}
