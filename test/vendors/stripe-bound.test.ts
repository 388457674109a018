import { expect } from 'chai'
import type { UsdMicros } from '../../contract/money.ts'
import type { VendorPricing } from '../../contract/pricing.ts'
import type { Bound } from '../../vendors/costing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { type CallParts, callOf, FORM, JSON_TYPE, rowsOf, STRIPE_PRICING } from './calls.ts'

const costing = costingOf('stripe')

/** A bound as a cell: `free`, `$12.34`, `$12.34 of pi_1`, `ask /path`, `refused code field`. */
function cellOf(bound: Bound): string {
  if ('code' in bound) return ['refused', bound.code, bound.details?.['field'] ?? ''].join(' ').trim()
  switch (bound.kind) {
    case 'free':
      return 'free'
    case 'ask_object_first':
      return `ask ${bound.path}`
    case 'priced':
      return [
        `$${bound.totalUsdMicros / 1e6}`,
        ...(bound.object === null ? [] : [`of ${bound.object}`]),
        ...(bound.moneyClass === undefined ? [] : [`in ${bound.moneyClass}`]),
      ].join(' ')
  }
}

function cost(parts: CallParts): string {
  return cellOf(costing.bound(callOf(parts), STRIPE_PRICING))
}

const ROUTES = `
  method  path                                              body                          bound
  POST    /v1/payment_intents                               amount=1999&currency=usd      $19.99
  POST    /v1/payment_intents                               currency=USD&amount=1         $0.01
  POST    /v1/payment_intents                               amount=100&currency=eur       $1.08
  POST    /v1/payment_intents                               amount=100&currency=JPY       $0.67
  POST    /v1/payment_intents                               amount=5&currency=usd&transfer_data[amount]=900&application_fee_amount=900  $0.05
  POST    /v1/payment_intents                               amount=5&currency=usd&amount_details[tip][amount]=9  $0.05
  POST    /v1/payment_intents/pi_1                          metadata[a]=b                 free
  POST    /v1/payment_intents/pi_1                          amount=500                    ask /v1/payment_intents/pi_1
  POST    /v1/payment_intents/pi_1                          amount=500&currency=usd       $5 of pi_1
  POST    /v1/payment_intents/pi_1                          currency=eur                  refused amount_invalid amount
  POST    /v1/payment_intents/pi_1/confirm                  payment_method=pm_1           ask /v1/payment_intents/pi_1
  POST    /v1/payment_intents/pi_1/confirm                  amount=1                      refused amount_invalid amount
  POST    /v1/payment_intents/pi_1/confirm                  amount_to_confirm=1           ask /v1/payment_intents/pi_1
  POST    /v1/payment_intents/pi_1/confirm                  amount_to_confirm=0           refused amount_invalid amount_to_confirm
  POST    /v1/payment_intents/pi_1/verify_microdeposits     amounts[]=32&amounts[]=45     ask /v1/payment_intents/pi_1
  POST    /v1/payment_intents/pi_1/verify_microdeposits     amount=32                     refused amount_invalid amount
  POST    /v1/payment_intents/pi_1/capture                  -                             ask /v1/payment_intents/pi_1
  POST    /v1/payment_intents/pi_1/capture                  amount_to_capture=5           ask /v1/payment_intents/pi_1
  POST    /v1/payment_intents/pi_1/capture                  amount_to_capture=0           refused amount_invalid amount_to_capture
  POST    /v1/payment_intents/pi_1/capture                  currency=usd                  refused amount_invalid currency
  POST    /v1/payment_intents/pi_1/increment_authorization  amount=900                    ask /v1/payment_intents/pi_1
  POST    /v1/payment_intents/pi_1/increment_authorization  -                             refused amount_invalid amount
  POST    /v1/payment_intents/pi_1/cancel                   -                             free
  POST    /v1/payment_intents/pi_1/cancel                   amount=1                      refused amount_invalid amount
  POST    /v1/charges                                       amount=1&currency=usd&source=tok_1  $0.01
  POST    /v1/charges/ch_1                                  description=x                 free
  POST    /v1/charges/ch_1/capture                          -                             ask /v1/charges/ch_1
  POST    /v1/charges/ch_1/capture                          amount=7                      ask /v1/charges/ch_1
  POST    /v1/transfers                                     amount=7&currency=usd&destination=acct_1  $0.07
  POST    /v1/payouts                                       amount=7&currency=usd         $0.07
  POST    /v1/topups                                        amount=7&currency=usd         $0.07
  POST    /v1/refunds                                       charge=ch_1&amount=700        free
  POST    /v1/customers                                     email=a%40b.com               free
  POST    /v1/customers                                     plan=gold                     refused route_unknown
  POST    /v1/customers/cus_1                               balance=-500                  refused route_unknown
  POST    /v1/customers/cus_1                               source=tok_1                  refused route_unknown
  DELETE  /v1/customers/cus_1                               -                             free
  POST    /v1/payment_methods/pm_1/attach                   customer=cus_1                free
  POST    /v1/setup_intents                                 customer=cus_1                free
  GET     /v1/payment_intents/pi_1                          -                             free
  GET     /v1/forwarding/requests/fwdreq_1                  -                             free
  HEAD    /v1/charges                                       -                             free
  GET     /v2/core/events                                   -                             free
  POST    /v1/forwarding/requests                           -                             refused route_unknown
  POST    /v1/subscriptions                                 customer=cus_1                refused route_unknown
  POST    /v1/invoices/in_1/pay                             -                             ask /v1/invoices/in_1
  POST    /v1/invoices/in_1/finalize                        -                             refused route_unknown
  POST    /v1/checkout/sessions/cs_1                        metadata[a]=b                 free
  POST    /v1/checkout/sessions/cs_1                        line_items[0][price]=price_1  refused route_unknown
  POST    /v1/checkout/sessions/cs_1                        shipping_options[0][shipping_rate]=shr_1  refused route_unknown
  POST    /v1/prices/price_1                                active=false                  free
  POST    /v1/prices/price_1                                currency_options[eur][unit_amount]=9  refused route_unknown
  POST    /v1/shipping_rates/shr_1                          fixed_amount[currency_options][eur][amount]=9  refused route_unknown
  POST    /v1/treasury/financial_accounts/fa_1              nickname=a                    free
  POST    /v1/treasury/financial_accounts/fa_1              forwarding_settings[financial_account]=fa_2  refused route_unknown
  POST    /v1/invoices/create_preview                       customer=cus_1                free
  POST    /v1/quotes/qt_1/accept                            -                             refused route_unknown
  POST    /v1/credit_notes                                  invoice=in_1&amount=5         free
  POST    /v1/disputes/dp_1/close                           -                             free
  POST    /v1/payouts/po_1/cancel                           -                             free
  DELETE  /v1/subscriptions/sub_1                           -                             free
  DELETE  /v1/subscriptions/sub_1                           invoice_now=true              refused route_unknown
  POST    /v1/ephemeral_keys                                customer=cus_1                refused route_unknown
  POST    /v1/accounts/acct_1                               settings[payouts]=x           refused route_unknown
  POST    /v1/accounts/acct_1                               email=a%40b.com               free
  POST    /v1/payment_intents/pi_1/apply_customer_balance   amount=5                      ask /v1/payment_intents/pi_1
  POST    /v1/payment_intents/pi_1/apply_customer_balance   amount=5&currency=usd         ask /v1/payment_intents/pi_1
  POST    /v1/apps/secrets/delete                           name=x                        free
  POST    /v1/apps/secrets/pay                              name=x                        refused route_unknown
  POST    /v2/money_management/outbound_payments            amount=5&currency=usd         refused amount_invalid amount
  POST    /v1/payment_intents/pi_1/confirm/now              -                             refused route_unknown
  POST    /v1/payment_intents/pi_1/CONFIRM                  -                             refused route_unknown
  POST    /v1/payment_intents/pi%401/confirm                -                             refused route_unknown
  POST    /v1/constructor                                   -                             refused route_unknown
  POST    /v2/payment_intents                               amount=1&currency=usd         refused route_unknown
  POST    /payment_intents                                  amount=1&currency=usd         refused route_unknown
  PUT     /v1/payment_intents                               amount=1&currency=usd         refused route_unknown
  PATCH   /v1/customers/cus_1                               -                             refused route_unknown
  DELETE  /v1/payment_intents/pi_1                          -                             refused route_unknown
`

