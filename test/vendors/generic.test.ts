import { expect } from 'chai'
import type { UsdMicros } from '../../contract/money.ts'
import type { VendorPricing } from '../../contract/pricing.ts'
import { isRefusal } from '../../vendors/content/guard.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { type CallParts, callOf, FORM, GEOCODE, GEOCODE_PRICING, JSON_TYPE, recognised, rowsOf } from './calls.ts'

const costing = costingOf('generic')
const KEYED: VendorPricing = { ...GEOCODE_PRICING, idempotency: { header: 'X-Request-Key', windowHours: 24 } }

function lookup(parts: CallParts): CallParts {
  return { path: '/v1/lookup', type: JSON_TYPE, ...parts }
}

describe('a declared vendor', () => {
  const ROUTES = `
    method  path            route                kind      bound
    POST    /v1/lookup      POST /v1/lookup      mutating  10000
    POST    /v1/plain       POST /v1/plain       mutating  free
    GET     /v1/reports/7   GET /v1/reports/*    mutating  20000
    HEAD    /v1/reports/7   GET /v1/reports/*    mutating  20000
    GET     /v1/places/7    GET /v1/places/*     read      free
    GET     /v1/lookup      GET /v1/lookup       read      free
    POST    /v1/other       POST /v1/other       mutating  route_unknown
    POST    /v1/lookup/7    POST /v1/lookup/*    mutating  route_unknown
    PUT     /v1/lookup      PUT /v1/lookup       mutating  route_unknown
    DELETE  /v1/reports/7   DELETE /v1/reports/*  mutating  route_unknown
  `
  for (const [method = '', path = '', route = '', kind = '', expected = ''] of rowsOf(ROUTES)) {
    it(`${method} ${path} is ${kind} and costs ${expected}`, () => {
      expect(recognised('route', { method, path }, GEOCODE)).to.equal(route)
      expect(recognised('kind', { method, path }, GEOCODE)).to.equal(kind)
      const bound = costing.bound(callOf({ method, path }), GEOCODE_PRICING)
      const cell = isRefusal(bound) ? bound.code : bound.kind === 'priced' ? bound.totalUsdMicros : bound.kind
      expect(String(cell)).to.equal(expected)
    })
  }

  it('a refusal says what to write, or to declare', () => {
    const told = (parts: CallParts) => {
      const bound = costing.bound(callOf(parts), GEOCODE_PRICING)
      return isRefusal(bound) ? `${bound.code}: ${bound.message}` : bound.kind
    }
    expect(told({ path: '/v1/Lookup/' })).to.match(
      /^path_ambiguous: Only letter case .* POST \/v1\/Lookup\/ from the declared route `POST \/v1\/lookup`: write it as declared/,
    )
    expect(told({ method: 'HEAD', path: '/v1/Reports/7' })).to.include('the declared route `GET /v1/reports/*`')
    expect(told({ path: '/v1/lookup/7' })).to.include('policy: {match: "POST /v1/lookup/*", usd: "0.25"}')
  })

  it('settles a success at the price of its route, and anything else at nothing', () => {
    const bound = { kind: 'priced', totalUsdMicros: 10_000 as UsdMicros, object: null } as const
    const actual = (status: number) =>
      costing.actual({ call: callOf(lookup({})), answer: { status, headers: {}, body: Buffer.from('?') }, bound })
    const nothing = { object: null, givesBack: null, isVendorReplay: false }
    expect(actual(200)).to.deep.equal({ ...nothing, totalUsdMicros: 10_000, hasEffect: true })
    expect(actual(404)).to.deep.equal({ ...nothing, totalUsdMicros: 0, hasEffect: false })
    expect(actual(402)).to.deep.equal({ ...nothing, totalUsdMicros: 0, hasEffect: false })
  })

  it('is asked again only when it keeps keys, and not in the last 24th of that time', () => {
    const call = callOf(lookup({}))
    expect(costing.repeat(call, GEOCODE_PRICING)).to.deep.equal({ kind: 'never' })
    expect(costing.repeat(call, KEYED)).to.deep.equal({
      kind: 'idempotent',
      header: 'X-Request-Key',
      windowMs: 82_800_000,
    })
  })

  it('says with 409 that a key is at work when it keeps keys, else that the call is refused', () => {
    const verdict = (pricing: VendorPricing) => costing.verdict({ status: 409 }, callOf({}), pricing)
    expect(verdict(KEYED)).to.equal('in_progress')
    expect(verdict(GEOCODE_PRICING)).to.equal('definite')
  })

  it('gets the body as it came and our secret where the policy says', () => {
    const call = callOf(lookup({ body: '{ "address": "A" }' }))
    expect(costing.forwardBody(call, GEOCODE_PRICING)).to.deep.equal({ body: call.body, contentType: JSON_TYPE })
    expect(costing.auth('placeholder', { header: 'X-Api-Key' })).to.deep.equal({
      name: 'x-api-key',
      value: 'placeholder',
    })
    expect(costing.auth('placeholder', { header: 'Authorization', scheme: 'Token' })).to.deep.equal({
      name: 'authorization',
      value: 'Token placeholder',
    })
  })
})

