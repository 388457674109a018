import { expect } from 'chai'
import { isRefusal } from '../../vendors/content/guard.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { callOf, GEOCODE, GEOCODE_PRICING, recognised, rowsOf, STRIPE, STRIPE_PRICING } from './calls.ts'

const TRICKS = `
  path                                     code
  /v1/customers/../payment_intents         path_ambiguous
  /v1/./payment_intents                    path_ambiguous
  /v1/customers/..                         path_ambiguous
  /v1/customers/%2e%2e/payment_intents     path_ambiguous
  /v1/customers/%2E%2E/payment_intents     path_ambiguous
  /v1/customers/.%2e/payment_intents       path_ambiguous
  /v1/customers%2f..%2fpayment_intents     path_ambiguous
  /v1/customers%2Fcus_1                    path_ambiguous
  /v1/customers%5c..%5cpayment_intents     path_ambiguous
  /v1\\customers                            path_ambiguous
  //v1/payment_intents                     path_ambiguous
  /v1//payment_intents                     path_ambiguous
  /v1/payment_intents;a=b                  path_ambiguous
  /v1/customers;/payment_intents           path_ambiguous
  /v1/payment_intents%3ba=b                path_ambiguous
  /v1/payment_intents.                     path_ambiguous
  /v1/payment_intents./pi_1                path_ambiguous
  /v1/payment_intent%73                    path_ambiguous
  /v1/%70ayment_intents                    path_ambiguous
  /v1/payment%5fintents                    path_ambiguous
  /v1/%252e%252e/payment_intents           path_ambiguous
  /v1/customers%3fx                        path_ambiguous
  /v1/customers%23x                        path_ambiguous
  /v1/customers?x                          path_ambiguous
  /v1/customers#x                          path_ambiguous
  /v1/customers%00                         path_ambiguous
  /v1/customers%0d%0a                      path_ambiguous
  /v1/customers\\u0000                      path_ambiguous
  /v1/customers\\u0009                      path_ambiguous
  /v1/customers\\u00e9                      path_ambiguous
  /v1/customers%                           path_ambiguous
  /v1/customers%zz                         path_ambiguous
  /v1/customers%c3                         path_ambiguous
  /v1/customers/*                          path_ambiguous
  http://api.stripe.com/v1/payment_intents path_ambiguous
  v1/payment_intents                       path_ambiguous
  *                                        path_ambiguous
`

const STRIPE_TRICKS = `
  path                        code
  /V1/payment_intents         path_ambiguous
  /v1/Payment_Intents         path_ambiguous
  /v1/PAYMENT_INTENTS         path_ambiguous
  /v1/payment_intents/        path_ambiguous
  /v1/payment_intents/pi_1/   path_ambiguous
  /                           path_ambiguous
`

const GENERIC_TRICKS = `
  method  path                 code
  POST    /V1/lookup           path_ambiguous
  POST    /v1/Lookup           path_ambiguous
  POST    /v1/lookup/          path_ambiguous
  GET     /v1/REPORTS/7        path_ambiguous
  GET     /v1/reports/7/       path_ambiguous
  HEAD    /v1/Reports/7        path_ambiguous
`

