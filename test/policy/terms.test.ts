import { expect } from 'chai'
import { parseUsd, type UsdMicros } from '../../contract/money.ts'
import { isRefusalCode } from '../../contract/refusals.ts'
import { capLevels } from '../../policy/caps.ts'
import { isEndpointAllowed, isEndpointCovered } from '../../policy/endpoints.ts'
import { policyFor } from '../../policy/selection.ts'
import { judgeRequest, judgeTerms, vendorOf } from '../../policy/terms.ts'
import { sidecarTerms, vendorPricing } from '../../policy/vendor-terms.ts'
import { policyWith } from './example.ts'

const policy = policyWith()
const ENABLED = { 'jobcap.dev/inject': 'enabled' }

describe('which policy applies', () => {
  const night = policyWith(['{name: default}', '{name: night}'])
  const TABLE: readonly (readonly [string, Record<string, string>, Record<string, string>, string])[] = [
    [
      'the one the Job names',
      { 'jobcap.dev/policy': 'night' },
      { ...ENABLED, 'jobcap.dev/policy': 'default' },
      'night',
    ],
    ['else the one its namespace names', {}, { ...ENABLED, 'jobcap.dev/policy': 'night' }, 'night'],
    ['else default', {}, ENABLED, 'default'],
    ['a refusal when there is none', { 'jobcap.dev/policy': 'day' }, ENABLED, 'policy_missing'],
    ['a refusal when the namespace may not use it', {}, {}, 'namespace_not_selected'],
    ['a refusal when the label has another value', {}, { 'jobcap.dev/inject': 'no' }, 'namespace_not_selected'],
  ]
  for (const [name, jobLabels, namespaceLabels, expected] of TABLE) {
    it(name, () => {
      const found = policyFor({ jobLabels, namespaceLabels }, [policy, night])
      expect('code' in found ? found.code : found.name).to.equal(expected)
    })
  }

  it('only where the namespace has every label that the policy asks for', () => {
    const both = { ...policy, namespaceLabels: { team: 'billing', stage: 'live' } }
    const refused = policyFor({ jobLabels: {}, namespaceLabels: { team: 'billing', stage: 'test' } }, [both])
    expect(refused).to.have.property('code', 'namespace_not_selected')
    expect(refused).to.have.property('message').that.includes('stage=live')
    expect(policyFor({ jobLabels: {}, namespaceLabels: both.namespaceLabels }, [both])).to.equal(both)
  })
})

