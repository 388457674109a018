import { timingSafeEqual } from 'node:crypto'
import type { Random } from '../../runtime/random.ts'
import { type Answer, type Fact, type Fields, flatten, type Outcome, type Vendor, type VendorCall } from '../vendor.ts'
import type { VendorClock } from '../vendor-clock.ts'
import { ResendKeys } from './keys.ts'
import { type Mail, readBatch, readMail } from './mails.ts'
import { errorBody, ResendRefusal, scriptedError } from './refusal.ts'

export interface FakeResendOptions {
  readonly secret: string
  readonly clock: VendorClock
  readonly random: Random
}

interface Done {
  readonly status: number
  readonly body: object
  readonly fact: Omit<Fact, 'status'>
}

/** A stand-in for Resend's mails and batches, with its keys of 24 h. */
export function fakeResend({ secret, clock, random }: FakeResendOptions): Vendor {
  const keys = new ResendKeys(clock)
  const mails = new Map<string, Mail>()

  function keep(mail: Mail): { id: string } {
    const hex = random.hex(16)
    const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
    mails.set(id, mail)
    return { id }
  }

  function answer(call: VendorCall): Done {
    const route = `${call.method} ${call.path}`
    if (route === 'POST /emails') {
      const mail = readMail(jsonOf(call))
      const body = keep(mail)
      return { status: 200, body, fact: sent('email.sent', [mail], body.id) }
    }
    if (route === 'POST /emails/batch') {
      const isPermissive = call.headers['x-batch-validation'] === 'permissive'
      const batch = readBatch(jsonOf(call), isPermissive)
      const body = { data: batch.mails.map(keep), ...(isPermissive ? { errors: batch.errors } : {}) }
      return { status: 200, body, fact: sent('batch.sent', batch.mails, body.data[0]?.id ?? 'none') }
    }
    const [, resource, id = '', action] = call.path.split('/')
    if (call.method === 'GET' && call.path === '/domains') {
      return { status: 200, body: { object: 'list', has_more: false, data: [] }, fact: { kind: 'read' } }
    }
    const mail = resource === 'emails' ? mails.get(id) : undefined
    if (mail === undefined) throw new ResendRefusal(404, 'not_found', 'Not found')
    const body = { object: 'email', id, to: mail.to }
    if (call.method === 'GET') return { status: 200, body, fact: { kind: 'read' } }
    if (action !== 'cancel') throw new ResendRefusal(405, 'method_not_allowed', 'Method is not allowed')
    return { status: 200, body, fact: { kind: 'effect', action: 'email.canceled', object: id } }
  }

  return {
    name: 'resend',
    statusesWithoutEffect: [401, 409, 429],
    newRequestId: () => `req_${random.hex(7)}`,
    fieldsOf,
    carryOut(call) {
      try {
        authenticate(call, secret)
        return carryOut(call, keys, answer)
      } catch (fault) {
        if (!(fault instanceof ResendRefusal)) throw fault
        return refused(call, fault)
      }
    },
    scriptedAnswer: (call, status) => answerTo(call, status, scriptedError(status)),
    keep(call, kept) {
      const key = keyOf(call)
      if (key !== undefined && keys.open(key, payloadOf(call)) === undefined) keys.close(key, kept)
    },
  }
}

function carryOut(call: VendorCall, keys: ResendKeys, answer: (call: VendorCall) => Done): Outcome {
  const key = keyOf(call)
  const kept = key === undefined ? undefined : keys.open(key, payloadOf(call))
  if (kept !== undefined) return { answer: kept, fact: { kind: 'replay', status: kept.status }, conclude: () => {} }
  try {
    const { status, body, fact } = answer(call)
    return {
      answer: answerTo(call, status, body),
      fact: { ...fact, status },
      conclude(given) {
        if (key === undefined) return
        // A server error is not kept: the repeat runs, and finds that its mail has gone out already.
        keys.close(key, given.status >= 500 ? answerTo(call, status, body) : given)
      },
    }
  } catch (fault) {
    if (key !== undefined) keys.forget(key)
    throw fault
  }
}

function sent(action: string, mails: readonly Mail[], id: string): Omit<Fact, 'status'> {
  const recipients = mails.reduce((sum, { all }) => sum + all, 0)
  const metadata = { mails: String(mails.length), recipients: String(recipients) }
  const customer = mails[0]?.to[0]
  return { kind: 'effect', action, object: id, metadata, ...(customer === undefined ? {} : { customer }) }
}

function keyOf({ method, path, idempotencyKey }: VendorCall): string | undefined {
  return method === 'POST' && (path === '/emails' || path === '/emails/batch') ? idempotencyKey : undefined
}

function payloadOf({ path, body }: VendorCall): string {
  return `${path} ${body.toString('utf8')}`
}

function jsonOf({ headers, body }: VendorCall): unknown {
  if (!(headers['content-type'] ?? '').startsWith('application/json')) {
    throw new ResendRefusal(422, 'validation_error', 'The payload must be JSON.')
  }
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new ResendRefusal(400, 'validation_error', 'The payload is not valid JSON.')
  }
}

function authenticate(call: VendorCall, secret: string): void {
  const [given, wanted] = [Buffer.from(call.headers.authorization ?? ''), Buffer.from(`Bearer ${secret}`)]
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return
  throw new ResendRefusal(403, 'invalid_api_key', 'API key is invalid')
}

function refused(call: VendorCall, refusal: ResendRefusal): Outcome {
  const fact: Fact = { kind: 'refused', status: refusal.status, code: refusal.code }
  return { answer: answerTo(call, refusal.status, errorBody(refusal)), fact, conclude: () => {} }
}

function answerTo(call: VendorCall, status: number, body: object): Answer {
  const headers = { 'Content-Type': 'application/json; charset=utf-8', 'X-Request-Id': call.requestId }
  return { status, headers, body: JSON.stringify(body) }
}

/** The first mail's fields, for a batch too. */
function fieldsOf(body: Buffer): Fields {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return flatten(Array.isArray(value) ? value[0] : value)
  } catch {
    return {}
  }
}