describe('the retry token of a declared vendor', () => {
  const TERMS = { ...GEOCODE, retryTokenHeader: 'amz-sdk-invocation-id' }
  const ask = (headers: Readonly<Record<string, string>>, method = 'POST') => {
    const parts = { path: '/v1/lookup', type: JSON_TYPE, body: '{"address":"A"}', headers, method }
    return [recognised('key', parts, TERMS), recognised('digest', parts, TERMS)] as const
  }

  it('marks one in-process call, and is no part of what is called', () => {
    const [key, digest] = ask({ 'amz-sdk-invocation-id': 'order-7' })
    expect(key).to.deep.equal({ kind: 'token', value: 'order-7' })
    expect(ask({ 'amz-sdk-invocation-id': 'order-8' })[1]).to.equal(digest)
    expect(ask({})).to.deep.equal([null, digest])
  })

  it('stands behind a key of the app’s own, and means nothing on a read or where no such header is declared', () => {
    const headers = { 'amz-sdk-invocation-id': 'x', 'idempotency-key': 'invoice-7' }
    expect(ask(headers)[0]).to.deep.equal({ kind: 'named', value: 'invoice-7' })
    expect(ask({ 'amz-sdk-invocation-id': 'x' }, 'GET')[0]).to.equal(null)
    const parts = { path: '/v1/lookup', headers: { 'amz-sdk-invocation-id': 'x' } }
    expect(recognised('key', parts, GEOCODE)).to.equal(null)
  })

  for (const value of ['', 'a, b', 'a,b', 'a b', 'ä', 'x'.repeat(256)]) {
    it(`"${value.slice(0, 10)}" is refused`, () => {
      expect(ask({ 'amz-sdk-invocation-id': value })[0]).to.equal('refused: request_malformed')
    })
  }
})

describe('the core digest of a declared vendor', () => {
  const core = (body: string, type = JSON_TYPE, path = '/v1/lookup') =>
    recognised('core', { path, type, body }, GEOCODE)

  it('is of the declared fields only, wherever they stand', () => {
    expect(core('{"address":"A","at":1}'))
      .to.match(/^[0-9a-f]{64}$/)
      .and.equal(core('{"at":2,"address":"A"}'))
    expect(core('{"address":"B"}')).not.to.equal(core('{"address":"A"}'))
    expect(core('{"address":{"b":1,"a":2}}')).to.equal(core('{"address":{"a":2,"b":1}}'))
    expect(core('{"address":"A","who":[{"name":"X"}]}')).not.to.equal(core('{"address":"A","who":[{"name":"Y"}]}'))
    expect(core('{"address":12345678901234567890}')).not.to.equal(core('{"address":12345678901234567891}'))
  })

  it('reads a declared media type as what it is said to be, and refuses one that it cannot read', () => {
    const AMZ = 'application/x-amz-json-1.1; charset=utf-8'
    const parts = (body: string, type: string) => ({ path: '/v1/lookup', type, body })
    const terms = { ...GEOCODE, mediaTypes: { 'application/x-amz-json-1.1': 'json', 'text/x-form': 'form' } } as const
    expect(recognised('core', parts('{"address":"A","at":1}', AMZ), terms)).to.equal(core('{"address":"A"}'))
    expect(recognised('core', parts('address=A&at=1', 'TEXT/X-Form'), terms)).to.equal(core('address=A', FORM))
    expect(recognised('digest', parts('{"a":1,"address":"A"}', AMZ), terms)).to.equal(
      recognised('digest', parts('{"address":"A", "a":1}', AMZ), terms),
    )
    expect(recognised('core', parts('{"address":"A"', AMZ), terms)).to.equal('refused: body_unreadable')
    expect(recognised('core', parts('{"address":"A"}', `${AMZ.slice(0, -5)}latin1`), terms)).to.equal(
      'refused: body_unreadable',
    )
    expect(core('{"address":"A"}', AMZ)).to.equal('refused: body_unreadable')
    expect(core('', AMZ)).to.equal(null)
  })

  it('reads a form by the same names', () => {
    expect(core('address=A&at=1', FORM))
      .to.match(/^[0-9a-f]{64}$/)
      .and.equal(core('at=2&address=A', FORM))
    expect(core('who[0][name]=X', FORM)).not.to.equal(core('who[0][name]=Y', FORM))
  })

  it('is missing when no field is there, none is declared, or the route is not; never because nobody could look', () => {
    expect(core('{"at":1}')).to.equal(null)
    expect(core('["address"]')).to.equal(null)
    expect(core('address', 'text/plain')).to.equal('refused: body_unreadable')
    expect(core('{"address":"A"}', JSON_TYPE, '/v1/plain')).to.equal(null)
    expect(core('{"address":"A"}', JSON_TYPE, '/v1/other')).to.equal(null)
  })
})