describe('what a Stripe call may cost', () => {
  for (const [method = '', path = '', body = '', bound = ''] of rowsOf(ROUTES)) {
    it(`${method} ${path} ${body}: ${bound}`, () => {
      expect(cost({ method, path, body: body === '-' ? '' : body })).to.equal(bound)
    })
  }
})

const AMOUNTS_IN_FORMS = `
  body                                    field
  currency=usd                            amount
  amount=&currency=usd                    amount
  amount=0&currency=usd                   amount
  amount=-5&currency=usd                  amount
  amount=%2B5&currency=usd                amount
  amount=1e3&currency=usd                 amount
  amount=1.0&currency=usd                 amount
  amount=1%2C000&currency=usd             amount
  amount=0100&currency=usd                amount
  amount=0x10&currency=usd                amount
  amount=+5&currency=usd                  amount
  amount=5+&currency=usd                  amount
  amount=5%0A&currency=usd                amount
  amount=%D9%A5&currency=usd              amount
  amount=null&currency=usd                amount
  amount=12345678901234567890&currency=usd  amount
  amount=900719925475&currency=usd        amount
  amount=1&amount=2&currency=usd          amount
  amount=1&amount=1&currency=usd          amount
  amount=1&%61mount=2&currency=usd        amount
  amount[]=1&currency=usd                 amount
  amount[0]=1&currency=usd                amount
  amount=1&amount[0]=2&currency=usd       amount
  amount=1&amount[value]=2&currency=usd   amount
  amount=1                                currency
  amount=1&currency=                      currency
  amount=1&currency=us                    currency
  amount=1&currency=usdd                  currency
  amount=1&currency=u$d                   currency
  amount=1&currency=usd&currency=usd      currency
  amount=1&currency=usd&currency=jpy      currency
  amount=1&currency[]=usd                 currency
  amount=1&currency=usd&amount_other=5    amount_other
`

