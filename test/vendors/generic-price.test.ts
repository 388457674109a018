import { expect } from 'chai'
import type { UsdMicros } from '../../contract/money.ts'
import type { PriceRule, VendorPricing } from '../../contract/pricing.ts'
import { isRefusal } from '../../vendors/content/guard.ts'
import { credentialAt } from '../../vendors/credential.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { callOf, FORM, GEOCODE_PRICING, JSON_TYPE } from './calls.ts'

const costing = costingOf('generic')
const priced = (by: PriceRule, usdMicros = 2_000): VendorPricing => ({
  ...GEOCODE_PRICING,
  routes: [{ match: 'POST /v1/lookup', usdMicros: usdMicros as UsdMicros, by }],
  statuses: { refused: [503], notDone: [409] },
})
/** `body`: where it begins with `?`, the query stands before it, up to a space. */
const lookup = (body: string, type = JSON_TYPE) => {
  const [, query = '', rest = ''] = /^\?(\S*) (.*)$/.exec(body) ?? ['', '', body]
  return callOf({ path: '/v1/lookup', type, query, body: rest })
}
const cell = (pricing: VendorPricing, body: string, type?: string) => {
  const bound = costing.bound(lookup(body, type), pricing)
  return String(isRefusal(bound) ? bound.code : bound.kind === 'priced' ? bound.totalUsdMicros : bound.kind)
}

