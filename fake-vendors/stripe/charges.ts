import type { Account } from './account.ts'
import { AUTHENTICATION_REQUIRED, chargeCard, defaultCard } from './cards.ts'
import { LIST_PARAMS, page } from './lists.ts'
import type { Charge } from './objects.ts'
import { type Decline, declined, invalid, notAllowed } from './refusal.ts'
import { decline, effect, type Route, type RouteCall, type RouteResult, read } from './route.ts'

const CREATE_PARAMS = [
  ...['amount', 'capture', 'currency', 'customer', 'description', 'metadata', 'receipt_email', 'shipping', 'source'],
  ...['statement_descriptor', 'transfer_data', 'transfer_group', 'on_behalf_of', 'application_fee_amount'],
]

const ROOT = '/v1/charges'

export const CHARGE_ROUTES: readonly Route[] = [
  { method: 'POST', pattern: ROOT, params: CREATE_PARAMS, run: create },
  {
    method: 'GET',
    pattern: ROOT,
    params: [...LIST_PARAMS, 'customer', 'payment_intent', 'transfer_group'],
    run: ({ account, params, path }) => {
      const filters = (['customer', 'payment_intent', 'transfer_group'] as const).map(
        (name) => [name, params.text(name)] as const,
      )
      const wanted = (charge: Charge) => filters.every(([name, value]) => value === undefined || charge[name] === value)
      return read(page(account.charges.newestFirst().filter(wanted), { params, url: path }))
    },
  },
  { method: 'GET', pattern: `${ROOT}/:id`, params: [], run: ({ account, id }) => read(account.charges.inPath(id)) },
  { method: 'POST', pattern: `${ROOT}/:id`, params: ['description', 'metadata'], run: update },
  {
    method: 'POST',
    pattern: `${ROOT}/:id/capture`,
    params: ['amount', 'receipt_email', 'statement_descriptor', 'transfer_group'],
    run: capture,
  },
]

export interface NewCharge {
  amount: number
  currency: string
  customer: string | null
  description: string | null
  metadata: Record<string, string>
  payment_method: string | null
  transfer_group: string | null
  paymentIntent: string | null
  result: { captured: boolean } | { failed: Decline }
}

/** Adds a charge, taken or failed; what is captured at once is earned. */
export function addCharge(account: Account, charge: NewCharge): Charge {
  const { result } = charge
  const failed = 'failed' in result ? result.failed : undefined
  const captured = 'captured' in result && result.captured
  if (captured) account.earn(charge.amount, charge.currency)
  return account.charges.add({
    ...account.born('ch', 'charge', { ...charge.metadata }),
    amount: charge.amount,
    amount_captured: captured ? charge.amount : 0,
    amount_refunded: 0,
    captured,
    currency: charge.currency,
    customer: charge.customer,
    description: charge.description,
    failure_code: failed?.code ?? null,
    failure_message: failed?.message ?? null,
    paid: failed === undefined,
    payment_intent: charge.paymentIntent,
    payment_method: charge.payment_method,
    refunded: false,
    status: failed === undefined ? 'succeeded' : 'failed',
    transfer_group: charge.transfer_group,
  })
}

function create({ account, params }: RouteCall): RouteResult {
  params.requiredAmount('amount')
  const currency = params.currency()
  const amount = params.chargeAmount('amount', currency)
  const captured = !params.has('capture') || params.boolean('capture')
  const customer = params.text('customer') ?? null
  const card = params.text('source') ?? defaultCard(account, customer)
  if (card === null) throw invalid('source', 'Must provide source or customer.', 'parameter_missing')
  const result = chargeCard(card, 'source')
  const charge = {
    amount,
    currency,
    customer,
    description: params.text('description') ?? null,
    metadata: params.metadata(),
    payment_method: card,
    transfer_group: params.text('transfer_group') ?? null,
    paymentIntent: null,
  }
  if (result.kind === 'succeeds') {
    const taken = addCharge(account, { ...charge, result: { captured } })
    return effect('charge.succeeded', taken, { amountMinor: amount, movedMinor: taken.amount_captured })
  }
  const reason = result.kind === 'declines' ? result.decline : AUTHENTICATION_REQUIRED
  const failed = addCharge(account, { ...charge, result: { failed: reason } })
  return decline('charge.failed', failed, { error: declined(reason, { charge: failed }), amountMinor: amount })
}

function update({ account, params, id }: RouteCall): RouteResult {
  const charge = account.charges.inPath(id)
  const description = params.text('description') ?? charge.description
  charge.metadata = params.metadata(charge.metadata)
  charge.description = description
  return effect('charge.updated', charge)
}

function capture({ account, params, id }: RouteCall): RouteResult {
  const charge = account.charges.inPath(id)
  const amount = params.amount('amount') ?? charge.amount
  if (charge.payment_intent !== null) {
    throw notAllowed('This charge belongs to a PaymentIntent: capture the PaymentIntent instead.')
  }
  if (charge.captured) {
    throw notAllowed(`Charge ${id} has already been captured.`, { code: 'charge_already_captured' })
  }
  if (charge.status === 'failed') throw notAllowed(`Charge ${id} has failed and cannot be captured.`)
  if (amount > charge.amount) {
    const message = 'The amount to capture is greater than the authorized amount.'
    throw notAllowed(message, { code: 'amount_too_large', param: 'amount' })
  }
  charge.captured = true
  charge.amount_captured = amount
  charge.amount_refunded = charge.amount - amount
  account.earn(amount, charge.currency)
  return effect('charge.captured', charge, { amountMinor: amount, movedMinor: amount })
}
