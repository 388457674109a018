// An app that uses stripe-node. One JSON line in is one call; one JSON line out is what the app saw of it.
import Stripe from 'stripe'
import { serve } from '../around/serve.mjs'

const { way, port, vendorPort } = JSON.parse(process.env.SDK_AT)

/** As the makers' page says it: constructor options. */
const pointed = {
  host: { host: 'stripe.localhost', port, protocol: 'http' },
  port: { host: '127.0.0.1', port: vendorPort, protocol: 'http' },
}
const clientWith = (options = {}) => new Stripe('sk_test_placeholder', { ...pointed[way], ...options })
const stripe = clientWith()

const payment = ({ cents = 500, currency = 'usd', customer = 'cus_1', ...more } = {}) => ({
  amount: cents,
  currency,
  customer,
  confirm: true,
  off_session: true,
  ...more,
})
const shown = ({ id, amount, status }) => ({ id, amount, status })

/** What `charge` made last. */
let lastPaid

const calls = {
  async charge({ key, account, retries, ...more }) {
    const client = retries === undefined ? stripe : clientWith({ maxNetworkRetries: retries })
    const options = { ...(key && { idempotencyKey: key }), ...(account && { stripeAccount: account }) }
    const made = await client.paymentIntents.create(payment(more), options)
    lastPaid = made.id
    return shown(made)
  },
  /** The same parameters in another order. */
  async charge_reordered(more) {
    return shown(await stripe.paymentIntents.create(Object.fromEntries(Object.entries(payment(more)).reverse())))
  },
  async parallel({ n, ...more }) {
    const made = await Promise.all(Array.from({ length: n }, () => stripe.paymentIntents.create(payment(more))))
    return { count: made.length, ids: new Set(made.map(({ id }) => id)).size }
  },
  async authorise_and_capture({ cents, captured }) {
    const held = await stripe.paymentIntents.create(payment({ cents, capture_method: 'manual' }))
    return shown(await stripe.paymentIntents.capture(held.id, { amount_to_capture: captured }))
  },
  async raise_and_capture({ cents, total, captured }) {
    const held = await stripe.paymentIntents.create(payment({ cents, capture_method: 'manual' }))
    await stripe.paymentIntents.incrementAuthorization(held.id, { amount: total })
    return shown(await stripe.paymentIntents.capture(held.id, { amount_to_capture: captured }))
  },
  async create_and_confirm({ cents }) {
    const made = await stripe.paymentIntents.create({ amount: cents, currency: 'usd', customer: 'cus_1' })
    return shown(await stripe.paymentIntents.confirm(made.id, { payment_method: 'pm_card_visa' }))
  },
  async authorise_and_cancel({ cents }) {
    const held = await stripe.paymentIntents.create(payment({ cents, capture_method: 'manual' }))
    return shown(await stripe.paymentIntents.cancel(held.id))
  },
  async refund({ cents }) {
    const paid = await stripe.paymentIntents.create(payment({ cents }))
    const refund = await stripe.refunds.create({ payment_intent: paid.id })
    return { amount: refund.amount, status: refund.status }
  },
  async refund_last({ cents }) {
    const refund = await stripe.refunds.create({ payment_intent: lastPaid, ...(cents && { amount: cents }) })
    return { amount: refund.amount, status: refund.status }
  },
  async finalize({ cents }) {
    await stripe.invoiceItems.create({ customer: 'cus_bill', amount: cents, currency: 'usd' })
    const draft = await stripe.invoices.create({ customer: 'cus_bill', pending_invoice_items_behavior: 'include' })
    const open = await stripe.invoices.finalizeInvoice(draft.id)
    return { id: open.id, status: open.status, due: open.amount_due }
  },
  async invoice({ cents, credited }) {
    const { id } = await calls.finalize({ cents })
    const paid = await stripe.invoices.pay(id)
    const note = await stripe.creditNotes.create({ invoice: id, amount: credited, refund_amount: credited })
    return { status: paid.status, paid: paid.amount_paid, credited: note.amount }
  },
  async subscription({ cents, quantity }) {
    const price = await stripe.prices.create({ unit_amount: cents, currency: 'usd', recurring: { interval: 'month' } })
    const items = [{ price: price.id, quantity }]
    return { status: (await stripe.subscriptions.create({ customer: 'cus_bill', items })).status }
  },
  async payout({ cents }) {
    return shown(await stripe.payouts.create({ amount: cents, currency: 'usd' }))
  },
  async outbound_payment({ cents }) {
    const made = await stripe.rawRequest('POST', '/v2/money_management/outbound_payments', {
      amount: { value: cents, currency: 'usd' },
      from: { financial_account: 'fa_1', currency: 'usd' },
      to: { recipient: 'acct_1' },
    })
    return { id: made.id, amount: made.amount.value, status: made.status }
  },
  async customer({ email }) {
    const made = await stripe.customers.create({ email, metadata: { order: '6735' } })
    const found = await stripe.customers.retrieve(made.id)
    const changed = await stripe.customers.update(made.id, { name: 'Ann' })
    return { email: found.email, name: changed.name, order: found.metadata.order }
  },
  async list({ customer, limit }) {
    const ids = []
    for await (const { id } of stripe.paymentIntents.list({ customer, limit })) ids.push(id)
    return { count: ids.length, ids: new Set(ids).size }
  },
  async delete_customer({ id }) {
    return { deleted: (await stripe.customers.del(id)).deleted }
  },
  async unlisted() {
    return await stripe.rawRequest('POST', '/v1/charms', { percent_off: 10 })
  },
}

await serve(calls, { statusOf: ({ statusCode }) => statusCode })
