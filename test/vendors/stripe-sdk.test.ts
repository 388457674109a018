import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import Stripe from 'stripe'
import type { CallIdentity } from '../../contract/call.ts'
import type { CallText } from '../../contract/vendor.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { isRefusal, recogniserOf } from '../../vendors/registry/identity.ts'
import { STRIPE, STRIPE_PRICING } from './calls.ts'

/** What the official package really sends, taken off a loopback socket. */
describe('the official stripe package', () => {
  let calls: CallText[] = []
  let server: Server

  beforeEach(async () => {
    calls = []
    server = createServer((request, response) => {
      void textOf(request).then((call) => {
        calls.push(call)
        response.setHeader('content-type', 'application/json').end('{"id":"pi_1","object":"payment_intent"}')
      })
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  })

  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  })

  function client(): Stripe {
    const { port } = server.address() as AddressInfo
    return new Stripe('sk_test_placeholder', { host: '127.0.0.1', port, protocol: 'http', telemetry: false })
  }

  function identities(): CallIdentity[] {
    return calls.map((call) => {
      const identity = recogniserOf('stripe')(call, STRIPE, 'auto')
      if (isRefusal(identity)) expect.fail(identity.message)
      return identity
    })
  }

  const PAYMENT = {
    amount: 1_999,
    currency: 'usd',
    customer: 'cus_1',
    confirm: true,
    payment_method_types: ['card', 'sepa_debit'],
    metadata: { 'order id': '7 & 8', note: 'ä 😀 [x]=50%+' },
    transfer_data: { destination: 'acct_1', amount: 100 },
    description: '',
  }

  it('makes the same PaymentIntent twice: one digest, one core, two retry tokens, one price', async () => {
    await client().paymentIntents.create(PAYMENT)
    await client().paymentIntents.create(PAYMENT)
    const [first, second] = identities()
    expect(second?.digest).to.equal(first?.digest)
    expect(second?.core)
      .to.equal(first?.core)
      .and.match(/^[0-9a-f]{64}$/)
    expect([first?.key?.kind, second?.key?.kind]).to.deep.equal(['token', 'token'])
    expect(second?.key?.value).not.to.equal(first?.key?.value)
    expect(first?.route).to.equal('POST /v1/payment_intents')
    for (const call of calls) {
      expect(costingOf('stripe').bound(call, STRIPE_PRICING)).to.deep.equal({
        kind: 'priced',
        totalUsdMicros: 19_990_000,
        object: null,
      })
    }
  })

  it('sends the form that its parameters as JSON are forwarded as', async () => {
    await client().paymentIntents.create(PAYMENT)
    const [sent] = calls
    if (sent === undefined) expect.fail('nothing was sent')
    const json: CallText = {
      ...sent,
      headers: { ...sent.headers, 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(PAYMENT)),
    }
    const digests = [sent, json]
      .map((call) => recogniserOf('stripe')(call, STRIPE, 'auto'))
      .map((identity) => 'digest' in identity && identity.digest)
    expect(digests[1]).to.equal(digests[0])
    const forwarded = costingOf('stripe').forwardBody(json, STRIPE_PRICING)
    if (isRefusal(forwarded)) expect.fail(forwarded.message)
    const fieldsOf = (body: Uint8Array): object => Object.fromEntries(new URLSearchParams(Buffer.from(body).toString()))
    expect(fieldsOf(forwarded.body)).to.deep.equal(fieldsOf(sent.body))
    expect(forwarded.contentType).to.equal('application/x-www-form-urlencoded')
  })

  it('is understood on every route it is used for, with the app own key and the connected account', async () => {
    const stripe = client()
    const named = { idempotencyKey: 'invoice-7', stripeAccount: 'acct_1' }
    await stripe.paymentIntents.create({ amount: 100, currency: 'usd' }, named)
    await stripe.paymentIntents.confirm('pi_1', { payment_method: 'pm_1' })
    await stripe.paymentIntents.capture('pi_1')
    await stripe.paymentIntents.incrementAuthorization('pi_1', { amount: 200 })
    await stripe.paymentIntents.cancel('pi_1')
    await stripe.paymentIntents.retrieve('pi_1', { expand: ['customer'] })
    await stripe.customers.list({ limit: 3 })
    await stripe.customers.del('cus_1')
    await stripe.subscriptions.cancel('sub_1', { cancellation_details: { comment: 'bye' } })
    await stripe.subscriptions.cancel('sub_1', { invoice_now: true })
    await stripe.refunds.create({ payment_intent: 'pi_1', amount: 50 })
    await stripe.transfers.create({ amount: 100, currency: 'usd', destination: 'acct_1' })
    await stripe.payouts.create({ amount: 100, currency: 'usd' })
    const seen = calls.map((call, at) => {
      const bound = costingOf('stripe').bound(call, STRIPE_PRICING)
      const { route, key } = identities()[at] as CallIdentity
      return `${route}  ${key?.kind ?? '-'}  ${isRefusal(bound) ? bound.code : bound.kind}`
    })
    expect(seen).to.deep.equal([
      'POST /v1/payment_intents  named  priced',
      'POST /v1/payment_intents/*/confirm  token  ask_object_first',
      'POST /v1/payment_intents/*/capture  token  ask_object_first',
      'POST /v1/payment_intents/*/increment_authorization  token  ask_object_first',
      'POST /v1/payment_intents/*/cancel  token  free',
      'GET /v1/payment_intents/*  -  free',
      'GET /v1/customers  -  free',
      'DELETE /v1/customers/*  -  free',
      'DELETE /v1/subscriptions/*  -  free',
      'DELETE /v1/subscriptions/*  -  route_unknown',
      'POST /v1/refunds  token  free',
      'POST /v1/transfers  token  priced',
      'POST /v1/payouts  token  priced',
    ])
    expect(identities()[0]).to.deep.include({
      account: 'stripe-account=acct_1',
      key: { kind: 'named', value: 'invoice-7' },
    })
  })
})

async function textOf(request: IncomingMessage): Promise<CallText> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const headers = request.headers as Record<string, string>
  return { method: request.method ?? '', path, query, headers, body: Buffer.concat(chunks) }
}
