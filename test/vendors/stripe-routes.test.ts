import { expect } from 'chai'
import { parsePolicies } from '../../policy/policy-file.ts'
import { compareRoutes } from '../../tools/stripe-routes/compare.ts'
import { readSource } from '../../tools/stripe-routes/source.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { findMoneyRoute, MONEY_ROUTES, ROUTES_OF } from '../../vendors/stripe/money-routes.ts'
import { callOf, STRIPE_PRICING } from './calls.ts'

describe("the table of Stripe's routes", () => {
  const source = readSource('node_modules/stripe')

  it('was read from the package that the tests use', () => {
    expect(source.version).to.equal(`stripe ${ROUTES_OF.package} (${ROUTES_OF.openapi})`)
  })

  it('classifies every mutating route of the package, v1 and v2', () => {
    expect(source.routes.length).to.be.greaterThan(300)
    expect(source.routes.filter((route) => route.includes(' /v2/')).length).to.be.greaterThan(40)
    expect(compareRoutes(source.routes).unclassified).to.deep.equal([])
    const newer = compareRoutes([...source.routes, 'POST /v1/rockets/*/launch'])
    expect(newer.unclassified).to.deep.equal(['POST /v1/rockets/*/launch'])
  })

  it('finds each route by a path with ids in it, and finds it by no other method', () => {
    for (const [route, cost] of MONEY_ROUTES) {
      const [method = '', pattern = ''] = route.split(' ')
      const path = pattern.replaceAll('*', 'x_1Ab-2')
      expect(findMoneyRoute(method, path)?.cost, route).to.equal(cost)
      for (const other of ['PUT', 'PATCH']) expect(findMoneyRoute(other, path), `${other} ${path}`).to.equal(undefined)
    }
  })

  it('takes a word of a route for that word, and never for an id', () => {
    expect(findMoneyRoute('POST', '/v1/invoices/create_preview')?.cost.kind).to.equal('free')
    expect(findMoneyRoute('POST', '/v1/invoices/create_previews')?.cost.kind).to.equal('computed')
    expect(findMoneyRoute('POST', '/v1/*/create_preview')).to.equal(undefined)
    expect(findMoneyRoute('POST', '/v1/invoices/*')).to.equal(undefined)
  })

  it('names an object for each route whose amount stands on it', () => {
    for (const [route, { kind }] of MONEY_ROUTES) {
      if (kind !== 'on_object' && kind !== 'update' && kind !== 'cancel') continue
      const [method = '', pattern = ''] = route.split(' ')
      expect(findMoneyRoute(method, pattern.replace('*', 'x_1'))?.object, route).to.equal('x_1')
      expect(pattern.split('*').length, route).to.equal(2)
    }
  })

  const TRICKS = [
    ...['/v1/payment_intents/../refunds', '/v1/refunds/../payment_intents', '/v1/payment_intents/.', '/v1/./refunds'],
    ...['/v1/refunds%2f..%2fpayment_intents', '/v1/refunds%2F', '/v1%2frefunds', '/v1/refunds/%2e%2e/payouts'],
    ...['//v1/refunds', '/v1//refunds', '/v1/refunds//', '/v1/refunds/', '/v1/refunds.', '/v1/refunds./x'],
    ...['/v1/Refunds', '/V1/refunds', '/v1/REFUNDS/re_1'],
    ...['/v1/refunds;a=b', '/v1;x/refunds', '/v1/refunds;/../payouts', '/v1/refunds?x', '/v1/refunds#x'],
    ...['/v1/refunds%00', '/v1/refunds%0a', '/v1/refunds%20', '/v1/%72efunds', '/v1\\refunds', '/v1/refunds\\x'],
  ]
  it('no trick of a path passes as a free route', () => {
    const costing = costingOf('stripe')
    for (const path of TRICKS) {
      const bound = costing.bound(callOf({ path, body: 'charge=ch_1' }), STRIPE_PRICING)
      expect(bound, path).to.have.property('code').that.is.oneOf(['path_ambiguous', 'route_unknown'])
    }
    const free = costing.bound(callOf({ path: '/v1/refunds', body: 'charge=ch_1' }), STRIPE_PRICING)
    expect(free).to.deep.equal({ kind: 'free' })
  })

  const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-url', 'x-rewrite-url']
  it('no header makes another request of a free one', () => {
    const costing = costingOf('stripe')
    for (const name of OVERRIDES) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const call = callOf({ method, path: '/v1/customers/cus_1', headers: { [name]: 'POST' } })
        expect(costing.bound(call, STRIPE_PRICING), `${method} ${name}`).to.have.property('code', 'request_malformed')
      }
    }
  })
})

describe('a route that is not in the table', () => {
  const toldOf = (path: string) => {
    const bound = costingOf('stripe').bound(callOf({ path }), STRIPE_PRICING)
    return 'message' in bound ? bound.message : ''
  }

  it('is refused with the vendor to declare, as a policy takes it', () => {
    const told = toldOf('/v1/rockets/rkt_9s6/launch')
    expect(told).to.include('What POST /v1/rockets/rkt_9s6/launch costs at Stripe is not known')
    expect(told).to.include('a newer jobcap')
    const fields = [/baseUrl: \S+(?=,)/, /auth: \w+/, /idempotency: \{.*?\}/, /routes: \[.*?\]/].map(
      (field) => `    ${field.exec(told)?.[0]}\n`,
    )
    const vendor = `  - name: stripe-new\n    type: generic\n    secretRef: {name: stripe, key: api-key}\n${fields.join('')}`
    const read = parsePolicies(
      `apiVersion: jobcap.dev/v1alpha1\nkind: CapPolicy\nmetadata: {name: default}\nspec:\n` +
        `  caps: {perRunUsd: {default: "9.00"}}\n  vendors:\n${vendor}    allowedEndpoints: ["POST /v1/rockets/*/launch"]\n`,
      'policy.yaml',
    )
    if (!('policies' in read)) throw new Error(JSON.stringify(read))
    expect(read.policies[0]?.vendors[0]?.routes[0]?.match).to.equal('POST /v1/rockets/*/launch')
  })

  it('is answered with the route that is likely meant where the base URL has a version too many or too few', () => {
    expect(toldOf('/payment_intents')).to.include('Is POST /v1/payment_intents meant?')
    expect(toldOf('/v1/v1/payment_intents/pi_1/confirm')).to.include('Is POST /v1/payment_intents/pi_1/confirm meant?')
  })
})