const AMOUNTS_IN_JSON = `
  body                                          field
  {"amount":1.0,"currency":"usd"}               amount
  {"amount":1e3,"currency":"usd"}               amount
  {"amount":-1,"currency":"usd"}                amount
  {"amount":0,"currency":"usd"}                 amount
  {"amount":"100","currency":"usd"}             amount
  {"amount":true,"currency":"usd"}              amount
  {"amount":null,"currency":"usd"}              amount
  {"amount":[100],"currency":"usd"}             amount
  {"amount":{"value":100},"currency":"usd"}     amount
  {"amount":12345678901234567890,"currency":"usd"}  amount
  {"amount":9007199254740993,"currency":"usd"}  amount
  {"currency":"usd"}                            amount
  {"amount":100}                                currency
  {"amount":100,"currency":["usd"]}             currency
  {"amount":100,"currency":840}                 currency
  {}                                            amount
`

describe('an amount that cannot be read without doubt is refused', () => {
  for (const [body = '', field = ''] of rowsOf(AMOUNTS_IN_FORMS)) {
    it(`as a form: ${body}`, () => {
      for (const path of ['/v1/payment_intents', '/v1/charges', '/v1/transfers', '/v1/payouts', '/v1/topups']) {
        expect(cost({ path, body, type: FORM }), path).to.equal(`refused amount_invalid ${field}`)
      }
    })
  }

  for (const [body = '', field = ''] of rowsOf(AMOUNTS_IN_JSON)) {
    it(`as JSON: ${body}`, () => {
      expect(cost({ body, type: JSON_TYPE })).to.equal(`refused amount_invalid ${field}`)
    })
  }

  const QUERIES = `
    query                 bound
    amount=1              refused amount_invalid
    amount[]=1            refused amount_invalid
    currency=jpy          refused amount_invalid
    %61mount=1            refused amount_invalid
    plan=gold             refused request_malformed
    amount                refused request_malformed
    a=%zz                 refused request_malformed
    expand[]=customer     $1
    expand%5B0%5D=charge  $1
  `
  for (const [query = '', bound = ''] of rowsOf(QUERIES)) {
    it(`with ?${query} beside the body: ${bound}`, () => {
      expect(cost({ body: 'amount=100&currency=usd', query })).to.equal(bound)
    })
  }

  const DELETES = `
    query                                   body              bound
    -                                       -                 free
    cancellation_details[comment]=bye       -                 free
    cancellation_details%5Bcomment%5D=bye   -                 free
    invoice_now=true                        -                 refused route_unknown
    expand[]=customer&prorate=true          -                 refused route_unknown
    %69nvoice_now=true                      -                 refused route_unknown
    invoice_now[]=true                      -                 refused route_unknown
    [invoice_now]=true                      -                 refused request_malformed
    Invoice_now=true                        -                 refused request_malformed
    prorate                                 -                 refused request_malformed
    invoice_now=true                        expand[]=customer  refused request_malformed
  `
  for (const [query = '', body = '', bound = ''] of rowsOf(DELETES)) {
    it(`of a DELETE with ?${query} and the body ${body}: ${bound}`, () => {
      const [inQuery, inBody] = [query, body].map((text) => (text === '-' ? '' : text))
      const call = { method: 'DELETE', path: '/v1/subscriptions/sub_1', query: inQuery ?? '', body: inBody ?? '' }
      expect(cost(call)).to.equal(bound)
    })
  }

  const BODIES: readonly (readonly [name: string, parts: CallParts])[] = [
    ['JSON cut short', { type: JSON_TYPE, body: '{"amount":100' }],
    ['a name given twice in JSON', { type: JSON_TYPE, body: '{"amount":100,"amount":1,"currency":"usd"}' }],
    ['__proto__', { type: JSON_TYPE, body: '{"__proto__":{"amount":1},"currency":"usd"}' }],
    ['a form called text', { type: 'text/plain', body: 'amount=100&currency=usd' }],
    ['no type', { type: '', body: 'amount=100&currency=usd' }],
    ['multipart', { type: 'multipart/form-data; boundary=b', body: '--b--' }],
    ['a form in UTF-16', { type: `${FORM}; charset=utf-16`, body: 'amount=100&currency=usd' }],
    ['a separator that some read', { body: 'currency=usd&description=x;amount=100' }],
    ['odd brackets', { body: '[amount]=100&currency=usd' }],
    ['capitals', { body: 'Amount=100&currency=usd' }],
  ]
  for (const [name, parts] of BODIES) {
    it(`in a body with ${name}`, () => {
      expect(cost(parts)).to.equal('refused body_unreadable')
    })
  }
})

