import { expect } from 'chai'
import type { UsdMicros } from '../../contract/money.ts'
import type { VendorPricing } from '../../contract/pricing.ts'
import type { VendorTerms } from '../../contract/vendor.ts'
import { isRefusal } from '../../vendors/content/guard.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { type CallParts, callOf, FORM, JSON_TYPE, recognised, rowsOf } from './calls.ts'

const RESEND: VendorTerms = { name: 'resend', type: 'resend', routes: [] }
const PRICING: VendorPricing = {
  type: 'resend',
  currencies: { bufferBasisPoints: 0, usdMicrosPerMajorUnit: {}, hash: '' },
  routes: [],
  idempotency: 'never',
  resend: { recipientUsdMicros: 400 as UsdMicros },
}
const costing = costingOf('resend')
const boundCell = (parts: CallParts): string => {
  const bound = costing.bound(callOf({ path: '/emails', type: JSON_TYPE, ...parts }), PRICING)
  return String(isRefusal(bound) ? bound.code : bound.kind === 'priced' ? bound.totalUsdMicros : bound.kind)
}
const mail = (more: object = {}) => ({ from: 'a@x.com', to: 'b@x.com', subject: 'Hi', text: 'Hi', ...more })
const mailCell = (more: object) => boundCell({ body: JSON.stringify(mail(more)) })
const batchCell = (mails: unknown) => boundCell({ path: '/emails/batch', body: JSON.stringify(mails) })

