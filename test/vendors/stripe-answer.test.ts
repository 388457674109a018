import { expect } from 'chai'
import type { UsdMicros } from '../../contract/money.ts'
import type { Settleable, VendorAnswer } from '../../vendors/costing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { callOf, FORM, JSON_TYPE, rowsOf, STRIPE_PRICING } from './calls.ts'

const costing = costingOf('stripe')
const INTENT = '"id":"pi_1","amount":500,"currency":"usd"'

function answerOf(status: number, body: string, headers: Record<string, string> = {}): VendorAnswer {
  return { status, headers, body: Buffer.from(body) }
}

function boundOf(cell: string): Settleable {
  if (cell === 'free') return { kind: 'free' }
  const [cents = '', object = null] = cell.split('@')
  return { kind: 'priced', totalUsdMicros: (Number(cents) * 10_000) as UsdMicros, object }
}

/** `bound`: cents, and after `@` the object. `total` in cents. */
const ANSWERS = `
  path                              bound     status  answer                                                       total  object  givesBack  hasEffect
  /v1/payment_intents               500       200     {${INTENT}}                                                  500    pi_1    -          true
  /v1/payment_intents               500       200     {"id":"pi_1","amount":700,"currency":"usd"}                  700    pi_1    -          true
  /v1/payment_intents               500       200     {"id":"pi_1","amount":300,"currency":"usd"}                  500    pi_1    -          true
  /v1/payment_intents               500       200     {"id":"pi_1","amount":700,"currency":"xyz"}                  500    pi_1    -          true
  /v1/payment_intents               500       200     {"id":"pi_1\\u0000","amount":500,"currency":"usd"}            500    -       -          true
  /v1/payment_intents               500       200     <html>garbage                                                500    -       -          true
  /v1/payment_intents               500       200     -                                                            500    -       -          true
  /v1/payment_intents               500       402     {"error":{"payment_intent":{${INTENT}}}}                     0      -       -          false
  /v1/payment_intents               500       400     {"error":{}}                                                 0      -       -          false
  /v1/payment_intents/pi_1/confirm  500@pi_1  200     {${INTENT}}                                                  500    pi_1    -          true
  /v1/payment_intents/pi_1/confirm  500@pi_1  402     {"error":{}}                                                 0      -       -          false
  /v1/payment_intents/pi_1/cancel   free      200     {${INTENT},"status":"canceled","amount_received":0}          0      -       pi_1       true
  /v1/payment_intents/pi_1/cancel   free      200     {${INTENT},"status":"canceled","amount_received":200}        0      -       -          true
  /v1/payment_intents/pi_1/cancel   free      200     {${INTENT},"status":"succeeded","amount_received":0}         0      -       -          true
  /v1/payment_intents/pi_1/cancel   free      200     {${INTENT},"status":"canceled"}                              0      -       -          true
  /v1/payment_intents/pi_2/cancel   free      200     {${INTENT},"status":"canceled","amount_received":0}          0      -       -          true
  /v1/payment_intents/pi_1/cancel   free      200     garbage                                                      0      -       -          true
  /v1/payment_intents/pi_1/cancel   free      400     {${INTENT},"status":"canceled","amount_received":0}          0      -       -          false
  /v1/payment_intents/pi_1          free      200     {${INTENT},"status":"canceled","amount_received":0}          0      -       -          true
  /v1/refunds                       free      200     {"id":"re_1","amount":500,"currency":"usd"}                  0      -       -          true
  /v1/payouts/po_1/cancel           free      200     {"id":"po_1","status":"canceled","amount":500,"currency":"usd"}   0  -       po_1       true
  /v1/payouts/po_1/cancel           free      200     {"id":"po_1","status":"paid","amount":500,"currency":"usd"}   0      -       -          true
  /v2/money_management/outbound_payments/obp_1/cancel  free  200  {"id":"obp_1","status":"canceled","amount":{"value":5,"currency":"usd"}}  0  -  obp_1  true
  /v2/money_management/outbound_payments  500  200    {"id":"obp_1","amount":{"value":700,"currency":"usd"}}       700    obp_1   -          true
  /v2/money_management/payout_intents  500  200    {"id":"pyti_1","status":"requires_confirmation","amount":{"value":500,"currency":"usd"}}  500  pyti_1  -  true
  /v2/money_management/payout_intents/pyti_1/confirm  500@pyti_1  200  {"id":"pyti_1","status":"processing","amount":{"value":500,"currency":"usd"}}  500  pyti_1  -  true
  /v2/money_management/payout_intents/pyti_1/cancel  free  200  {"id":"pyti_1","status":"canceled","amount":{"value":500,"currency":"usd"}}  0  -  pyti_1  true
  /v2/money_management/payout_intents/pyti_1/cancel  free  200  {"id":"pyti_1","status":"processing","amount":{"value":500,"currency":"usd"}}  0  -  -  true
  /v1/refunds                       500       200     {"id":"re_1","amount":300,"currency":"usd"}                  300    -       -          true
  /v1/refunds                       500       200     garbage                                                      500    -       -          true
  /v1/subscriptions                 900       200     {"id":"sub_1","currency":"usd"}                              900    -       -          true
  /v1/subscriptions/sub_1           900       200     {"id":"sub_1","currency":"usd"}                              900    -       -          true
  /v1/customers/cus_1/balance_transactions  900  200  {"id":"cbtxn_1","amount":1200,"currency":"usd"}              1200   -       -          true
  /v1/invoices/in_1/add_lines       900       200     {"id":"in_1","object":"invoice","status":"draft","amount_due":1800,"currency":"usd"}  900  -  -  true
  /v1/checkout/sessions             900       200     {"id":"cs_1","object":"checkout.session","amount_total":1200,"currency":"usd"}  1200  cs_1  -  true
  /v1/checkout/sessions             900       200     {"id":"cs_1","object":"checkout.session","amount_total":null,"currency":null}  900  cs_1  -  true
  /v1/checkout/sessions/cs_1        0@cs_1    200     {"id":"cs_1","object":"checkout.session","amount_total":1200,"currency":"usd"}  0  cs_1  -  true
  /v1/quotes/qt_1/accept            900@qt_1  200     {"id":"qt_1","object":"quote","amount_total":1200,"currency":"usd"}  1200  qt_1  -  true
  /v1/invoices                      900       200     {"id":"in_1","object":"invoice","status":"draft","amount_due":100,"currency":"usd"}  900  in_1  -  true
  /v1/invoices                      0         200     {"id":"in_1","object":"invoice","status":"draft","amount_due":100,"currency":"usd"}  0  -  -  true
  /v1/invoiceitems                  0         200     {"id":"ii_1","object":"invoiceitem","amount":100,"currency":"usd"}  0  -  -  true
  /v1/invoices/in_1/finalize        900@in_1  200     {"id":"in_1","object":"invoice","status":"open","amount_due":100,"currency":"usd"}  100  in_1  -  true
  /v1/invoices/in_1/finalize        900@in_1  200     {"id":"in_1","object":"invoice","status":"open","amount_due":1200,"currency":"usd"}  1200  in_1  -  true
  /v1/invoices/in_1/pay             500@in_1  200     {"id":"in_1","object":"invoice","status":"paid","amount_due":500,"amount_remaining":0,"currency":"usd"}  500  in_1  -  true
  /v1/charges/ch_1/capture          500@ch_1  200     {"id":"ch_1","amount":500,"amount_captured":200,"currency":"usd"}  500    ch_1    -          true
`

