import { expect } from 'chai'
import type { UsdMicros } from '../../contract/money.ts'
import type { VendorPricing } from '../../contract/pricing.ts'
import { parsePolicies } from '../../policy/policy-file.ts'
import { isRefusal } from '../../vendors/content/guard.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { callOf, GEOCODE_PRICING } from '../vendors/calls.ts'

const policyOf = (routes: string) => `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  caps: {perRunUsd: {default: "5.00"}}
  vendors:
  - name: geocode
    type: generic
    baseUrl: http://127.0.0.1:1
    secretRef: {name: geo, key: token}
    auth: {header: X-Api-Key}
    idempotency: never
    allowedEndpoints: ["POST /v1/*"]
    routes: [${routes}]
`

describe('promise 1, attacked: a dear call of a declared vendor that passes as a cheap one', () => {
  const HIDDEN: Readonly<Record<string, string>> = {
    'behind a wider route': '{match: "POST /v1/*", usd: "0.00"}, {match: "POST /v1/lookup", usd: "5.00"}',
    'behind the same route': '{match: "POST /v1/lookup", usd: "0.00"}, {match: "POST /v1/lookup", usd: "5.00"}',
    'as the HEAD of a GET': '{match: "GET /v1/*", usd: "0.00"}, {match: "HEAD /v1/lookup", usd: "5.00"}',
  }
  for (const [where, routes] of Object.entries(HIDDEN)) {
    it(`a price ${where} would never be asked for, so the policy is refused at its place`, () => {
      const result = parsePolicies(policyOf(routes), 'policy.yaml')
      const problems = 'problems' in result ? result.problems : []
      expect(problems.map(({ path }) => path)).to.deep.equal(['spec.vendors[0].routes[1].match'])
      expect(problems[0]?.message).to.include('put the narrower route first')
    })
  }

  it('the narrower route first, or routes that only overlap, are in order', () => {
    const narrow = '{match: "POST /v1/lookup", usd: "5.00"}, {match: "POST /v1/*", usd: "0.00"}'
    const overlap = '{match: "POST /v1/*/b", usd: "5.00"}, {match: "POST /v1/a/*", usd: "0.00"}'
    for (const routes of [narrow, overlap]) {
      expect(parsePolicies(policyOf(routes), 'policy.yaml')).to.have.property('policies')
    }
  })

  const PRICES: VendorPricing = {
    ...GEOCODE_PRICING,
    routes: [
      { match: 'POST /v1/lookup', usdMicros: 5_000_000 as UsdMicros },
      { match: 'POST /v1/*', usdMicros: 0 as UsdMicros },
    ],
  }
  const PATHS: Readonly<Record<string, string>> = {
    '/v1/lookup': 'priced',
    '/v1/other': 'free',
    '/v1/Other': 'free',
    '/v1/LOOKUP': 'path_ambiguous',
    '/v1/Lookup': 'path_ambiguous',
    '/v1/lookup/': 'path_ambiguous',
  }
  for (const [path, expected] of Object.entries(PATHS)) {
    it(`POST ${path} is ${expected} where a wider free route takes everything else`, () => {
      const bound = costingOf('generic').bound(callOf({ method: 'POST', path }), PRICES)
      expect(isRefusal(bound) ? bound.code : bound.kind).to.equal(expected)
    })
  }
})
