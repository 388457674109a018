import type { Account } from './account.ts'
import { type Decline, noSuchParam } from './refusal.ts'

/** What becomes of a charge to a test card. `authenticate`: only with the customer present. */
export type CardResult = { kind: 'succeeds' } | { kind: 'declines'; decline: Decline } | { kind: 'authenticate' }

const GENERIC: Decline = { code: 'card_declined', declineCode: 'generic_decline', message: 'Your card was declined.' }

/** Source: https://docs.stripe.com/testing#cards */
const DECLINES: Readonly<Record<string, Decline>> = {
  chargeDeclined: GENERIC,
  visa_chargeDeclined: GENERIC,
  visa_chargeDeclinedInsufficientFunds: {
    code: 'card_declined',
    declineCode: 'insufficient_funds',
    message: 'Your card has insufficient funds.',
  },
  visa_chargeDeclinedLostCard: { code: 'card_declined', declineCode: 'lost_card', message: 'Your card was declined.' },
  chargeDeclinedExpiredCard: {
    code: 'expired_card',
    declineCode: 'expired_card',
    message: 'Your card has expired.',
  },
  chargeDeclinedProcessingError: {
    code: 'processing_error',
    declineCode: 'processing_error',
    message: 'An error occurred while processing your card. Try again in a little bit.',
  },
}

const BRANDS = ['visa', 'visa_debit', 'mastercard', 'mastercard_debit', 'amex', 'discover', 'diners', 'jcb', 'unionpay']

/** `name`: a test payment method (`pm_card_visa`) or token (`tok_visa`). `param` is blamed where it is neither. */
export function chargeCard(name: string, param: string): CardResult {
  const card = /^(?:pm_card|tok)_(.+)$/.exec(name)?.[1]
  if (card === 'authenticationRequired') return { kind: 'authenticate' }
  const decline = card === undefined ? undefined : DECLINES[card]
  if (decline !== undefined) return { kind: 'declines', decline }
  if (card !== undefined && BRANDS.includes(card)) return { kind: 'succeeds' }
  throw noSuchParam(name.startsWith('tok_') ? 'token' : 'PaymentMethod', name, param)
}

/** The card that a customer is charged by where the request names none. */
export function defaultCard(account: Account, customer: string | null): string | null {
  if (customer === null) return null
  return account.customer(customer, 'customer').invoice_settings.default_payment_method
}

export const AUTHENTICATION_REQUIRED: Decline = {
  code: 'authentication_required',
  declineCode: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
}
