import { expect } from 'chai'
import { formatPolicyProblem, parsePolicies } from '../../policy/policy-file.ts'
import { EXAMPLE, edited, policyWith } from './example.ts'

const REFUSED: readonly (readonly [name: string, from: string, to: string, problem: string])[] = [
  ['an unknown field', 'allowOptOut: false', 'phases: []', '11:3: spec.phases: unknown field `phases`'],
  [
    'an unknown field of a vendor',
    'perDayUsd: "30000.00"',
    'perHourUsd: "1"',
    '17:5: spec.vendors[0].perHourUsd: unknown',
  ],
  [
    'a price list on a known vendor',
    'perDayUsd: "30000.00"',
    'routes: []',
    '17:5: spec.vendors[0].routes: unknown field',
  ],
  ['a float cap', '"500.00"', '500.00', '6:31: spec.caps.perRunUsd.default: dollars are decimal text in quotes'],
  ['a negative cap', '"50000.00"', '"-1.00"', '6:70: spec.caps.perDayUsd: dollars are decimal text without sign'],
  [
    'a cap with an exponent',
    '"50000.00"',
    '"1e3"',
    '6:70: spec.caps.perDayUsd: dollars are decimal text without sign or exponent',
  ],
  ['seven decimals', '"50000.00"', '"1.0000001"', '6:70: spec.caps.perDayUsd: dollars are decimal text'],
  [
    'a cap above 2^53 - 1',
    '"50000.00"',
    '"9007199254.740992"',
    '6:70: spec.caps.perDayUsd: dollars have no leading zeros and are at most 9007199254.740991',
  ],
  ['a max below the default', '"20000.00"', '"499.99"', '6:46: spec.caps.perRunUsd.max: `max` is below `default`'],
  [
    'no cap at all',
    '{perRunUsd: {default: "500.00", max: "20000.00"}, perDayUsd',
    '{perDayUsd',
    '6:9: spec.caps.perRunUsd: is missing',
  ],
  [
    'a class of money that is not there',
    'perDayUsd: "30000.00"',
    'classCaps: {tips: {perDayUsd: "1"}}',
    '17:17: spec.vendors[0].classCaps.tips: unknown field',
  ],
  [
    'a maximum that no call would reach',
    'perDayUsd: "30000.00"',
    'maximums: [{match: "POST /v1/*", usd: "1"}, {match: "POST /v1/quotes", usd: "9"}]',
    '17:57: spec.vendors[0].maximums[1].match: `POST /v1/*` stands before it',
  ],
  ['a duration in years', '24h', '24y', '7:14: spec.expiresIn: a duration from 1m to 366d'],
  ['a duration of more than a leap year', '24h', '367d', '7:14: spec.expiresIn: a duration from 1m to 366d'],
  ['a duration of no time', '24h', '59s', '7:14: spec.expiresIn: a duration from 1m'],
  ['a rate for the dollar', 'EUR', 'USD', '12:69: spec.currencies.usdMicrosPerMajorUnit.USD: USD needs no rate'],
  [
    'a lower-case currency',
    'EUR',
    'eur',
    '12:69: spec.currencies.usdMicrosPerMajorUnit.eur: an upper-case ISO 4217 code',
  ],
  ['a float rate', '1080000', '1.08', '12:69: spec.currencies.usdMicrosPerMajorUnit.EUR: '],
  [
    'a vendor named like a route of ours',
    'name: geocode',
    'name: seen',
    '19:11: spec.vendors[1].name: not one of vault, seen',
  ],
  [
    'a vendor that is no DNS label',
    'name: geocode',
    'name: Geo_code',
    '19:11: spec.vendors[1].name: a vendor name is a DNS label',
  ],
  [
    'two vendors of one name',
    'name: geocode',
    'name: stripe',
    '19:11: spec.vendors[1].name: two vendors are named `stripe`',
  ],
  [
    'a vendor type that is not there yet',
    'type: generic',
    'type: fax',
    '20:11: spec.vendors[1].type: type is `stripe`, `twilio`, `resend`, `openai`, `anthropic` or `generic`',
  ],
  [
    'an endpoint without a method',
    '"POST /v1/lookup"]',
    '"/v1/lookup"]',
    '26:24: spec.vendors[1].allowedEndpoints[0]: an endpoint is an upper-case method',
  ],
  [
    'an endpoint with half a wildcard',
    '"POST /v1/lookup"]',
    '"POST /v1/look*"]',
    '26:24: spec.vendors[1].allowedEndpoints[0]: an endpoint',
  ],
  [
    'a base URL with a path',
    'http://127.0.0.1:12112',
    'http://127.0.0.1:12112/x',
    '21:14: spec.vendors[1].baseUrl: calls bring their path',
  ],
  [
    'a base URL with a password',
    'http://127.0.0.1:12112',
    'http://me:pw@geo',
    '21:14: spec.vendors[1].baseUrl: an address alone',
  ],
  [
    'a secret in a header of ours',
    'X-Api-Key',
    'Jobcap-Claims',
    '23:20: spec.vendors[1].auth.header: this header is written by the ledger itself',
  ],
  [
    'a secret in a header that the ledger writes',
    'X-Api-Key',
    'Content-Type',
    '23:20: spec.vendors[1].auth.header: this header is written by the ledger itself',
  ],
  [
    'a HEAD behind the GET that takes all of its calls',
    '{match: "GET /v1/places/*", usd: "0"}',
    '{match: "GET /v1/places/*", usd: "0"}, {match: "HEAD /v1/places/*", usd: "1"}',
    '25:120: spec.vendors[1].routes[2].match: `GET /v1/places/*` stands before it',
  ],
  [
    'a core field that is no pointer',
    '[/address]',
    '[address]',
    '25:61: spec.vendors[1].routes[0].core[0]: a JSON pointer',
  ],
  ['another kind', 'kind: CapPolicy', 'kind: Policy', '2:7: kind: '],
  ['a policy without a name', '{name: default}', '{}', '3:11: metadata.name: is missing'],
]

