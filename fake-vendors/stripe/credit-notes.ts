import { LIST_PARAMS, page } from './lists.ts'
import type { Invoice } from './objects.ts'
import { notAllowed } from './refusal.ts'
import { effect, type Route, type RouteCall, type RouteResult, read } from './route.ts'

const ROOT = '/v1/credit_notes'
const CREATE_PARAMS = ['amount', 'credit_amount', 'invoice', 'memo', 'metadata', 'out_of_band_amount', 'reason']

/** https://docs.stripe.com/api/credit_notes */
export const CREDIT_NOTE_ROUTES: readonly Route[] = [
  { method: 'POST', pattern: ROOT, params: [...CREATE_PARAMS, 'refund_amount'], run: create },
  {
    method: 'GET',
    pattern: ROOT,
    params: [...LIST_PARAMS, 'invoice'],
    run: ({ account, params, path }) => {
      const invoice = params.text('invoice')
      const wanted = account.creditNotes.newestFirst().filter((note) => !invoice || note.invoice === invoice)
      return read(page(wanted, { params, url: path }))
    },
  },
  { method: 'GET', pattern: `${ROOT}/:id`, params: [], run: ({ account, id }) => read(account.creditNotes.inPath(id)) },
]

/** Takes something off an open invoice, or gives back what was paid: what is refunded, credited or settled elsewhere is its sum. */
function create({ account, params }: RouteCall): RouteResult {
  const invoice = account.invoices.inParam(params.requiredText('invoice'), 'invoice')
  const metadata = params.metadata()
  const parts = ['refund_amount', 'credit_amount', 'out_of_band_amount'].map((name) => params.amount(name) ?? 0)
  const [refunded = 0] = parts
  const split = parts.reduce((sum, part) => sum + part, 0)
  const amount = params.amount('amount') ?? (split > 0 ? split : openOf(invoice))
  if (invoice.status !== 'open' && invoice.status !== 'paid') {
    throw notAllowed('Credit notes can only be created for finalized invoices.')
  }
  if (amount > openOf(invoice)) {
    throw notAllowed(`The sum of the credit note (${amount}) is more than is left of the invoice.`, { param: 'amount' })
  }
  if (invoice.status === 'paid' && split !== amount) {
    throw notAllowed(
      'The sum of refund_amount, credit_amount and out_of_band_amount must equal the credit note amount.',
    )
  }
  if (refunded > 0) account.pay(refunded, invoice.currency)
  if (invoice.status === 'paid') invoice.post_payment_credit_notes_amount += amount
  else {
    invoice.pre_payment_credit_notes_amount += amount
    invoice.amount_remaining -= amount
    if (invoice.amount_remaining === 0) invoice.status = 'paid'
  }
  const note = account.creditNotes.add({
    ...account.born('cn', 'credit_note', metadata),
    ...{ amount, currency: invoice.currency, customer: invoice.customer, invoice: invoice.id },
    ...{
      status: 'issued' as const,
      type: invoice.amount_paid > 0 ? ('post_payment' as const) : ('pre_payment' as const),
    },
  })
  return effect('credit_note.created', note, { amountMinor: -amount, movedMinor: -refunded })
}

function openOf(invoice: Invoice): number {
  const { total, post_payment_credit_notes_amount: after, pre_payment_credit_notes_amount: before } = invoice
  return total - after - before
}
