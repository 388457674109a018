import type { OutboundPayment, PayoutIntent, V2Money } from './objects.ts'
import type { Params } from './params.ts'
import { invalid, notAllowed } from './refusal.ts'
import { effect, type Route, type RouteCall, type RouteResult, read } from './route.ts'

const PAYMENTS = '/v2/money_management/outbound_payments'
const INTENTS = '/v2/money_management/payout_intents'
const CREATE_PARAMS = ['amount', 'description', 'from', 'metadata', 'recipient_notification', 'statement_descriptor']

/** Money that leaves a financial account, by v2. https://docs.stripe.com/api/v2/money-management */
export const MONEY_MANAGEMENT_ROUTES: readonly Route[] = [
  { method: 'POST', pattern: PAYMENTS, params: [...CREATE_PARAMS, 'to'], run: createPayment },
  {
    method: 'GET',
    pattern: `${PAYMENTS}/:id`,
    params: [],
    run: ({ account, id }) => read(shown(account.outboundPayments.inPath(id))),
  },
  { method: 'POST', pattern: `${PAYMENTS}/:id/cancel`, params: [], run: cancelPayment },
  { method: 'POST', pattern: INTENTS, params: [...CREATE_PARAMS, 'to'], run: createIntent },
  {
    method: 'GET',
    pattern: `${INTENTS}/:id`,
    params: [],
    run: ({ account, id }) => read(shown(account.payoutIntents.inPath(id))),
  },
  { method: 'POST', pattern: `${INTENTS}/:id/confirm`, params: [], run: confirmIntent },
  { method: 'POST', pattern: `${INTENTS}/:id/cancel`, params: [], run: cancelIntent },
]

function createPayment({ account, params }: RouteCall): RouteResult {
  const { metadata, ...about } = created(params)
  account.pay(about.amount.value, about.amount.currency)
  const payment = account.outboundPayments.add({
    ...account.born('obp', 'v2.money_management.outbound_payment', metadata),
    ...{ ...about, description: params.text('description') ?? null, status: 'processing' as const },
  })
  return moved('outbound_payment.created', payment, payment.amount.value)
}

function cancelPayment({ account, id }: RouteCall): RouteResult {
  const payment = account.outboundPayments.inPath(id)
  if (payment.status !== 'processing') throw notAllowed('The outbound payment is already canceled.')
  payment.status = 'canceled'
  account.earn(payment.amount.value, payment.amount.currency)
  return moved('outbound_payment.canceled', payment, -payment.amount.value)
}

function createIntent({ account, params }: RouteCall): RouteResult {
  const { metadata, ...about } = created(params)
  const born = account.born('pyti', 'v2.money_management.payout_intent', metadata)
  const intent = account.payoutIntents.add({ ...born, ...about, status: 'requires_confirmation' })
  return moved('payout_intent.created', intent, 0)
}

function confirmIntent({ account, id }: RouteCall): RouteResult {
  const intent = account.payoutIntents.inPath(id)
  if (intent.status !== 'requires_confirmation') throw notAllowed('The payout intent cannot be confirmed.')
  account.pay(intent.amount.value, intent.amount.currency)
  intent.status = 'processing'
  return moved('payout_intent.confirmed', intent, intent.amount.value)
}

/** Only what has not been confirmed can be stopped, so no money comes back. */
function cancelIntent({ account, id }: RouteCall): RouteResult {
  const intent = account.payoutIntents.inPath(id)
  if (intent.status !== 'requires_confirmation') throw notAllowed('The payout intent cannot be canceled.')
  intent.status = 'canceled'
  return moved('payout_intent.canceled', intent, 0)
}

function created(params: Params) {
  const { financial_account: account } = params.object('from')
  const { recipient } = params.object('to')
  if (typeof account !== 'string') throw invalid('from.financial_account', 'Missing required param.')
  if (typeof recipient !== 'string') throw invalid('to.recipient', 'Missing required param.')
  return {
    amount: moneyIn(params),
    from: { financial_account: account },
    to: { recipient },
    metadata: params.metadata(),
  }
}

function moneyIn(params: Params): V2Money {
  const { value, currency } = params.object('amount')
  if (typeof value !== 'string' || !/^[1-9][0-9]{0,11}$/.test(value)) throw invalid('amount.value', 'Invalid amount.')
  if (typeof currency !== 'string' || !/^[a-z]{3}$/.test(currency))
    throw invalid('amount.currency', 'Invalid currency.')
  return { value: Number(value), currency }
}

function moved(action: string, object: OutboundPayment | PayoutIntent, movedMinor: number): RouteResult {
  const { amount } = object
  const amountMinor = movedMinor < 0 ? -amount.value : amount.value
  const result = effect(action, object, { amountMinor, movedMinor })
  return { ...result, body: shown(object), fact: { ...result.fact, currency: amount.currency } }
}

/** v2 writes moments as text. */
function shown(object: OutboundPayment | PayoutIntent): object {
  return { ...object, created: new Date(object.created * 1_000).toISOString() }
}
