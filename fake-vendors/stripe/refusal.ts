import type { Charge, PaymentIntent } from './objects.ts'

export interface StripeErrorBody {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error'
  message: string
  code?: string
  param?: string
  decline_code?: string
  charge?: string
  payment_intent?: PaymentIntent
}

/**
 * Anything but success, thrown so that a route reads as what it does; caught in one place, `stripe.ts`.
 * `begun`: the route had started to work, so Stripe keeps this answer under the idempotency key.
 */
export class StripeRefusal extends Error {
  readonly status: number
  readonly error: StripeErrorBody
  readonly begun: boolean

  constructor(status: number, error: StripeErrorBody, begun: boolean) {
    super(error.message)
    this.status = status
    this.error = error
    this.begun = begun
  }
}

/** The parameters are wrong: nothing has begun, and nothing is kept under the key. */
export function invalid(param: string, message: string, code?: string): StripeRefusal {
  const error: StripeErrorBody = { type: 'invalid_request_error', message, param }
  return new StripeRefusal(400, code === undefined ? error : { ...error, code }, false)
}

/** The parameters are well-formed, but the objects do not allow it. Kept under the key. */
export function notAllowed(message: string, about: { code?: string; param?: string } = {}): StripeRefusal {
  return new StripeRefusal(400, { type: 'invalid_request_error', message, ...about }, true)
}

/** The object in the path is not there. */
export function noSuchPath(name: string, id: string): StripeRefusal {
  const message = `No such ${name}: '${id}'`
  return new StripeRefusal(404, { type: 'invalid_request_error', code: 'resource_missing', message, param: 'id' }, true)
}

/** The object that a parameter names is not there. */
export function noSuchParam(name: string, id: string, param: string): StripeRefusal {
  return notAllowed(`No such ${name}: '${id}'`, { code: 'resource_missing', param })
}

export function unexpectedState(intent: PaymentIntent, verb: string, needed: readonly string[]): StripeRefusal {
  const message = `This PaymentIntent could not be ${verb} because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be ${verb}: ${needed.join(', ')}.`
  const error: StripeErrorBody = { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', message }
  return new StripeRefusal(400, { ...error, payment_intent: { ...intent } }, true)
}

/** A card's refusal, with the objects that it left behind. */
export interface Decline {
  readonly code: string
  readonly declineCode: string
  readonly message: string
}

export function declined(decline: Decline, left: { charge: Charge; intent?: PaymentIntent }): StripeErrorBody {
  return {
    type: 'card_error',
    code: decline.code,
    decline_code: decline.declineCode,
    message: decline.message,
    charge: left.charge.id,
    ...(left.intent === undefined ? {} : { payment_intent: { ...left.intent } }),
  }
}
