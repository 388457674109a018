import type { Random } from '../../runtime/random.ts'
import type { Answer, Fact, Outcome, Vendor, VendorCall } from '../vendor.ts'

const ROUTE = 'GET /maps/api/geocode/json'

/** A stand-in for Google's Geocoding API: each GET is billed, the key is a parameter of the query, nothing is idempotent. */
export function fakeGeocoding({ secret, random }: { secret: string; random: Random }): Vendor {
  return {
    name: 'geocoding',
    statusesWithoutEffect: [400, 403, 429],
    newRequestId: () => `geo-${random.hex(8)}`,
    fieldsOf: () => ({}),
    carryOut(call) {
      const query = new URLSearchParams(call.query)
      const keys = query.getAll('key')
      if (`${call.method} ${call.path}` !== ROUTE) return refused(call, 404, 'NOT_FOUND')
      if (keys.length !== 1 || keys[0] !== secret) return refused(call, 403, 'REQUEST_DENIED')
      const address = query.get('address') ?? ''
      if (address === '') return refused(call, 400, 'INVALID_REQUEST')
      const fact: Fact = { kind: 'effect', status: 200, route: ROUTE, action: 'geocode.billed', object: call.requestId }
      const results = [{ formatted_address: address, geometry: { location: { lat: 48.2, lng: 16.37 } } }]
      return { answer: answerTo(call, 200, { status: 'OK', results }), fact, conclude: () => {} }
    },
    scriptedAnswer: (call, status) =>
      answerTo(call, status, { status: status === 429 ? 'OVER_QUERY_LIMIT' : 'UNKNOWN_ERROR' }),
    keep: () => {},
  }
}

function refused(call: VendorCall, status: number, code: string): Outcome {
  return {
    answer: answerTo(call, status, { status: code, results: [] }),
    fact: { kind: 'refused', status, code },
    conclude: () => {},
  }
}

function answerTo(call: VendorCall, status: number, body: object): Answer {
  const headers = { 'Content-Type': 'application/json; charset=UTF-8', 'X-Request-Id': call.requestId }
  return { status, headers, body: JSON.stringify(body) }
}