describe('a call whose amount stands on the object', () => {
  const OBJECTS = `
    path                                              body                   object                                                           bound
    /v1/payment_intents/pi_1/confirm                  -                      {"id":"pi_1","amount":500,"currency":"usd","amount_received":0}  $5 of pi_1
    /v1/payment_intents/pi_1/confirm                  -                      {"id":"pi_1","amount":500,"currency":"jpy"}                      $3.35 of pi_1
    /v1/payment_intents/pi_1/capture                  -                      {"id":"pi_1","amount":500,"currency":"usd","amount_received":0}  $5 of pi_1
    /v1/payment_intents/pi_1/capture                  amount_to_capture=200  {"id":"pi_1","amount":500,"currency":"usd","amount_received":0}  $5 of pi_1
    /v1/payment_intents/pi_1/capture                  amount_to_capture=700  {"id":"pi_1","amount":500,"currency":"usd","amount_received":0}  $7 of pi_1
    /v1/payment_intents/pi_1/capture                  amount_to_capture=300  {"id":"pi_1","amount":500,"currency":"usd","amount_received":400}  $7 of pi_1
    /v1/payment_intents/pi_1/increment_authorization  amount=900             {"id":"pi_1","amount":500,"currency":"usd"}                      $9 of pi_1
    /v1/payment_intents/pi_1                          amount=300             {"id":"pi_1","amount":500,"currency":"usd"}                      $3 of pi_1
    /v1/payment_intents/pi_1/confirm                  amount_to_confirm=200  {"id":"pi_1","amount":500,"currency":"usd"}                      $5 of pi_1
    /v1/payment_intents/pi_1/confirm                  amount_to_confirm=700  {"id":"pi_1","amount":500,"currency":"usd"}                      $7 of pi_1
    /v1/payment_intents/pi_1/verify_microdeposits     amounts[]=32           {"id":"pi_1","amount":500,"currency":"usd"}                      $5 of pi_1
    /v1/payment_intents/pi_1/apply_customer_balance   amount=5&currency=USD  {"id":"pi_1","amount":500,"currency":"usd"}                      $5 of pi_1
    /v1/payment_intents/pi_1/apply_customer_balance   amount=5&currency=eur  {"id":"pi_1","amount":500,"currency":"usd"}                      refused amount_invalid currency
    /v1/payment_intents/pi_1/apply_customer_balance   currency[]=usd         {"id":"pi_1","amount":500,"currency":"usd"}                      refused amount_invalid currency
    /v1/charges/ch_1/capture                          -                      {"id":"ch_1","amount":500,"currency":"usd","amount_captured":0}  $5 of ch_1
    /v1/payment_intents/pi_1/confirm                  -                      {"id":"pi_2","amount":500,"currency":"usd"}                      refused amount_invalid
    /v1/payment_intents/pi_1/confirm                  -                      {"id":"pi_1","currency":"usd"}                                   refused amount_invalid
    /v1/payment_intents/pi_1/confirm                  -                      {"id":"pi_1","amount":5.5,"currency":"usd"}                      refused amount_invalid
    /v1/payment_intents/pi_1/confirm                  -                      {"id":"pi_1","amount":"5","currency":"usd"}                      refused amount_invalid
    /v1/payment_intents/pi_1/confirm                  -                      {"id":"pi_1","amount":-5,"currency":"usd"}                       refused amount_invalid
    /v1/payment_intents/pi_1/confirm                  -                      {"id":"pi_1","amount":500}                                       refused amount_invalid
    /v1/payment_intents/pi_1/confirm                  -                      {"id":"pi_1","amount":500,"currency":"xyz"}                      refused currency_unknown
    /v1/payment_intents/pi_1/confirm                  -                      <html>                                                           refused amount_invalid
    /v1/payment_intents/pi_1/confirm                  -                      []                                                               refused amount_invalid
  `
  for (const [path = '', body = '', object = '', bound = ''] of rowsOf(OBJECTS)) {
    it(`${path} ${body} on ${object}: ${bound}`, () => {
      const call = callOf({ path, body: body === '-' ? '' : body })
      expect(cellOf(costing.boundOfObject(call, Buffer.from(object), STRIPE_PRICING))).to.equal(bound)
    })
  }
})

