import type { Account } from './account.ts'
import { AUTHENTICATION_REQUIRED, chargeCard, defaultCard } from './cards.ts'
import { addCharge } from './charges.ts'
import { LIST_PARAMS, page } from './lists.ts'
import type { PaymentIntent } from './objects.ts'
import { type Decline, declined, invalid, notAllowed, unexpectedState } from './refusal.ts'
import { decline, effect, type Route, type RouteCall, type RouteResult, read } from './route.ts'

const NOT_YET_CHARGED = ['requires_payment_method', 'requires_confirmation', 'requires_action'] as const

/** Taken and, beyond those that the objects above show, without a meaning here. */
const CREATE_PARAMS = [
  ...['amount', 'automatic_payment_methods', 'capture_method', 'confirm', 'confirmation_method', 'currency'],
  ...['customer', 'description', 'error_on_requires_action', 'mandate', 'metadata', 'off_session', 'on_behalf_of'],
  ...['payment_method', 'payment_method_data', 'payment_method_options', 'payment_method_types', 'receipt_email'],
  ...['return_url', 'setup_future_usage', 'shipping', 'statement_descriptor', 'statement_descriptor_suffix'],
  ...['transfer_data', 'transfer_group', 'use_stripe_sdk', 'application_fee_amount'],
]

const UPDATE_PARAMS = ['amount', 'customer', 'description', 'metadata', 'payment_method', 'receipt_email']

const CONFIRM_PARAMS = ['off_session', 'payment_method', 'payment_method_types', 'receipt_email', 'return_url']

const CAPTURE_PARAMS = ['amount_to_capture', 'final_capture', 'metadata', 'statement_descriptor']

const ROOT = '/v1/payment_intents'

export const PAYMENT_INTENT_ROUTES: readonly Route[] = [
  { method: 'POST', pattern: ROOT, params: CREATE_PARAMS, run: create },
  {
    method: 'GET',
    pattern: ROOT,
    params: [...LIST_PARAMS, 'customer'],
    run: ({ account, params, path }) => {
      const customer = params.text('customer')
      const all = account.paymentIntents.newestFirst()
      return read(
        page(
          all.filter((intent) => !customer || intent.customer === customer),
          { params, url: path },
        ),
      )
    },
  },
  {
    method: 'GET',
    pattern: `${ROOT}/:id`,
    params: ['client_secret'],
    run: ({ account, id }) => read(account.paymentIntents.inPath(id)),
  },
  { method: 'POST', pattern: `${ROOT}/:id`, params: UPDATE_PARAMS, run: update },
  { method: 'POST', pattern: `${ROOT}/:id/confirm`, params: CONFIRM_PARAMS, run: confirm },
  { method: 'POST', pattern: `${ROOT}/:id/capture`, params: CAPTURE_PARAMS, run: capture },
  {
    method: 'POST',
    pattern: `${ROOT}/:id/increment_authorization`,
    params: ['amount', 'description', 'metadata', 'statement_descriptor'],
    run: incrementAuthorization,
  },
  { method: 'POST', pattern: `${ROOT}/:id/cancel`, params: ['cancellation_reason'], run: cancel },
]