describe('what a mail by Resend can cost', () => {
  const MAILS: readonly [what: string, more: object, micros: string][] = [
    ['one recipient', {}, '400'],
    ['a list of two', { to: ['b@x.com', 'c@x.com'] }, '800'],
    ['the same one twice', { to: ['b@x.com', 'b@x.com'] }, '800'],
    ['to, cc and bcc', { to: ['b@x.com'], cc: 'c@x.com', bcc: ['d@x.com', 'e@x.com'] }, '1600'],
    ['null for cc', { cc: null }, '400'],
    ['two in one text', { to: 'b@x.com, c@x.com' }, '800'],
    ['a name with an address in it', { to: 'Us @ Work <b@x.com>' }, '800'],
    ['no address at all, which Resend refuses', { to: 'nobody' }, '400'],
    ['nobody, which Resend refuses: should it be taken, it is one mail', { to: [] }, '400'],
    ['null for to, likewise', { to: null }, '400'],
    ['nobody but a copy', { to: [], cc: ['c@x.com'] }, '400'],
    ['a number for to', { to: 7 }, 'amount_invalid'],
    ['an object for cc', { cc: { a: 'b' } }, 'amount_invalid'],
    ['a list within the list', { to: [['b@x.com']] }, 'amount_invalid'],
    ['a recipient in capitals', { Bcc: ['b@x.com'] }, 'route_unknown'],
    ['recipients in the headers', { headers: { ' bcc': 'b@x.com' } }, 'route_unknown'],
    ['recipients in headers in capitals', { headers: { 'Resent-CC': 'b@x.com' } }, 'route_unknown'],
    ['other headers', { headers: { 'X-Entity-Ref-ID': '1' } }, '400'],
    ['a field that nobody knows', { audience_id: 'a' }, 'route_unknown'],
    ['a header that another could hide in', { headers: { 'X-A': '1\r\nBcc: q@z.com' } }, 'amount_invalid'],
    ['the name of such a header', { headers: { 'X-A: 1\nBcc': 'q@z.com' } }, 'amount_invalid'],
    ['headers in a list, which may hold whatever', { headers: [{ name: 'Bcc', value: 'q@z.com' }] }, 'amount_invalid'],
    ['null for the headers', { headers: null }, '400'],
    ['a list of senders that a header could hide in', { from: ['a@x.com', 'a\nBcc: q@z.com'] }, 'amount_invalid'],
    ['a sender that a header could hide in', { from: 'a@x.com\r\nBcc: q@z.com' }, 'amount_invalid'],
  ]
  for (const [what, more, micros] of MAILS) it(`${what}: ${micros}`, () => expect(mailCell(more)).to.equal(micros))

  it('a batch by all its recipients, up to 100 mails', () => {
    expect(batchCell([mail(), mail({ to: ['b@x.com', 'c@x.com'] })])).to.equal('1200')
    expect(batchCell(Array.from({ length: 100 }, () => mail()))).to.equal('40000')
    expect(batchCell(Array.from({ length: 1_000 }, () => mail()))).to.equal('amount_invalid')
    expect(batchCell([])).to.equal('amount_invalid')
    expect(batchCell(mail())).to.equal('body_unreadable')
    expect(batchCell([mail(), 'mail'])).to.equal('body_unreadable')
    expect(boundCell({ body: JSON.stringify([mail()]) }), 'a batch at the route of one').to.equal('body_unreadable')
  })

  it('a route that is not known is refused with the way to declare it', () => {
    const bound = costing.bound(callOf({ method: 'POST', path: '/broadcasts/7f3/send', body: '' }), PRICING)
    expect(bound).to.have.property('message').that.includes('routes: [{match: "POST /broadcasts/*/send"')
  })

  const ROUTES = `
    method  path                  expected
    GET     /emails/1             free
    POST    /emails/1/cancel      free
    PATCH   /emails/1             free
    POST    /domains/1/verify     free
    DELETE  /contacts/1           free
    POST    /contacts             route_unknown
    POST    /broadcasts           route_unknown
    POST    /broadcasts/1/send    route_unknown
    POST    /events/send          route_unknown
    POST    /api-keys             route_unknown
    POST    /inboxes/1/drafts/2/send  route_unknown
    PATCH   /emails/batch         route_unknown
    PUT     /emails               route_unknown
    POST    /emails/              path_ambiguous
    POST    /Emails               path_ambiguous
    POST    //emails              path_ambiguous
    POST    /emails/../emails     path_ambiguous
    POST    /emails;v=1           path_ambiguous
    POST    /%65mails             path_ambiguous
    POST    /emails%2fbatch       path_ambiguous
    POST    /emails.              path_ambiguous
    POST    /emails/Batch         route_unknown
  `
  for (const [method = '', path = '', expected = ''] of rowsOf(ROUTES)) {
    it(`${method} ${path}: ${expected}`, () => expect(boundCell({ method, path, body: '' })).to.equal(expected))
  }

  it('a read has no body, but for the `{}` that resend-python sends', () => {
    const read = (body: string) => boundCell({ method: 'GET', path: '/emails/1', body })
    expect([read(''), read('{}'), read('{"to":"b@x.com"}')]).to.deep.equal(['free', 'free', 'request_malformed'])
  })

  it('a body that is no JSON, holds a name twice or comes with a query is refused', () => {
    const body = JSON.stringify(mail())
    expect(boundCell({ type: FORM, body: 'from=a&to=b' })).to.equal('body_unreadable')
    expect(boundCell({ type: 'text/plain', body })).to.equal('body_unreadable')
    expect(boundCell({ type: 'multipart/form-data', body })).to.equal('body_unreadable')
    expect(boundCell({ body: '{"to":"b@x.com","to":["b@x.com","c@x.com"]}' })).to.equal('body_unreadable')
    expect(boundCell({ body: '{"to":"b@x.com","__proto__":{}}' })).to.equal('body_unreadable')
    expect(boundCell({ body: Buffer.from('{"to":"\xff@x.com"}', 'latin1') })).to.equal('body_unreadable')
    expect(boundCell({ body, query: 'bcc=c@x.com' })).to.equal('request_malformed')
  })
})

