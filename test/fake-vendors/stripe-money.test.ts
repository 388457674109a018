import { expect } from 'chai'
import Stripe from 'stripe'
import type { TruthCall } from '../../fake-vendors/truth.ts'
import { SECRET, type Started, startStripe, stripeSdk } from './started.ts'

describe('the fake Stripe, asked by the official package', () => {
  let fake: Started
  let stripe: Stripe

  beforeEach(async () => {
    fake = await startStripe()
    stripe = stripeSdk(fake.url)
  })
  afterEach(() => fake.stop())

  const paid = { currency: 'usd', customer: 'cus_0001', confirm: true, off_session: true } as const
  const held = { ...paid, capture_method: 'manual' } as const
  const moved = () =>
    fake
      .truth()
      .map((line) => [
        (line as TruthCall).action ?? line.kind,
        (line as TruthCall).amountMinor ?? 0,
        (line as TruthCall).movedMinor ?? 0,
      ])

  it('charges a customer by the named card and writes down who, what and under which key', async () => {
    const intent = await stripe.paymentIntents.create(
      { ...paid, amount: 742, payment_method: 'pm_card_visa', metadata: { order: '7' }, expand: ['latest_charge'] },
      { idempotencyKey: 'invoice-7' },
    )
    expect(intent.status).to.equal('succeeded')
    expect(intent.amount_received).to.equal(742)
    expect((intent.latest_charge as Stripe.Charge).amount_captured).to.equal(742)
    const [line, ...more] = fake.truth() as TruthCall[]
    expect(more).to.deep.equal([])
    expect(line).to.include({
      seq: 1,
      kind: 'effect',
      vendor: 'stripe',
      route: 'POST /v1/payment_intents',
      action: 'payment_intent.succeeded',
      object: intent.id,
      status: 200,
      amountMinor: 742,
      movedMinor: 742,
      currency: 'usd',
      customer: 'cus_0001',
      idempotencyKey: 'invoice-7',
      requestId: intent.lastResponse.requestId,
    })
    expect(line?.metadata).to.deep.equal({ order: '7' })
  })

  it('takes flags as stripe-python before 12 writes them', async () => {
    const flags = { confirm: 'True', off_session: 'False' } as unknown as { confirm: boolean; off_session: boolean }
    const intent = await stripe.paymentIntents.create({ ...paid, ...flags, amount: 500 })
    expect(intent.status).to.equal('succeeded')
  })

  it('charges a customer without a named card by the card on file', async () => {
    const intent = await stripe.paymentIntents.create({ ...paid, amount: 500 })
    expect([intent.status, intent.payment_method]).to.deep.equal(['succeeded', 'pm_card_visa'])
  })

  it('declines a bad card with a card error, and no money moves', async () => {
    const declined = await stripe.paymentIntents
      .create({ ...paid, amount: 500, payment_method: 'pm_card_chargeDeclined' })
      .catch((error: unknown) => error)
    expect(declined).to.be.instanceOf(Stripe.errors.StripeCardError)
    const error = declined as Stripe.errors.StripeCardError
    expect([error.statusCode, error.code, error.decline_code]).to.deep.equal([402, 'card_declined', 'generic_decline'])
    expect(error.payment_intent?.status).to.equal('requires_payment_method')
    expect(moved()).to.deep.equal([['payment_intent.payment_failed', 500, 0]])
    expect(fake.truth()[0]?.kind).to.equal('declined')
  })

  it('creates, then confirms: the money moves at the confirmation', async () => {
    const intent = await stripe.paymentIntents.create({ amount: 600, currency: 'usd', customer: 'cus_0001' })
    const confirmed = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })
    expect([intent.status, confirmed.status]).to.deep.equal(['requires_payment_method', 'succeeded'])
    expect(moved()).to.deep.equal([
      ['payment_intent.created', 600, 0],
      ['payment_intent.succeeded', 600, 600],
    ])
  })

  it('authorises, raises to a new total, and captures a part of it', async () => {
    const intent = await stripe.paymentIntents.create({ ...held, amount: 1000 })
    const raised = await stripe.paymentIntents.incrementAuthorization(intent.id, { amount: 1500 })
    const captured = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 1200 })
    expect([intent.status, intent.amount_capturable]).to.deep.equal(['requires_capture', 1000])
    expect(raised.amount_capturable).to.equal(1500)
    expect([captured.status, captured.amount_received, captured.amount_capturable]).to.deep.equal([
      'succeeded',
      1200,
      0,
    ])
    expect(moved()).to.deep.equal([
      ['payment_intent.amount_capturable_updated', 1000, 0],
      ['payment_intent.amount_capturable_updated', 500, 0],
      ['payment_intent.succeeded', 1200, 1200],
    ])
  })

  it('gives an authorisation back when it is cancelled, and refuses to capture it afterwards', async () => {
    const intent = await stripe.paymentIntents.create({ ...held, amount: 1000 })
    const canceled = await stripe.paymentIntents.cancel(intent.id)
    const captured = await stripe.paymentIntents.capture(intent.id).catch((error: unknown) => error)
    expect(canceled.status).to.equal('canceled')
    expect((captured as Stripe.errors.StripeError).code).to.equal('payment_intent_unexpected_state')
    expect(moved()).to.deep.equal([
      ['payment_intent.amount_capturable_updated', 1000, 0],
      ['payment_intent.canceled', -1000, 0],
      ['refused', 0, 0],
    ])
  })

  it('asks for the customer where a card demands it: 402 off session, requires_action on session', async () => {
    const card = { payment_method: 'pm_card_authenticationRequired', amount: 900 }
    const offSession = await stripe.paymentIntents.create({ ...paid, ...card }).catch((error: unknown) => error)
    const { off_session: _, ...onSession } = paid
    const waiting = await stripe.paymentIntents.create({ ...onSession, ...card })
    expect((offSession as Stripe.errors.StripeError).code).to.equal('authentication_required')
    expect(waiting.status).to.equal('requires_action')
  })

  it('changes an intent that was not charged, and not its amount afterwards', async () => {
    const intent = await stripe.paymentIntents.create({ amount: 600, currency: 'usd' })
    const updated = await stripe.paymentIntents.update(intent.id, { amount: 700, metadata: { a: '1' } })
    await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })
    const late = await stripe.paymentIntents.update(intent.id, { amount: 800 }).catch((error: unknown) => error)
    expect([updated.amount, updated.metadata['a']]).to.deep.equal([700, '1'])
    expect((late as Stripe.errors.StripeError).statusCode).to.equal(400)
  })

  it('refunds at most what was taken', async () => {
    const intent = await stripe.paymentIntents.create({ ...paid, amount: 1000 })
    const part = await stripe.refunds.create({ payment_intent: intent.id, amount: 400 })
    const over = await stripe.refunds
      .create({ payment_intent: intent.id, amount: 601 })
      .catch((error: unknown) => error)
    const rest = await stripe.refunds.create({ charge: part.charge as string })
    const again = await stripe.refunds.create({ payment_intent: intent.id }).catch((error: unknown) => error)
    expect([part.amount, rest.amount]).to.deep.equal([400, 600])
    expect((over as Stripe.errors.StripeError).param).to.equal('amount')
    expect((again as Stripe.errors.StripeError).code).to.equal('charge_already_refunded')
    const total = moved().reduce((sum, [, , movedMinor]) => sum + Number(movedMinor), 0)
    expect(total).to.equal(0)
  })

  it('charges the old way too: a token, captured later', async () => {
    const charge = await stripe.charges.create({ amount: 800, currency: 'usd', source: 'tok_visa', capture: false })
    const captured = await stripe.charges.capture(charge.id, { amount: 300 })
    const again = await stripe.charges.capture(charge.id).catch((error: unknown) => error)
    expect([charge.captured, captured.captured, captured.amount_captured]).to.deep.equal([false, true, 300])
    expect((again as Stripe.errors.StripeError).code).to.equal('charge_already_captured')
    expect(moved().slice(0, 2)).to.deep.equal([
      ['charge.succeeded', 800, 0],
      ['charge.captured', 300, 300],
    ])
  })

  it('transfers, reverses, pays out, cancels and tops up', async () => {
    const transfer = await stripe.transfers.create({ amount: 5000, currency: 'usd', destination: 'acct_one' })
    const reversal = await stripe.transfers.createReversal(transfer.id, { amount: 2000 })
    const payout = await stripe.payouts.create({ amount: 700, currency: 'usd' })
    const stopped = await stripe.payouts.cancel(payout.id)
    const topup = await stripe.topups.create({ amount: 900, currency: 'usd' })
    expect((await stripe.transfers.retrieve(transfer.id)).amount_reversed).to.equal(2000)
    expect((await stripe.transfers.retrieveReversal(transfer.id, reversal.id)).amount).to.equal(2000)
    expect([payout.status, stopped.status, topup.status]).to.deep.equal(['pending', 'canceled', 'pending'])
    expect(moved().filter(([action]) => action !== 'read')).to.deep.equal([
      ['transfer.created', 5000, 5000],
      ['transfer.reversed', -2000, -2000],
      ['payout.created', 700, 700],
      ['payout.canceled', -700, -700],
      ['topup.created', 900, 900],
    ])
  })

  it('sends out no more than the balance holds', async () => {
    const before = await stripe.transfers.create({ amount: 99_999_999, currency: 'usd', destination: 'acct_one' })
    const over = await stripe.payouts.create({ amount: 2, currency: 'usd' }).catch((error: unknown) => error)
    const balance = await stripe.balance.retrieve()
    expect(before.object).to.equal('transfer')
    expect((over as Stripe.errors.StripeError).code).to.equal('balance_insufficient')
    expect(balance.available.map(({ amount, currency }) => [amount, currency])).to.deep.equal([[1, 'usd']])
  })

  it('lists newest first, page by page, filtered by customer, as v1 does', async () => {
    const ids: string[] = []
    for (let n = 0; n < 5; n += 1) ids.unshift((await stripe.paymentIntents.create({ ...paid, amount: 100 + n })).id)
    await stripe.paymentIntents.create({ ...paid, customer: 'cus_other', amount: 999 })
    const first = await stripe.paymentIntents.list({ customer: 'cus_0001', limit: 2 })
    expect([first.data.map(({ id }) => id), first.has_more, first.url]).to.deep.equal([
      ids.slice(0, 2),
      true,
      '/v1/payment_intents',
    ])
    const back = await stripe.paymentIntents.list({ customer: 'cus_0001', limit: 2, ending_before: ids[3] ?? '' })
    expect(back.data.map(({ id }) => id)).to.deep.equal(ids.slice(1, 3))
    const all = await stripe.paymentIntents.list({ customer: 'cus_0001', limit: 2 }).autoPagingToArray({ limit: 100 })
    expect(all.map(({ id }) => id)).to.deep.equal(ids)
  })

  it('keeps customers: made, changed, found, deleted', async () => {
    const customer = await stripe.customers.create({ name: 'Ada', email: 'ada@example.com' })
    await stripe.customers.update(customer.id, { metadata: { tier: 'gold' } })
    expect((await stripe.customers.list({ email: 'ada@example.com' })).data.map(({ id }) => id)).to.deep.equal([
      customer.id,
    ])
    await stripe.customers.del(customer.id)
    const gone = await stripe.paymentIntents
      .create({ ...paid, customer: customer.id, amount: 500 })
      .catch((e: unknown) => e)
    expect((gone as Stripe.errors.StripeError).code).to.equal('resource_missing')
  })

  it('keeps connected accounts apart', async () => {
    const intent = await stripe.paymentIntents.create({ ...paid, amount: 500 }, { stripeAccount: 'acct_one' })
    const elsewhere = await stripe.paymentIntents.retrieve(intent.id).catch((error: unknown) => error)
    const there = await stripe.paymentIntents.retrieve(intent.id, {}, { stripeAccount: 'acct_one' })
    expect((elsewhere as Stripe.errors.StripeError).statusCode).to.equal(404)
    expect(there.id).to.equal(intent.id)
    expect((fake.truth()[0] as TruthCall).account).to.equal('acct_one')
  })

  it('takes the secret as Bearer or Basic, and answers 401 to any other', async () => {
    const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` })
    const statuses: number[] = []
    for (const headers of [
      basic(`${SECRET}:`),
      basic('sk_test_other:'),
      { Authorization: 'Bearer sk_test_other' },
      {},
    ]) {
      statuses.push((await fetch(`${fake.url}/v1/balance`, { headers: headers as Record<string, string> })).status)
    }
    expect(statuses).to.deep.equal([200, 401, 401, 401])
  })
})