function create({ account, params }: RouteCall): RouteResult {
  params.requiredAmount('amount')
  const currency = params.currency()
  const amount = params.chargeAmount('amount', currency)
  const confirmNow = params.boolean('confirm')
  if (params.has('off_session') && !confirmNow) {
    throw invalid('off_session', 'The parameter `off_session` cannot be passed when `confirm` is not true.')
  }
  const captureMethod = params.oneOf('capture_method', ['automatic', 'automatic_async', 'manual'] as const)
  const types = params.texts('payment_method_types')
  const customer = params.text('customer') ?? null
  if (customer !== null) account.customer(customer, 'customer')
  const paymentMethod = params.text('payment_method') ?? (confirmNow ? defaultCard(account, customer) : null)
  const born = account.born('pi', 'payment_intent', params.metadata())
  const intent: PaymentIntent = {
    ...born,
    amount,
    amount_capturable: 0,
    amount_received: 0,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: captureMethod ?? 'automatic_async',
    client_secret: account.newId(`${born.id}_secret`),
    confirmation_method: 'automatic',
    currency,
    customer,
    description: params.text('description') ?? null,
    last_payment_error: null,
    latest_charge: null,
    next_action: null,
    payment_method: paymentMethod,
    payment_method_types: types.length === 0 ? ['card'] : types,
    receipt_email: params.text('receipt_email') ?? null,
    statement_descriptor: params.text('statement_descriptor') ?? null,
    status: paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation',
    transfer_group: params.text('transfer_group') ?? null,
  }
  if (confirmNow) return charge(account, intent, params.boolean('off_session'))
  if (paymentMethod !== null) chargeCard(paymentMethod, 'payment_method')
  account.paymentIntents.add(intent)
  return effect('payment_intent.created', intent, { amountMinor: amount })
}

function update({ account, params, id }: RouteCall): RouteResult {
  const intent = account.paymentIntents.inPath(id)
  const amount = params.has('amount') ? params.chargeAmount('amount', intent.currency) : intent.amount
  if (amount !== intent.amount) requireStatus(intent, 'updated', NOT_YET_CHARGED)
  const paymentMethod = params.text('payment_method')
  const changes = {
    amount,
    customer: params.text('customer') ?? intent.customer,
    description: params.text('description') ?? intent.description,
    receipt_email: params.text('receipt_email') ?? intent.receipt_email,
    metadata: params.metadata(intent.metadata),
  }
  if (changes.customer !== null) account.customer(changes.customer, 'customer')
  if (paymentMethod !== undefined) {
    requireStatus(intent, 'updated', NOT_YET_CHARGED)
    chargeCard(paymentMethod, 'payment_method')
    intent.payment_method = paymentMethod
    intent.status = 'requires_confirmation'
  }
  const difference = amount - intent.amount
  Object.assign(intent, changes)
  return effect('payment_intent.updated', intent, { amountMinor: difference })
}

function confirm({ account, params, id }: RouteCall): RouteResult {
  const intent = account.paymentIntents.inPath(id)
  requireStatus(intent, 'confirmed', NOT_YET_CHARGED)
  const paymentMethod = params.text('payment_method') ?? intent.payment_method ?? defaultCard(account, intent.customer)
  const receiptEmail = params.text('receipt_email') ?? intent.receipt_email
  const offSession = params.boolean('off_session')
  if (paymentMethod !== null) chargeCard(paymentMethod, 'payment_method')
  Object.assign(intent, { payment_method: paymentMethod, receipt_email: receiptEmail })
  return charge(account, intent, offSession)
}

/** Confirms: the card is charged, or authorised where the capture is manual. Nothing changes before the last check. */
function charge(account: Account, intent: PaymentIntent, offSession: boolean): RouteResult {
  if (intent.payment_method === null) {
    const message =
      'You cannot confirm this PaymentIntent because it’s missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.'
    throw notAllowed(message, { code: 'payment_intent_unexpected_state' })
  }
  const card = chargeCard(intent.payment_method, 'payment_method')
  account.paymentIntents.add(intent)
  switch (card.kind) {
    case 'declines':
      return failCharge(account, intent, card.decline)
    case 'authenticate': {
      if (offSession) return failCharge(account, intent, AUTHENTICATION_REQUIRED)
      intent.status = 'requires_action'
      intent.next_action = { type: 'use_stripe_sdk' }
      return effect('payment_intent.requires_action', intent, { amountMinor: intent.amount })
    }
    case 'succeeds':
      return takeCharge(account, intent)
  }
}