describe('what an answer of Stripe came to', () => {
  for (const [
    path = '',
    bound = '',
    status = '',
    body = '',
    total = '',
    object = '',
    givesBack = '',
    hasEffect = '',
  ] of rowsOf(ANSWERS)) {
    it(`${path} reserved ${bound}, answered ${status} ${body}: ${total}, object ${object}, gives back ${givesBack}`, () => {
      const answer = answerOf(Number(status), body === '-' ? '' : body)
      const actual = costing.actual({ call: callOf({ path }), answer, bound: boundOf(bound) })
      expect(actual).to.deep.equal({
        totalUsdMicros: Number(total) * 10_000,
        object: object === '-' ? null : object,
        givesBack: givesBack === '-' ? null : givesBack,
        hasEffect: hasEffect === 'true',
        isVendorReplay: false,
      })
    })
  }

  it('a replay of Stripe is booked in full and marked', () => {
    const answer = answerOf(200, `{${INTENT}}`, { 'idempotent-replayed': 'true' })
    const actual = costing.actual({ call: callOf({}), answer, bound: boundOf('500') })
    expect(actual).to.deep.include({ totalUsdMicros: 5_000_000, isVendorReplay: true })
  })

  it('a read has no effect', () => {
    const settling = { call: callOf({ method: 'GET' }), answer: answerOf(200, `{${INTENT}}`), bound: boundOf('free') }
    expect(costing.actual(settling)).to.deep.include({ totalUsdMicros: 0, hasEffect: false })
  })
})