describe('what a mail by Resend came to', () => {
  const settled = (parts: CallParts, said: object, status = 200) => {
    const call = callOf({ path: '/emails/batch', type: JSON_TYPE, ...parts })
    const bound = costing.bound(call, PRICING)
    if (isRefusal(bound) || bound.kind !== 'priced') throw new Error('no bound')
    const answer = { status, headers: {}, body: Buffer.from(JSON.stringify(said)) }
    return costing.actual({ call, answer, bound })
  }
  const three = JSON.stringify([mail(), mail({ to: ['b@x.com', 'c@x.com'] }), mail()])
  const PERMISSIVE = { headers: { 'x-batch-validation': 'permissive' }, body: three }

  it('of a permissive batch is what was taken', () => {
    const said = { data: [{ id: '1' }, { id: '2' }], errors: [{ index: 1, message: 'no' }] }
    expect(settled(PERMISSIVE, said).totalUsdMicros).to.equal(800)
    expect(settled(PERMISSIVE, { data: [], errors: [] }).totalUsdMicros).to.equal(1_600)
  })

  it('is the bound where the answer does not say which were turned down', () => {
    expect(settled(PERMISSIVE, { data: [] }).totalUsdMicros).to.equal(1_600)
    expect(settled(PERMISSIVE, { errors: [{ message: 'no' }] }).totalUsdMicros).to.equal(1_600)
    expect(settled({ body: three }, { errors: [{ index: 1 }] }).totalUsdMicros).to.equal(1_600)
  })

  it('is nothing where Resend refused', () => {
    expect(settled({ body: three }, {}, 422)).to.include({ totalUsdMicros: 0, hasEffect: false })
  })
})

describe('what an answer of Resend says', () => {
  const verdict = (status: number, name?: string) => {
    const body = name === undefined ? {} : { body: Buffer.from(JSON.stringify({ name })) }
    return costing.verdict({ status, ...body }, callOf({ path: '/emails' }), PRICING)
  }

  it('409 is at work, or another mail under the key; 403 is about our key, or about the mail', () => {
    expect(verdict(409)).to.equal('in_progress')
    expect(verdict(409, 'concurrent_idempotent_requests')).to.equal('in_progress')
    expect(verdict(409, 'invalid_idempotent_request')).to.equal('definite')
    expect(verdict(403, 'invalid_api_key')).to.equal('credential_refused')
    expect(verdict(401, 'restricted_api_key')).to.equal('credential_refused')
    expect(verdict(401, 'missing_api_key')).to.equal('credential_refused')
    expect(verdict(403)).to.equal('credential_refused')
    expect(verdict(403, 'validation_error')).to.equal('definite')
    expect(verdict(429, 'daily_quota_exceeded')).to.equal('not_sent')
    expect(verdict(500, 'internal_server_error')).to.equal('unknown')
  })

  it('mails and batches may be repeated for 23 h, nothing else', () => {
    const repeat = (method: string, path: string) => costing.repeat(callOf({ method, path }), PRICING)
    const keyed = { kind: 'idempotent', header: 'Idempotency-Key', windowMs: 82_800_000 }
    expect(repeat('POST', '/emails')).to.deep.equal(keyed)
    expect(repeat('POST', '/emails/batch')).to.deep.equal(keyed)
    expect(repeat('POST', '/emails/1/cancel')).to.deep.equal({ kind: 'never' })
  })
})

describe('which Resend call it is', () => {
  const of = (name: 'digest' | 'core', more: object, parts: CallParts = {}) =>
    recognised(name, { path: '/emails', type: JSON_TYPE, body: JSON.stringify(mail(more)), ...parts }, RESEND)

  it('is told by the whole mail, whatever the order of its fields; a permissive batch is another', () => {
    expect(of('digest', {}, { body: '{"subject":"Hi","text":"Hi","to":"b@x.com","from":"a@x.com"}' })).to.equal(
      of('digest', {}),
    )
    expect(of('digest', { text: 'Ho' })).not.to.equal(of('digest', {}))
    expect(of('digest', {}, { headers: { 'x-batch-validation': 'strict' } })).to.equal(of('digest', {}))
    expect(of('digest', {}, { headers: { 'x-batch-validation': 'permissive' } })).not.to.equal(of('digest', {}))
  })

  it('has as its core who writes to whom about what', () => {
    expect(of('core', { text: 'Ho' })).to.equal(of('core', {}))
    expect(of('core', { to: ['b@x.com', 'c@x.com'] })).not.to.equal(of('core', {}))
    expect(recognised('core', { method: 'PATCH', path: '/emails/1', type: JSON_TYPE, body: '{}' }, RESEND)).to.equal(
      null,
    )
  })
})