function takeCharge(account: Account, intent: PaymentIntent): RouteResult {
  const captured = intent.capture_method !== 'manual'
  const taken = addCharge(account, { ...intent, paymentIntent: intent.id, result: { captured } })
  intent.latest_charge = taken.id
  intent.next_action = null
  intent.last_payment_error = null
  if (captured) {
    intent.status = 'succeeded'
    intent.amount_received = intent.amount
    return effect('payment_intent.succeeded', intent, { amountMinor: intent.amount, movedMinor: intent.amount })
  }
  intent.status = 'requires_capture'
  intent.amount_capturable = intent.amount
  return effect('payment_intent.amount_capturable_updated', intent, { amountMinor: intent.amount })
}

function failCharge(account: Account, intent: PaymentIntent, reason: Decline): RouteResult {
  const failed = addCharge(account, { ...intent, paymentIntent: intent.id, result: { failed: reason } })
  intent.latest_charge = failed.id
  intent.status = 'requires_payment_method'
  intent.payment_method = null
  intent.last_payment_error = declined(reason, { charge: failed })
  const error = declined(reason, { charge: failed, intent })
  return decline('payment_intent.payment_failed', intent, { error, amountMinor: intent.amount })
}

function capture({ account, params, id }: RouteCall): RouteResult {
  const intent = account.paymentIntents.inPath(id)
  const amount = params.amount('amount_to_capture') ?? intent.amount_capturable
  const metadata = params.metadata(intent.metadata)
  requireStatus(intent, 'captured', ['requires_capture'])
  if (amount > intent.amount_capturable) {
    const message = `The amount to capture is greater than the remaining capturable amount for this PaymentIntent (${intent.amount_capturable}).`
    throw notAllowed(message, { code: 'amount_too_large', param: 'amount_to_capture' })
  }
  const authorised = account.charges.inPath(intent.latest_charge ?? '')
  authorised.captured = true
  authorised.amount_captured = amount
  authorised.amount_refunded = authorised.amount - amount
  account.earn(amount, intent.currency)
  intent.status = 'succeeded'
  intent.amount_capturable = 0
  intent.amount_received = amount
  intent.metadata = metadata
  return effect('payment_intent.succeeded', intent, { amountMinor: amount, movedMinor: amount })
}

/** `amount` is the new total. */
function incrementAuthorization({ account, params, id }: RouteCall): RouteResult {
  const intent = account.paymentIntents.inPath(id)
  const amount = params.requiredAmount('amount')
  const metadata = params.metadata(intent.metadata)
  requireStatus(intent, 'incremented', ['requires_capture'])
  if (amount <= intent.amount) {
    const message = 'The amount to increment must be greater than the currently authorized amount.'
    throw notAllowed(message, { code: 'amount_too_small', param: 'amount' })
  }
  const difference = amount - intent.amount
  const authorised = account.charges.inPath(intent.latest_charge ?? '')
  authorised.amount = amount
  intent.amount = amount
  intent.amount_capturable = amount
  intent.metadata = metadata
  return effect('payment_intent.amount_capturable_updated', intent, { amountMinor: difference })
}

function cancel({ account, params, id }: RouteCall): RouteResult {
  const reasons = ['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'] as const
  const reason = params.oneOf('cancellation_reason', reasons) ?? null
  const intent = account.paymentIntents.inPath(id)
  requireStatus(intent, 'canceled', [...NOT_YET_CHARGED, 'requires_capture'])
  const authorised = intent.status === 'requires_capture' ? account.charges.find(intent.latest_charge ?? '') : undefined
  if (authorised !== undefined) {
    authorised.amount_refunded = authorised.amount
    authorised.refunded = true
  }
  intent.status = 'canceled'
  intent.amount_capturable = 0
  intent.canceled_at = account.nowSeconds()
  intent.cancellation_reason = reason
  return effect('payment_intent.canceled', intent, { amountMinor: -intent.amount })
}

function requireStatus(intent: PaymentIntent, verb: string, allowed: readonly PaymentIntent['status'][]): void {
  if (!allowed.includes(intent.status)) throw unexpectedState(intent, verb, allowed)
}
