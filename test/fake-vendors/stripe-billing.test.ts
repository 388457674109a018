import { expect } from 'chai'
import type Stripe from 'stripe'
import type { TruthCall } from '../../fake-vendors/truth.ts'
import { type Started, startStripe, stripeSdk } from './started.ts'

describe('the fake Stripe bills, and sends money out by v2', () => {
  let fake: Started
  let stripe: Stripe

  beforeEach(async () => {
    fake = await startStripe()
    stripe = stripeSdk(fake.url)
  })
  afterEach(() => fake.stop())

  const moved = () =>
    (fake.truth() as TruthCall[])
      .filter(({ kind }) => kind === 'effect' || kind === 'declined')
      .map(({ action, amountMinor = 0, movedMinor = 0 }) => [action, amountMinor, movedMinor])
  const codeOf = (call: Promise<unknown>) =>
    call.then(
      () => 'no error',
      (fault: Stripe.errors.StripeError) => fault.statusCode,
    )
  const openInvoice = async (customer = 'cus_1') => {
    await stripe.invoiceItems.create({ customer, amount: 700, currency: 'usd' })
    await stripe.invoiceItems.create({ customer, amount: 300, currency: 'usd' })
    const draft = await stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include' })
    return stripe.invoices.finalizeInvoice(draft.id)
  }
  const payment = (value: number, currency = 'usd') => ({
    amount: { value, currency },
    from: { financial_account: 'fa_1', currency },
    to: { recipient: 'acct_1' },
  })

  it('an invoice gathers its items, is finalized, paid once, and credited for no more than it was', async () => {
    const invoice = await openInvoice()
    expect([invoice.status, invoice.amount_due, invoice.amount_remaining]).to.deep.equal(['open', 1_000, 1_000])
    const id = invoice.id
    expect((await stripe.invoices.pay(id)).status).to.equal('paid')
    expect(await codeOf(stripe.invoices.pay(id))).to.equal(400)
    expect(await codeOf(stripe.invoices.finalizeInvoice(id))).to.equal(400)
    const note = await stripe.creditNotes.create({ invoice: id, amount: 400, refund_amount: 400 })
    expect([note.amount, note.type]).to.deep.equal([400, 'post_payment'])
    expect(await codeOf(stripe.creditNotes.create({ invoice: id, amount: 700, refund_amount: 700 }))).to.equal(400)
    expect(await codeOf(stripe.creditNotes.create({ invoice: id, amount: 100 }))).to.equal(400)
    expect(moved().slice(3)).to.deep.equal([
      ['invoice.finalized', 1_000, 0],
      ['invoice.paid', 1_000, 1_000],
      ['credit_note.created', -400, -400],
    ])
  })

  it('a credit note on an open invoice takes from what is due, and moves nothing', async () => {
    const invoice = await openInvoice()
    await stripe.creditNotes.create({ invoice: invoice.id, amount: 400 })
    const paid = await stripe.invoices.pay(invoice.id)
    expect(paid.amount_paid).to.equal(600)
    expect(moved().slice(-2)).to.deep.equal([
      ['credit_note.created', -400, 0],
      ['invoice.paid', 600, 600],
    ])
  })

  it('a card that is refused leaves the invoice open', async () => {
    const invoice = await openInvoice()
    expect(await codeOf(stripe.invoices.pay(invoice.id, { payment_method: 'pm_card_chargeDeclined' }))).to.equal(402)
    expect((await stripe.invoices.retrieve(invoice.id)).status).to.equal('open')
    expect(moved().at(-1)).to.deep.equal(['invoice.payment_failed', 1_000, 0])
  })

  it('a subscription is collected as it is made, or is incomplete', async () => {
    const price = await stripe.prices.create({ unit_amount: 250, currency: 'usd', recurring: { interval: 'month' } })
    const items = [{ price: price.id, quantity: 3 }]
    expect((await stripe.subscriptions.create({ customer: 'cus_1', items })).status).to.equal('active')
    const bad = { customer: 'cus_1', items, default_payment_method: 'pm_card_chargeDeclined' }
    expect((await stripe.subscriptions.create(bad)).status).to.equal('incomplete')
    expect(moved().slice(-2)).to.deep.equal([
      ['subscription.created', 750, 750],
      ['subscription.created', 750, 0],
    ])
  })

  it('v2 takes JSON, pays out once under a key for 30 days, and gives a cancelled payment back', async () => {
    const { outboundPayments } = stripe.v2.moneyManagement
    const first = await outboundPayments.create(payment(900, 'jpy'), { idempotencyKey: 'pay-1' })
    await fake.control.advanceClock(29 * 24 * 3_600_000)
    const again = await outboundPayments.create(payment(900, 'jpy'), { idempotencyKey: 'pay-1' })
    expect(again.id).to.equal(first.id)
    expect(await codeOf(outboundPayments.create(payment(901, 'jpy'), { idempotencyKey: 'pay-1' }))).to.equal(400)
    expect((await outboundPayments.cancel(first.id)).status).to.equal('canceled')
    expect(moved()).to.deep.equal([
      ['outbound_payment.created', 900, 900],
      ['outbound_payment.canceled', -900, -900],
    ])
  })
})