describe('the price of a declared route', () => {
  it('by a number in the request: exact, begun micro-dollars whole', () => {
    const unit = priced({ kind: 'unit', at: '/a/credits' })
    for (const [body, expected] of [
      ['{"a":{"credits":3}}', '6000'],
      ['{"a":{"credits":0}}', 'amount_invalid'],
      ['{"a":{"credits":0.0}}', 'amount_invalid'],
      ['{"a":{"credits":0.0001}}', '1'],
      ['{"a":{"credits":1.5}}', '3000'],
      ['{"a":{"credits":-1}}', 'amount_invalid'],
      ['{"a":{"credits":1e3}}', 'amount_invalid'],
      ['{"a":{"credits":"3"}}', 'amount_invalid'],
      ['{"a":{"credits":12345678901234567890}}', 'amount_invalid'],
      ['{"a":{"credits":999999999999999}}', 'amount_invalid'],
      ['{"credits":3}', 'amount_invalid'],
      ['{"a":{"credits":3,"credits":1}}', 'body_unreadable'],
    ] as const) {
      expect(cell(unit, body), body).to.equal(expected)
    }
    expect(cell(unit, 'a[credits]=3', FORM)).to.equal('6000')
    const amz = 'application/x-amz-json-1.1'
    expect(cell(unit, '{"a":{"credits":3}}', amz)).to.equal('amount_invalid')
    expect(cell({ ...unit, mediaTypes: { [amz]: 'json' } }, '{"a":{"credits":3}}', amz)).to.equal('6000')
    expect(cell({ ...unit, mediaTypes: { [amz]: 'json' } }, '{"a":{"credits":"3"}}', amz)).to.equal('amount_invalid')
    expect(cell(unit, 'a[credits]=3&a[credits]=1', FORM)).to.equal('amount_invalid')
    expect(costing.bound(lookup('3', 'text/plain'), unit), 'the type is what is to be changed').to.deep.include({
      code: 'amount_invalid',
      message:
        'The route is priced by `/a/credits` of the body, and "text/plain" is not read: send JSON or a form with its Content-Type, or declare the type under `mediaTypes` of the vendor.',
    })
  })

  it('by the items of a list', () => {
    const item = priced({ kind: 'item', at: '/to' })
    expect(cell(item, '{"to":["a","b","c"]}')).to.equal('6000')
    expect(cell(item, '{"to":"a"}')).to.equal('2000')
    const numbered = priced({ kind: 'item', at: '/jobs/0/to' })
    expect(cell(numbered, '{"jobs":[{"to":["a","b"]}]}')).to.equal('4000')
    expect(cell(numbered, '{"jobs":[{"to":["a"]},{"to":["b","c","d"]}]}')).to.equal('amount_invalid')
    expect(cell(numbered, '{"jobs":{"0":{"to":["a"]},"1":{"to":["b","c","d"]}}}')).to.equal('amount_invalid')
    expect(cell(priced({ kind: 'unit', at: '/jobs/0/n' }), '{"jobs":[{"n":1},{"n":900}]}')).to.equal('amount_invalid')
    expect(cell(item, '{"to":[]}'), 'may stand for all there are').to.equal('amount_invalid')
    expect(cell(item, '{}')).to.equal('amount_invalid')
    expect(cell(item, `{"to":[${Array(1_000).fill('"a"').join()}]}`)).to.equal('2000000')
    expect(cell(item, 'to=a&to=b', FORM)).to.equal('4000')
    expect(cell(item, 'to[]=a&to[]=b&to=c', FORM)).to.equal('6000')
  })

  describe('is asked for where another server might read another number, or a longer list', () => {
    const UNIT = priced({ kind: 'unit', at: '/a/num_credits' })
    const ITEM = priced({ kind: 'item', at: '/to' })
    const ODD: readonly (readonly [
      what: string,
      pricing: VendorPricing,
      body: string,
      type?: string,
      query?: string,
    ])[] = [
      ['JSON, in another case (Go, .NET)', UNIT, '{"a":{"num_credits":1,"Num_Credits":100}}'],
      ['JSON, by its other name (protobuf)', UNIT, '{"a":{"num_credits":1,"numCredits":100}}'],
      ['JSON, around it', UNIT, '{"a":{"num_credits":1},"A":{"num_credits":100}}'],
      ['a form, in another case', UNIT, 'a[num_credits]=1&A[num_credits]=100', FORM],
      ['a form, with a dot (PHP)', UNIT, 'a[num_credits]=1&a[num.credits]=100', FORM],
      ['a form, around it', UNIT, 'a[num_credits]=1&a=100', FORM],
      ['a form, within it', UNIT, 'a[num_credits]=1&a[num_credits][0]=100', FORM],
      ['a form, within a list', UNIT, 'a[num_credits]=1&a[][num_credits]=100', FORM],
      ['the query', UNIT, '?a[num_credits]=100 {"a":{"num_credits":1}}'],
      ['the query, encoded', UNIT, '?x=1&%61%5Bnum_credits%5D=100 {"a":{"num_credits":1}}'],
      ['JSON, with a long s (Go)', UNIT, '{"a":{"num_credits":1,"num_credit\u017f":100}}'],
      ['JSON, with a NUL (C)', UNIT, String.raw`{"a":{"num_credits":1,"num_credits\u0000x":100}}`],
      ['JSON, several steps in one (Elasticsearch)', UNIT, '{"a":{"num_credits":1},"a.num_credits":100}'],
      ['a form, several steps in one (Spring)', UNIT, 'a[num_credits]=1&a.num_credits=100', FORM],
      ['a form, in brackets alone (qs)', ITEM, 'to=a&[to]=b&[to]=c', FORM],
      ['a form, with an open bracket (PHP)', UNIT, 'a[num_credits]=1&a[num[credits=100', FORM],
      ['a form that is JSON too', UNIT, '{"a":{"num_credits":100},"x":"=&a[num_credits]=1&y="}', FORM],
      ['the query, behind a semicolon (Perl)', UNIT, '?x=1;a[num_credits]=100 {"a":{"num_credits":1}}'],
      ['the query, in brackets alone (qs)', ITEM, '?[to]=b {"to":["a"]}'],
      ['a list, by numbers (qs)', ITEM, 'to=a&to[0]=b&to[1]=c', FORM],
      ['a list, in another case', ITEM, '{"to":["a"],"To":["a","b"]}'],
      ['a list that is an object', ITEM, '{"to":{"0":"a","1":"b"}}'],
      ['a list, in the query', ITEM, '?to=b&to=c {"to":["a"]}'],
    ]
    for (const [what, pricing, body, type] of ODD) {
      it(what, () => expect(cell(pricing, body, type)).to.equal('amount_invalid'))
    }

    it('and is taken beside other fields', () => {
      expect(cell(UNIT, '?expand=to {"a":{"num_credits":1,"Other":2},"to":["a"]}')).to.equal('2000')
      expect(cell(UNIT, 'a[num_credits]=1&a[other]=2&to[0]=a', FORM)).to.equal('2000')
    })
  })

  it('from the answer, up to what was reserved; the most where it does not say', () => {
    const pricing = priced({ kind: 'answer', at: '/cost', unitUsdMicros: 1_000_000 as UsdMicros }, 2_000_000)
    const bound = costing.bound(lookup('{}'), pricing)
    if (isRefusal(bound) || bound.kind !== 'priced') throw new Error('no bound')
    const actual = (body: string, status = 200) =>
      costing.actual({ call: lookup('{}'), answer: { status, headers: {}, body: Buffer.from(body) }, bound })
    expect(cell(pricing, '{}')).to.equal('2000000')
    expect(actual('{"cost":0.25}').totalUsdMicros).to.equal(250_000)
    expect(actual('{"cost":"0.25"}').totalUsdMicros).to.equal(250_000)
    for (const body of ['{}', '{"cost":-1}', '{"cost":null}', 'odd']) {
      expect(actual(body).totalUsdMicros, body).to.equal(2_000_000)
    }
    expect(actual('{"cost":0}', 206).totalUsdMicros, 'a part that the app asked for by Range').to.equal(2_000_000)
    expect(actual('{"cost":3}').totalUsdMicros, 'booked as it came, and flagged by the store').to.equal(3_000_000)
    expect(actual('{"cost":1}', 400)).to.include({ totalUsdMicros: 0, hasEffect: false })
  })

  it('its statuses say what they are declared to say', () => {
    const verdict = (status: number) => costing.verdict({ status }, lookup('{}'), priced({ kind: 'item', at: '/to' }))
    expect([503, 409, 500, 200].map(verdict)).to.deep.equal(['definite', 'not_sent', 'unknown', 'definite'])
  })
})

describe('a secret at its place', () => {
  it('is a header, HTTP Basic or a parameter', () => {
    expect(credentialAt('s', { basicUser: 'api' }).value).to.equal(`Basic ${Buffer.from('api:s').toString('base64')}`)
    expect(credentialAt('s', { basicUser: null }).value).to.equal(`Basic ${Buffer.from('s:').toString('base64')}`)
    expect(credentialAt('s', { query: 'key' })).to.deep.equal({ name: 'key', value: 's', inQuery: true })
  })
})