describe('what a status of Stripe says of the effect', () => {
  const VERDICTS = {
    definite: [200, 201, 204, 400, 402, 404, 410, 422],
    not_sent: [429],
    in_progress: [409],
    credential_refused: [401, 403],
    unknown: [301, 304, 408, 499, 500, 502, 503, 504, 529],
  }
  for (const [verdict, statuses] of Object.entries(VERDICTS)) {
    it(`${statuses.join(', ')}: ${verdict}`, () => {
      for (const status of statuses)
        expect(costing.verdict({ status }, callOf({}), STRIPE_PRICING), String(status)).to.equal(verdict)
    })
  }
})

describe('a call on its way to Stripe', () => {
  it('may be repeated for 23 hours when it is a v1 POST, for 29 days on v2, and never otherwise', () => {
    const repeat = (method: string, path: string) => costing.repeat(callOf({ method, path }), STRIPE_PRICING)
    expect(repeat('POST', '/v1/payment_intents')).to.deep.equal({
      kind: 'idempotent',
      header: 'Idempotency-Key',
      windowMs: 82_800_000,
    })
    expect(repeat('DELETE', '/v1/customers/cus_1')).to.deep.equal({ kind: 'never' })
    for (const method of ['POST', 'DELETE']) {
      expect(repeat(method, '/v2/core/accounts'), method).to.deep.equal({
        kind: 'idempotent',
        header: 'Idempotency-Key',
        windowMs: 2_505_600_000,
      })
    }
  })

  it('keeps its form byte for byte, and goes as a form when it came as JSON', () => {
    const form = callOf({ body: 'b=1&a=%20', type: `${FORM}; charset=utf-8` })
    expect(costing.forwardBody(form, STRIPE_PRICING)).to.deep.equal({
      body: form.body,
      contentType: `${FORM}; charset=utf-8`,
    })
    const json = costing.forwardBody(
      callOf({ type: JSON_TYPE, body: '{"amount":100,"metadata":{"a":"b"}}' }),
      STRIPE_PRICING,
    )
    expect(json).to.deep.equal({ body: Buffer.from('amount=100&metadata[a]=b'), contentType: FORM })
    expect(costing.forwardBody(callOf({ type: JSON_TYPE, body: '{' }), STRIPE_PRICING)).to.have.property(
      'code',
      'body_unreadable',
    )
    const v2 = callOf({ path: '/v2/core/events', type: JSON_TYPE, body: '{"a": 1}' })
    expect(costing.forwardBody(v2, STRIPE_PRICING)).to.deep.equal({ body: v2.body, contentType: JSON_TYPE })
  })

  it('carries our secret as a bearer', () => {
    expect(costing.auth('placeholder', null)).to.deep.equal({ name: 'authorization', value: 'Bearer placeholder' })
  })
})
