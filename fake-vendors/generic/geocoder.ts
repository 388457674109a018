import { createHash, timingSafeEqual } from 'node:crypto'
import type { Random } from '../../runtime/random.ts'
import { type Answer, type Fact, type Fields, flatten, type Outcome, type Vendor, type VendorCall } from '../vendor.ts'

/** What one lookup costs its customer, in US cents. */
const LOOKUP_CENTS = 1

/**
 * A stand-in for a small vendor that promises nothing about repeats: each `POST /v1/lookup` is billed,
 * an idempotency key is ignored, `GET /v1/coverage` is free.
 */
export function fakeGeocoder({ secret, random }: { secret: string; random: Random }): Vendor {
  return {
    name: 'geocode',
    statusesWithoutEffect: [401, 429],
    newRequestId: () => `lookup-${random.hex(8)}`,
    fieldsOf,
    carryOut: (call) => carryOut(call, secret),
    scriptedAnswer: (call, status) => answerTo(call, status, { error: `scripted ${status}` }),
    keep: () => {},
  }
}

function carryOut(call: VendorCall, secret: string): Outcome {
  if (!sameText(String(call.headers['x-api-key'] ?? ''), secret))
    return refused(call, 401, 'wrong or missing X-Api-Key')
  const route = `${call.method} ${call.path}`
  if (route === 'GET /v1/coverage') {
    return done(call, { countries: ['AT', 'DE', 'US'] }, { kind: 'read', status: 200, route })
  }
  if (route !== 'POST /v1/lookup') return refused(call, 404, `no such route: ${route}`)
  const { address } = call.fields
  if (address === undefined || address === '') return refused(call, 400, 'address is missing')
  const id = call.requestId
  const billed = { amountMinor: LOOKUP_CENTS, movedMinor: LOOKUP_CENTS, currency: 'usd' }
  const fact: Fact = { kind: 'effect', status: 200, route, action: 'lookup.billed', object: id, ...billed }
  return done(call, { id, address, ...placeOf(address) }, fact)
}

/** The same address lies at the same place each time. */
function placeOf(address: string): { latitude: number; longitude: number } {
  const digest = createHash('sha256').update(address).digest()
  return { latitude: (digest.readUInt16BE(0) % 180) - 90, longitude: (digest.readUInt16BE(2) % 360) - 180 }
}

function done(call: VendorCall, body: object, fact: Fact): Outcome {
  return { answer: answerTo(call, 200, body), fact, conclude: () => {} }
}

function refused(call: VendorCall, status: number, error: string): Outcome {
  return { answer: answerTo(call, status, { error }), fact: { kind: 'refused', status }, conclude: () => {} }
}

function answerTo(call: VendorCall, status: number, body: object): Answer {
  const headers = { 'Content-Type': 'application/json', 'X-Request-Id': call.requestId }
  return { status, headers, body: JSON.stringify(body) }
}

function fieldsOf(body: Buffer, contentType: string): Fields {
  if (!contentType.startsWith('application/json')) return {}
  try {
    return flatten(JSON.parse(body.toString('utf8')))
  } catch {
    return {}
  }
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}