describe('terms asked against allowed', () => {
  it('gives the default to a Job that asks for nothing', () => {
    expect(judgeTerms({ policy: 'default' }, policy)).to.deep.equal({
      policy: 'default',
      capUsdMicros: 500_000_000,
      allowedEndpoints: null,
      expiresInMs: 86_400_000,
      keepsRestarts: false,
    })
  })

  it('gives what is asked up to the maximum itself', () => {
    expect(judgeTerms({ policy: 'default', capUsd: '20000.00' }, policy)).to.include({ capUsdMicros: 20_000_000_000 })
    expect(judgeTerms({ policy: 'default', capUsd: '0' }, policy)).to.include({ capUsdMicros: 0 })
  })

  const REFUSED: readonly (readonly [string, object, RegExp])[] = [
    ['a micro-dollar too much', { capUsd: '20000.000001' }, /at most "20000\.00" is accepted/],
    ['what is not dollars', { capUsd: '1e3' }, /"1e3" is not decimal dollars.*at most "20000\.00" is accepted/],
    ['a negative cap', { capUsd: '-1' }, /at most "20000\.00" is accepted/],
    [
      'an endpoint outside the policy',
      { allowedEndpoints: ['POST /v1/refunds'] },
      /accepted is any of: POST \/v1\/payment_intents, /,
    ],
    ['a wider wildcard', { allowedEndpoints: ['POST /v1/*'] }, /not within what policy `default` allows/],
    [
      'no dollars at length',
      { capUsd: 'five '.repeat(700) },
      /^.{20}"(five ){12}fiv…" \(3500 characters\) is not decimal/,
    ],
    ['too many digits', { capUsd: '9'.repeat(90) }, /"9{63}…" \(90 characters\) is not decimal dollars/],
    ['dollars on two lines', { capUsd: '5\nfive' }, /"5\\nfive" is not/],
    [
      'an endpoint at length',
      { allowedEndpoints: [`POST /v1/${'x'.repeat(5_000)}`] },
      /"POST \/v1\/x{54}…" \(5009 char/,
    ],
    ['what is no endpoint', { allowedEndpoints: ['charges'] }, /is not an upper-case method and a path/],
  ]
  for (const [name, asked, message] of REFUSED) {
    it(`refuses ${name} and says what would be accepted`, () => {
      const judged = judgeTerms({ policy: 'default', ...asked }, policy)
      expect(judged).to.have.property('code', 'terms_exceed_policy')
      expect(judged).to.have.property('message').that.matches(message)
    })
  }

  it('lets the run narrow the policy, never widen it', () => {
    const stripe = vendorOf(policy, 'stripe')
    if ('code' in stripe) throw new Error(stripe.message)
    const narrowed = { allowedEndpoints: ['GET /v1/charges/*', 'POST /v1/refunds'] }
    const allowed = (method: string, path: string) =>
      judgeRequest(narrowed, stripe, { method, path })?.code ?? 'allowed'
    expect(allowed('GET', '/v1/charges/ch_1')).to.equal('allowed')
    expect(allowed('GET', '/v1/customers')).to.equal('endpoint_not_allowed')
    expect(allowed('POST', '/v1/refunds')).to.equal('endpoint_not_allowed')
  })

  it('names the endpoint that a base URL with too much or too little may have been meant for', () => {
    const stripe = vendorOf(policy, 'stripe')
    if ('code' in stripe) throw new Error(stripe.message)
    const told = (path: string) =>
      judgeRequest({ allowedEndpoints: null }, stripe, { method: 'POST', path })?.message ?? 'allowed'
    for (const path of ['/payment_intents', '/v1/v1/payment_intents', '/v1/payment_intents/']) {
      expect(told(path), path).to.include('`POST /v1/payment_intents` is. If that is meant, correct')
    }
    for (const path of ['/v2/payment_intents', '/v1/payouts', '/', '/v1//payment_intents', '/v1/../payment_intents']) {
      expect(told(path), path).to.match(/in the policy; add it there to allow it\.$/)
    }
  })

  it('names the vendors there are when one is unknown', () => {
    expect(vendorOf(policy, 'twilio')).to.have.property('message').that.includes('there is `stripe`, `geocode`')
  })
})

describe('allowed endpoints', () => {
  const TABLE: readonly (readonly [pattern: string, method: string, path: string, allowed: boolean])[] = [
    ['POST /v1/charges', 'POST', '/v1/charges', true],
    ['POST /v1/charges', 'post', '/v1/charges', false],
    ['POST /v1/charges', 'GET', '/v1/charges', false],
    ['POST /v1/charges', 'POST', '/V1/charges', false],
    ['POST /v1/charges', 'POST', '/v1/charges/', false],
    ['POST /v1/charges', 'POST', '/v1/ch%61rges', false],
    ['POST /v1/*/confirm', 'POST', '/v1/pi/confirm', true],
    ['POST /v1/*/confirm', 'POST', '/v1/pi/x/confirm', false],
    ['POST /v1/*/confirm', 'POST', '/v1//confirm', false],
    ['GET /v1/*', 'GET', '/v1/a', true],
    ['GET /v1/*', 'GET', '/v1/a/b/c', true],
    ['GET /v1/*', 'GET', '/v1/a%40b', true],
    ['GET /v1/*', 'HEAD', '/v1/a', true],
    ['HEAD /v1/*', 'GET', '/v1/a', false],
    ['POST /v1/*', 'HEAD', '/v1/a', false],
    ['GET /v1/*', 'GET', '/v1', false],
    ['GET /v1/*', 'GET', '/v1/', false],
    ['GET /v1/*', 'GET', '/v1/a/', false],
    ['GET /v1/*', 'GET', '/v1/../v2/x', false],
    ['GET /v1/*', 'GET', '/v1/./x', false],
    ['GET /v1/*', 'GET', '/v1/a//b', false],
    ['GET /v1/*', 'GET', '/v1/a%2fb', false],
    ['GET /v1/*', 'GET', '/v1/a%2F..%2Fb', false],
    ['GET /v1/*', 'GET', '/v1/%2e%2e/b', false],
    ['GET /v1/*', 'GET', '/v1/a%252fb', false],
    ['GET /v1/*', 'GET', '/v1/a\\b', false],
    ['GET /v1/*', 'GET', '/v1/a%5cb', false],
    ['GET /v1/*', 'GET', '/v1/a;b', false],
    ['GET /v1/*', 'GET', '/v1/a%00', false],
    ['GET /v1/*', 'GET', '/v1/a%zz', false],
    ['GET /v1/*', 'GET', 'http://x/v1/a', false],
  ]
  for (const [pattern, method, path, allowed] of TABLE) {
    it(`"${pattern}" ${allowed ? 'allows' : 'does not allow'} ${method} ${path}`, () => {
      expect(isEndpointAllowed([pattern], method, path)).to.equal(allowed)
    })
  }

  const COVERED: readonly (readonly [asked: string, allowed: string, covered: boolean])[] = [
    ['POST /v1/charges', 'POST /v1/charges', true],
    ['POST /v1/charges', 'POST /v1/*', true],
    ['POST /v1/charges/*/capture', 'POST /v1/*', true],
    ['POST /v1/*', 'POST /v1/*', true],
    ['POST /v1/a/*', 'POST /v1/*', true],
    ['POST /v1/*', 'POST /v1/charges', false],
    ['POST /v1/*', 'POST /v1/*/x', false],
    ['POST /v1/*/x', 'POST /v1/*', true],
    ['POST /v1/*/*', 'POST /v1/*/x', false],
    ['POST /v1/a/x', 'POST /v1/*/x', true],
    ['GET /v1/charges', 'POST /v1/charges', false],
    ['POST /v1', 'POST /v1/*', false],
    ['HEAD /v1/a', 'GET /v1/*', true],
    ['GET /v1/a', 'HEAD /v1/*', false],
  ]
  for (const [asked, allowed, covered] of COVERED) {
    it(`"${allowed}" ${covered ? 'covers' : 'does not cover'} "${asked}"`, () => {
      expect(isEndpointCovered(asked, allowed)).to.equal(covered)
    })
  }
})

describe('what the ledger and the sidecar take from a policy', () => {
  it('lists every declared cap, the narrowest first, and no namespace cap for a key without one', () => {
    const [stripe] = policy.vendors
    if (stripe === undefined) throw new Error('no vendor')
    const dollars = (text: string) => parseUsd(text) as UsdMicros
    expect(capLevels(policy, stripe, { namespace: 'billing' })).to.deep.equal([
      { level: 'policy_vendor_day', limitUsdMicros: dollars('30000') },
      { level: 'policy_namespace_day', limitUsdMicros: dollars('40000') },
      { level: 'policy_day', limitUsdMicros: dollars('50000') },
    ])
    expect(capLevels(policy, stripe, { namespace: null }).map(({ level }) => level)).to.deep.equal([
      'policy_vendor_day',
      'policy_day',
    ])
  })

  it('lists for a class of money with a cap of its own that one alone', () => {
    const [stripe] = policyWith(['perDayUsd: "30000.00"', 'classCaps: {refunds: {perDayUsd: "9.00"}}']).vendors
    if (stripe === undefined) throw new Error('no vendor')
    const ofRefunds = capLevels(policy, stripe, { namespace: 'billing', moneyClass: 'refunds' })
    expect(ofRefunds).to.deep.equal([{ level: 'policy_class_day', limitUsdMicros: 9_000_000 }])
    expect(capLevels(policy, stripe, { namespace: 'billing' })).to.have.length(2)
  })

  it('hashes the currency table by what it says, not by its order', () => {
    const reordered = policyWith(['{EUR: 1080000, JPY: 6700}', '{JPY: 6700, EUR: 1080000}'])
    const dearer = policyWith(['EUR: 1080000', 'EUR: 1080001'])
    expect(reordered.currencies.hash).to.equal(policy.currencies.hash)
    expect(dearer.currencies.hash).not.to.equal(policy.currencies.hash)
  })

  it('gives the sidecar neither price, secret nor address', () => {
    const text = JSON.stringify(sidecarTerms(policy))
    expect(text).not.to.match(/usd|secret|127\.0\.0\.1/i)
    expect(sidecarTerms(policy).vendors[1]?.routes).to.deep.equal([
      { match: 'POST /v1/lookup', kind: 'mutating', core: ['/address'] },
      { match: 'GET /v1/places/*', kind: 'read', core: [] },
    ])
  })

  it('gives pricing what a declared vendor costs', () => {
    const geocode = vendorOf(policy, 'geocode')
    if ('code' in geocode) throw new Error(geocode.message)
    expect(vendorPricing(policy, geocode).routes[0]).to.deep.equal({ match: 'POST /v1/lookup', usdMicros: 10_000 })
  })

  it('refuses only with codes of the catalogue', () => {
    const refused = policyFor({ jobLabels: {}, namespaceLabels: {} }, [])
    expect('code' in refused && isRefusalCode(refused.code)).to.equal(true)
  })
})