describe('what the policy says of classes and maximums', () => {
  const pricing: VendorPricing = {
    ...STRIPE_PRICING,
    stripe: {
      classCaps: {
        refunds: 1_000_000 as UsdMicros,
        payouts: 1_000_000 as UsdMicros,
        creditNotes: 1_000_000 as UsdMicros,
      },
      maximums: [
        { match: 'POST /v1/invoices/*/finalize', usdMicros: 9_000_000 as UsdMicros },
        { match: 'POST /v1/subscriptions', usdMicros: 0 as UsdMicros },
        { match: 'POST /v1/ephemeral_keys', usdMicros: 1 as UsdMicros },
        { match: 'POST /v1/unheard_of', usdMicros: 1 as UsdMicros },
        { match: 'POST /v1/payment_intents', usdMicros: 1 as UsdMicros },
        { match: 'POST /v1/checkout/sessions/*', usdMicros: 7_000_000 as UsdMicros },
        { match: 'POST /v1/subscription_items/*', usdMicros: 8_000_000 as UsdMicros },
        { match: 'POST /v1/invoices/*/add_lines', usdMicros: 2_000_000 as UsdMicros },
        { match: 'POST /v1/customers/*', usdMicros: 3_000_000 as UsdMicros },
      ],
    },
  }
  const CALLS = `
    path                                     body                                  bound
    /v1/payouts                              amount=500&currency=usd               $5 in payouts
    /v1/transfers                            amount=500&currency=usd               $5
    /v1/payment_intents                      amount=500&currency=usd               $5
    /v1/treasury/outbound_payments           amount=500&currency=usd               $5 in payouts
    /v1/refunds                              charge=ch_1                           ask /v1/charges/ch_1
    /v1/refunds                              payment_intent=pi_1&amount=5          ask /v1/payment_intents/pi_1
    /v1/refunds                              amount=5                              refused amount_invalid
    /v1/refunds                              charge=ch_1&payment_intent=pi_1       refused amount_invalid
    /v1/refunds                              charge=ch_1&charge=ch_2               refused amount_invalid
    /v1/refunds                              charge[]=ch_1                         refused amount_invalid
    /v1/refunds                              charge=..%2Fcustomers%2Fcus_1         refused amount_invalid
    /v1/charges/ch_1/refund                  -                                     ask /v1/charges/ch_1
    /v1/transfers/tr_1/reversals             amount=5                              ask /v1/transfers/tr_1
    /v1/credit_notes                         invoice=in_1                          ask /v1/invoices/in_1
    /v1/credit_notes                         amount=5                              refused amount_invalid
    /v1/invoices/in_1/finalize               -                                     $9 of in_1
    /v1/subscriptions                        customer=cus_1                        $0
    /v1/subscriptions/sub_1                  quantity=9                            refused route_unknown
    /v1/checkout/sessions/cs_1               line_items[0][price]=price_1          $7 of cs_1
    /v1/checkout/sessions/cs_1               metadata[a]=b                         free
    /v1/subscription_items/si_1              quantity=9                            $8
    /v1/invoices/in_1/add_lines              lines[0][amount]=200                  $2
    /v1/customers/cus_1                      balance=-300                          $3
    /v1/ephemeral_keys                       customer=cus_1                        refused route_unknown
    /v1/unheard_of                           -                                     refused route_unknown
  `
  for (const [path = '', body = '', expected = ''] of rowsOf(CALLS)) {
    it(`${path} ${body}: ${expected}`, () => {
      expect(cellOf(costing.bound(callOf({ path, body: body === '-' ? '' : body }), pricing))).to.equal(expected)
    })
  }

  const OBJECTS = `
    path                             body                          object                                                          bound
    /v1/refunds                      charge=ch_1                   {"id":"ch_1","amount":500,"currency":"usd"}                     $5 in refunds
    /v1/refunds                      charge=ch_1&amount=200        {"id":"ch_1","amount":500,"currency":"eur"}                     $2.16 in refunds
    /v1/refunds                      charge=ch_1&amount=0          {"id":"ch_1","amount":500,"currency":"usd"}                     refused amount_invalid amount
    /v1/refunds                      charge=ch_1&amount=1&amount=9  {"id":"ch_1","amount":500,"currency":"usd"}                    refused amount_invalid amount
    /v1/refunds                      charge=ch_1                   {"id":"ch_2","amount":500,"currency":"usd"}                     refused amount_invalid
    /v1/invoices/in_1/pay            -                             {"id":"in_1","object":"invoice","amount":1,"amount_due":500,"amount_remaining":300,"currency":"usd"}  $3 of in_1
    /v1/invoices/in_1/pay            -                             {"id":"in_1","object":"invoice","amount":1,"amount_due":500,"currency":"usd"}  $5 of in_1
    /v1/invoices/in_1/pay            -                             {"id":"in_1","object":"invoice","amount":1,"currency":"usd"}    refused amount_invalid
    /v1/credit_notes                 invoice=in_1                  {"id":"in_1","object":"invoice","amount_due":500,"amount_remaining":0,"total":500,"currency":"usd"}  $5 in creditNotes
    /v1/credit_notes                 invoice=in_1                  {"id":"in_1","object":"invoice","amount_due":500,"amount_remaining":500,"total":700,"currency":"usd"}  $7 in creditNotes
    /v1/credit_notes                 invoice=in_1&refund_amount=200  {"id":"in_1","object":"invoice","amount_due":500,"amount_remaining":0,"currency":"usd"}  $5 in creditNotes
    /v1/credit_notes                 invoice=in_1&amount=200&refund_amount=200  {"id":"in_1","object":"invoice","amount_due":500,"amount_remaining":0,"currency":"usd"}  $2 in creditNotes
  `
  for (const [path = '', body = '', object = '', expected = ''] of rowsOf(OBJECTS)) {
    it(`${path} ${body} on ${object}: ${expected}`, () => {
      const call = callOf({ path, body: body === '-' ? '' : body })
      expect(cellOf(costing.boundOfObject(call, Buffer.from(object), pricing))).to.equal(expected)
    })
  }

  const V2 = `
    body                                                              bound
    {"amount":{"value":500,"currency":"usd"},"to":{"recipient":"a"}}  $5 in payouts
    {"amount":{"currency":"jpy","value":500}}                         $3.35 in payouts
    {"amount":{"value":"500","currency":"usd"}}                       refused amount_invalid amount
    {"amount":{"value":5e2,"currency":"usd"}}                         refused amount_invalid amount
    {"amount":{"value":-5,"currency":"usd"}}                          refused amount_invalid amount
    {"amount":{"value":0,"currency":"usd"}}                           refused amount_invalid amount
    {"amount":{"value":12345678901234567890,"currency":"usd"}}        refused amount_invalid amount
    {"amount":{"value":5,"currency":"usd","more":1}}                  refused amount_invalid amount
    {"amount":{"value":[5],"currency":"usd"}}                         refused amount_invalid amount
    {"amount":5}                                                      refused amount_invalid amount
    {"amount":{"value":5}}                                            refused amount_invalid amount
    {"amount":{"value":5,"currency":"us"}}                            refused amount_invalid currency
    {"amount":{"value":5,"currency":"xyz"}}                           refused currency_unknown
    {"amount":{"value":5,"currency":"usd"},"amount":{"value":1,"currency":"usd"}}  refused body_unreadable
    {"amount":{"__proto__":{"value":5},"currency":"usd"}}             refused body_unreadable
    {}                                                                refused amount_invalid amount
  `
  for (const [body = '', expected = ''] of rowsOf(V2)) {
    it(`v2: ${body}: ${expected}`, () => {
      for (const route of ['outbound_payments', 'payout_intents']) {
        const call = callOf({ path: `/v2/money_management/${route}`, body, type: JSON_TYPE })
        expect(cellOf(costing.bound(call, pricing)), route).to.equal(expected)
      }
    })
  }

  it('a payout intent is read before it is confirmed, and counts among the payouts; what changes it is refused', () => {
    const at = '/v2/money_management/payout_intents/pyti_1'
    const ask = (path: string, body = '{}') => callOf({ path, body, type: JSON_TYPE })
    expect(cellOf(costing.bound(ask(`${at}/confirm`), pricing))).to.equal(`ask ${at}`)
    for (const [object, bound] of [
      ['{"id":"pyti_1","amount":{"value":700,"currency":"usd"}}', '$7 of pyti_1 in payouts'],
      ['{"id":"pyti_1","amount":{"value":"700","currency":"usd"}}', 'refused amount_invalid'],
      ['{"id":"pyti_2","amount":{"value":1,"currency":"usd"}}', 'refused amount_invalid'],
    ] as const) {
      const judged = costing.boundOfObject(ask(`${at}/confirm`), Buffer.from(object), pricing)
      expect(cellOf(judged), object).to.equal(bound)
    }
    expect(cellOf(costing.bound(ask(`${at}/cancel`), pricing))).to.equal('free')
    expect(cellOf(costing.bound(ask(at, '{"amount":{"value":9,"currency":"usd"}}'), pricing))).to.equal(
      'refused route_unknown',
    )
  })
})

describe('an amount in another currency', () => {
  it('names the table that made dollars of it, and one in dollars names none', () => {
    const pricing = { ...STRIPE_PRICING, currencies: { ...STRIPE_PRICING.currencies, hash: 'a'.repeat(64) } }
    const boundIn = (currency: string) => costing.bound(callOf({ body: `amount=100&currency=${currency}` }), pricing)
    expect(boundIn('eur')).to.have.property('ratesHash', 'a'.repeat(64))
    expect(boundIn('USD')).to.not.have.property('ratesHash')
  })
})
