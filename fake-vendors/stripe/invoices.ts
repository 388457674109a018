import type { Account } from './account.ts'
import { AUTHENTICATION_REQUIRED, chargeCard, defaultCard } from './cards.ts'
import { addCharge } from './charges.ts'
import { LIST_PARAMS, page } from './lists.ts'
import type { Charge, Invoice } from './objects.ts'
import { declined, invalid, notAllowed } from './refusal.ts'
import { decline, effect, type Route, type RouteCall, type RouteResult, read } from './route.ts'

const ROOT = '/v1/invoices'
const CREATE_PARAMS = [
  ...['auto_advance', 'collection_method', 'currency', 'customer', 'days_until_due', 'description', 'metadata'],
  'pending_invoice_items_behavior',
]

/** Invoice items, invoices from draft to paid or void. https://docs.stripe.com/api/invoices */
export const INVOICE_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    pattern: '/v1/invoiceitems',
    params: ['amount', 'currency', 'customer', 'description', 'invoice', 'metadata'],
    run: createItem,
  },
  { method: 'POST', pattern: ROOT, params: CREATE_PARAMS, run: create },
  {
    method: 'GET',
    pattern: ROOT,
    params: [...LIST_PARAMS, 'customer', 'status'],
    run: ({ account, params, path }) => {
      const customer = params.text('customer')
      const wanted = account.invoices.newestFirst().filter((one) => !customer || one.customer === customer)
      return read(page(wanted, { params, url: path }))
    },
  },
  { method: 'GET', pattern: `${ROOT}/:id`, params: [], run: ({ account, id }) => read(account.invoices.inPath(id)) },
  { method: 'POST', pattern: `${ROOT}/:id/finalize`, params: ['auto_advance'], run: finalize },
  { method: 'POST', pattern: `${ROOT}/:id/pay`, params: ['off_session', 'payment_method'], run: pay },
  { method: 'POST', pattern: `${ROOT}/:id/void`, params: [], run: voidInvoice },
]

function createItem({ account, params }: RouteCall): RouteResult {
  const amount = params.requiredAmount('amount')
  const currency = params.currency()
  const customer = account.customer(params.requiredText('customer'), 'customer').id
  const into = params.text('invoice')
  const invoice = into === undefined ? undefined : account.invoices.inParam(into, 'invoice')
  if (invoice !== undefined && invoice.status !== 'draft') throw notAllowed('The invoice is no longer a draft.')
  const item = account.invoiceItems.add({
    ...account.born('ii', 'invoiceitem', params.metadata()),
    ...{ amount, currency, customer, description: params.text('description') ?? null },
    invoice: invoice?.id ?? null,
  })
  if (invoice !== undefined) addToInvoice(invoice, amount)
  return effect('invoiceitem.created', item, { amountMinor: amount })
}

function create({ account, params }: RouteCall): RouteResult {
  const customer = account.customer(params.requiredText('customer'), 'customer').id
  const behavior = params.oneOf('pending_invoice_items_behavior', ['include', 'exclude'] as const) ?? 'exclude'
  const pending = account.invoiceItems.newestFirst().filter((one) => one.customer === customer && one.invoice === null)
  const items = behavior === 'include' ? pending : []
  const currency = items[0]?.currency ?? (params.has('currency') ? params.currency() : 'usd')
  const invoice = newInvoice(account, { customer, currency, metadata: params.metadata(), subscription: null })
  invoice.auto_advance = params.boolean('auto_advance')
  invoice.description = params.text('description') ?? null
  for (const item of items) {
    item.invoice = invoice.id
    addToInvoice(invoice, item.amount)
  }
  return effect('invoice.created', invoice, { amountMinor: invoice.total })
}

function finalize({ account, id }: RouteCall): RouteResult {
  const invoice = account.invoices.inPath(id)
  if (invoice.status !== 'draft') {
    throw notAllowed('This invoice is already finalized, you can’t re-finalize a non-draft invoice.')
  }
  invoice.status = invoice.total === 0 ? 'paid' : 'open'
  return effect('invoice.finalized', invoice, { amountMinor: invoice.total })
}

function pay({ account, params, id }: RouteCall): RouteResult {
  const invoice = account.invoices.inPath(id)
  const card = params.text('payment_method')
  if (invoice.status === 'paid') throw notAllowed('Invoice is already paid')
  if (invoice.status !== 'open') throw notAllowed(`This invoice is ${invoice.status} and cannot be paid.`)
  return collect(account, invoice, card)
}

function voidInvoice({ account, id }: RouteCall): RouteResult {
  const invoice = account.invoices.inPath(id)
  if (invoice.status !== 'open') throw notAllowed('You can only void open invoices.')
  invoice.status = 'void'
  return effect('invoice.voided', invoice)
}

/** A draft without lines. */
export function newInvoice(
  account: Account,
  about: Pick<Invoice, 'customer' | 'currency' | 'metadata' | 'subscription'>,
): Invoice {
  const { metadata, ...rest } = about
  return account.invoices.add({
    ...account.born('in', 'invoice', metadata),
    ...rest,
    ...{ amount_due: 0, amount_paid: 0, amount_remaining: 0, total: 0 },
    ...{ post_payment_credit_notes_amount: 0, pre_payment_credit_notes_amount: 0 },
    ...{ auto_advance: false, description: null, status: 'draft' as const },
  })
}

export function addToInvoice(invoice: Invoice, amount: number): void {
  invoice.total += amount
  invoice.amount_due += amount
  invoice.amount_remaining += amount
}

/** Charges what is due of an open invoice. */
export function collect(account: Account, invoice: Invoice, named?: string): RouteResult {
  const card = named ?? defaultCard(account, invoice.customer)
  if (card === null) throw invalid('payment_method', 'There is no default payment method.', 'parameter_missing')
  const result = chargeCard(card, 'payment_method')
  const amount = invoice.amount_remaining
  const taken = (outcome: Parameters<typeof addCharge>[1]['result']): Charge =>
    addCharge(account, {
      ...{ amount, currency: invoice.currency, customer: invoice.customer, description: invoice.description },
      ...{ metadata: invoice.metadata, payment_method: card, transfer_group: null, paymentIntent: null },
      result: outcome,
    })
  if (result.kind !== 'succeeds') {
    const reason = result.kind === 'declines' ? result.decline : AUTHENTICATION_REQUIRED
    const failed = taken({ failed: reason })
    return decline('invoice.payment_failed', invoice, {
      error: declined(reason, { charge: failed }),
      amountMinor: amount,
    })
  }
  taken({ captured: true })
  invoice.amount_paid += amount
  invoice.amount_remaining = 0
  invoice.status = 'paid'
  return effect('invoice.paid', invoice, { amountMinor: amount, movedMinor: amount })
}