describe('policy file', () => {
  it('reads dollars, times and defaults', () => {
    const policy = policyWith(['  expiresIn: 24h\n', ''], [', max: "20000.00"', ''], ['  allowOptOut: false\n', ''])
    expect(policy.expiresInMs).to.equal(86_400_000)
    expect(policy.caps).to.deep.equal({
      perRunDefaultUsdMicros: 500_000_000,
      perRunMaxUsdMicros: 500_000_000,
      perDayUsdMicros: 50_000_000_000,
      perNamespaceDayUsdMicros: 40_000_000_000,
    })
    expect(policy.allowOptOut).to.equal(false)
    expect(policy.maxBodyBytes).to.equal(1_048_576)
    expect(policy.vendors[0]?.baseUrl).to.equal('https://api.stripe.com')
  })

  it('takes a declared GET for a read only where it costs nothing', () => {
    const kinds = (usd: string) =>
      policyWith(['places/*", usd: "0"', `places/*", usd: "${usd}"`]).vendors[1]?.routes.map(({ kind }) => kind)
    expect([kinds('0'), kinds('0.01')]).to.deep.equal([
      ['mutating', 'read'],
      ['mutating', 'mutating'],
    ])
  })

  for (const [name, from, to, problem] of REFUSED) {
    it(`refuses ${name}, with the place`, () => {
      const result = parsePolicies(edited([[from, to]]), 'p.yaml')
      expect('problems' in result ? result.problems.map(formatPolicyProblem).join('\n') : 'accepted').to.match(
        new RegExp(`^${`p.yaml:${problem}`.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}[^\n]*$`),
      )
    })
  }

  it('says all that is wrong at once', () => {
    const result = parsePolicies(
      edited([
        ['"500.00"', '500'],
        ['24h', '1y'],
      ]),
      'p.yaml',
    )
    expect('problems' in result ? result.problems.length : 0).to.equal(2)
  })

  it('gives YAML errors with line and column', () => {
    const result = parsePolicies('apiVersion: [1\nkind: x', 'p.yaml')
    expect(result).to.have.property('problems').with.property('0').that.includes({ line: 2, column: 1 })
  })

  it('gives the first YAML error of a document, not all that follow from it', () => {
    const result = parsePolicies(edited([['allowOptOut: false', 'caps: {a: b c: d}']]), 'p.yaml')
    expect('problems' in result ? result.problems : []).to.have.length(1)
  })

  it('refuses a key given twice', () => {
    const result = parsePolicies(edited([['allowOptOut: false', 'expiresIn: 1h']]), 'p.yaml')
    expect(result).to.have.property('problems').with.property('0').that.includes({ line: 11, column: 3 })
  })

  it('refuses aliases that expand without end', () => {
    const bomb = Array.from(
      { length: 12 },
      (_, at) => `a${at}: &a${at} [${Array(9).fill(at === 0 ? 'x' : `*a${at - 1}`)}]`,
    )
    expect(parsePolicies(bomb.join('\n'), 'p.yaml')).to.have.property('problems')
  })

  it('reads several documents, and none when one of them is wrong', () => {
    const other = edited([['{name: default}', '{name: night}']])
    const both = parsePolicies(`${EXAMPLE}---\n${other}`, 'p.yaml')
    expect('policies' in both ? both.policies.map(({ name }) => name) : []).to.deep.equal(['default', 'night'])
    expect(parsePolicies(`${EXAMPLE}---\n${other.replace('24h', 'x')}`, 'p.yaml')).to.have.property('problems')
  })

  it('refuses two policies of one name, at the second', () => {
    const result = parsePolicies(`${EXAMPLE}---\n${EXAMPLE}`, 'p.yaml')
    expect(result).to.have.property('problems').with.property('0').that.includes({ line: 30, path: 'metadata.name' })
  })

  it('refuses an empty file', () => {
    expect(parsePolicies('# nothing\n', 'p.yaml')).to.have.property('problems')
  })
})
