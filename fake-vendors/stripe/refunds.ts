import type { Account } from './account.ts'
import { LIST_PARAMS, page } from './lists.ts'
import type { Charge } from './objects.ts'
import type { Params } from './params.ts'
import { invalid, noSuchParam, notAllowed } from './refusal.ts'
import { effect, type Route, type RouteCall, type RouteResult, read } from './route.ts'

const CREATE_PARAMS = ['amount', 'charge', 'metadata', 'payment_intent', 'reason', 'refund_application_fee']

const ROOT = '/v1/refunds'

export const REFUND_ROUTES: readonly Route[] = [
  { method: 'POST', pattern: ROOT, params: [...CREATE_PARAMS, 'reverse_transfer'], run: create },
  {
    method: 'GET',
    pattern: ROOT,
    params: [...LIST_PARAMS, 'charge', 'payment_intent'],
    run: ({ account, params, path }) => {
      const charge = params.text('charge')
      const intent = params.text('payment_intent')
      const wanted = account.refunds
        .newestFirst()
        .filter((refund) => !charge || refund.charge === charge)
        .filter((refund) => !intent || refund.payment_intent === intent)
      return read(page(wanted, { params, url: path }))
    },
  },
  { method: 'GET', pattern: `${ROOT}/:id`, params: [], run: ({ account, id }) => read(account.refunds.inPath(id)) },
  {
    method: 'POST',
    pattern: `${ROOT}/:id`,
    params: ['metadata'],
    run: ({ account, params, id }) => {
      const refund = account.refunds.inPath(id)
      refund.metadata = params.metadata(refund.metadata)
      return effect('refund.updated', refund)
    },
  },
]

function create({ account, params }: RouteCall): RouteResult {
  const reason = params.oneOf('reason', ['duplicate', 'fraudulent', 'requested_by_customer'] as const) ?? null
  const metadata = params.metadata()
  const asked = params.amount('amount')
  const charge = chargeToRefund(account, params)
  const left = charge.amount_captured - refundedOfCaptured(charge)
  if (left === 0) {
    throw notAllowed(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' })
  }
  const amount = asked ?? left
  if (amount > left) {
    throw notAllowed(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, {
      param: 'amount',
    })
  }
  account.pay(amount, charge.currency)
  charge.amount_refunded += amount
  charge.refunded = amount === left
  const refund = account.refunds.add({
    ...account.born('re', 'refund', metadata),
    amount,
    charge: charge.id,
    currency: charge.currency,
    payment_intent: charge.payment_intent,
    reason,
    status: 'succeeded',
  })
  const result = effect('refund.created', refund, { amountMinor: -amount, movedMinor: -amount })
  if (charge.customer === null) return result
  return { ...result, fact: { ...result.fact, customer: charge.customer } }
}

/** A partial capture released the rest of the authorisation; that part counts as refunded, but was never taken. */
function refundedOfCaptured(charge: Charge): number {
  return charge.amount_refunded - (charge.amount - charge.amount_captured)
}

function chargeToRefund(account: Account, params: Params): Charge {
  const chargeId = params.text('charge')
  const intentId = params.text('payment_intent')
  if (chargeId === undefined && intentId === undefined) {
    throw invalid(
      'charge',
      'One of the following params should be provided for this request: payment_intent or charge.',
    )
  }
  const intent = intentId === undefined ? undefined : account.paymentIntents.inParam(intentId, 'payment_intent')
  const charge = account.charges.find(chargeId ?? intent?.latest_charge ?? '')
  if (charge === undefined && intent === undefined) throw noSuchParam('charge', chargeId ?? '', 'charge')
  if (charge?.captured !== true) {
    const message = 'There is no successful charge to refund.'
    throw notAllowed(message, { code: 'charge_not_refundable' })
  }
  return charge
}