/** Rows with `\uXXXX` and `\\` written out. */
function unescaped(path: string): string {
  return path.replace(/\\u([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function costCode(vendor: 'stripe' | 'generic', parts: { method: string; path: string }): string {
  const pricing = vendor === 'stripe' ? STRIPE_PRICING : GEOCODE_PRICING
  const bound = costingOf(vendor).bound(callOf(parts), pricing)
  return isRefusal(bound) ? bound.code : bound.kind
}

describe('a path that could be read in two ways', () => {
  for (const [row = '', code = ''] of TRICKS.trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/ +/))) {
    it(`${row} is refused by every vendor, by identity and by cost, for reads too`, () => {
      const path = unescaped(row)
      for (const method of ['GET', 'POST', 'DELETE']) {
        expect(recognised('route', { method, path }), `${method} stripe`).to.equal(`refused: ${code}`)
        expect(recognised('route', { method, path }, GEOCODE), `${method} generic`).to.equal(`refused: ${code}`)
        expect(costCode('stripe', { method, path })).to.equal(code)
        expect(costCode('generic', { method, path })).to.equal(code)
      }
    })
  }

  for (const [path = '', code = ''] of rowsOf(STRIPE_TRICKS)) {
    it(`${path} is refused for Stripe`, () => {
      for (const method of ['GET', 'POST']) {
        expect(recognised('route', { method, path }, STRIPE)).to.equal(`refused: ${code}`)
        expect(costCode('stripe', { method, path })).to.equal(code)
      }
    })
  }

  for (const [method = '', path = '', code = ''] of rowsOf(GENERIC_TRICKS)) {
    it(`${method} ${path}, which is nearly a declared route, is refused`, () => {
      expect(recognised('route', { method, path }, GEOCODE)).to.equal(`refused: ${code}`)
      expect(costCode('generic', { method, path })).to.equal(code)
    })
  }

  it('a path longer than claims can carry is refused', () => {
    expect(recognised('route', { path: `/v1/${'a'.repeat(1_500)}` })).to.equal('refused: request_malformed')
  })
})

describe('a plain path', () => {
  const PLAIN = `
    method  path                                  route
    POST    /v1/payment_intents                   POST /v1/payment_intents
    POST    /v1/payment_intents/pi_3Nx/confirm    POST /v1/payment_intents/*/confirm
    GET     /v1/charges/ch_1                      GET /v1/charges/*
    HEAD    /v1/charges/ch_1                      HEAD /v1/charges/*
    DELETE  /v1/customers/cus_AbC                 DELETE /v1/customers/*
    GET     /v1/customers/a%40b.com               GET /v1/customers/*
    GET     /v1/places/S%C3%A3o%20Paulo           GET /v1/places/*
    GET     /v2/core/events                       GET /v2/core/events
  `
  for (const [method = '', path = '', route = ''] of rowsOf(PLAIN)) {
    it(`${method} ${path} is shown as ${route}`, () => {
      expect(recognised('route', { method, path })).to.equal(route)
    })
  }

  it('tells calls on different objects apart though their route is shown alike', () => {
    const first = recognised('digest', { path: '/v1/payment_intents/pi_1/confirm' })
    const second = recognised('digest', { path: '/v1/payment_intents/pi_2/confirm' })
    expect(recognised('route', { path: '/v1/payment_intents/pi_1/confirm' })).to.equal(
      'POST /v1/payment_intents/*/confirm',
    )
    expect(first).not.to.equal(second)
  })
})

describe('a request that some servers take for another', () => {
  for (const name of [
    'x-http-method-override',
    'x-http-method',
    'x-method-override',
    'x-original-url',
    'x-rewrite-url',
  ]) {
    it(`by the header ${name} is refused`, () => {
      for (const terms of [STRIPE, GEOCODE]) {
        expect(recognised('route', { method: 'GET', headers: { [name]: 'POST' } }, terms)).to.equal(
          'refused: request_malformed',
        )
      }
      const bound = costingOf('stripe').bound(callOf({ method: 'GET', headers: { [name]: 'POST' } }), STRIPE_PRICING)
      expect(bound).to.have.property('code', 'request_malformed')
    })
  }

  for (const method of ['post', 'TRACE', 'CONNECT', 'OPTIONS', 'PURGE', '']) {
    it(`by the method "${method}" is refused`, () => {
      expect(recognised('route', { method })).to.equal('refused: request_malformed')
    })
  }

  it('by a body on a read of Stripe is refused', () => {
    expect(recognised('route', { method: 'GET', body: 'amount=1' })).to.equal('refused: request_malformed')
  })
})
