/** The parts of Stripe's objects that these routes fill; fields and values named as on the wire, amounts in minor units. */
export interface StripeObject {
  id: string
  object: string
  /** Seconds since the epoch, by the vendor's clock. */
  created: number
  livemode: false
  metadata: Record<string, string>
}

export type CaptureMethod = 'automatic' | 'automatic_async' | 'manual'

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'requires_capture'
  | 'succeeded'
  | 'canceled'

export interface PaymentIntent extends StripeObject {
  object: 'payment_intent'
  amount: number
  amount_capturable: number
  amount_received: number
  canceled_at: number | null
  cancellation_reason: string | null
  capture_method: CaptureMethod
  client_secret: string
  confirmation_method: 'automatic'
  currency: string
  customer: string | null
  description: string | null
  last_payment_error: unknown
  latest_charge: string | null
  next_action: { type: 'use_stripe_sdk' } | null
  payment_method: string | null
  payment_method_types: string[]
  receipt_email: string | null
  statement_descriptor: string | null
  status: IntentStatus
  transfer_group: string | null
}

export interface Charge extends StripeObject {
  object: 'charge'
  amount: number
  amount_captured: number
  amount_refunded: number
  captured: boolean
  currency: string
  customer: string | null
  description: string | null
  failure_code: string | null
  failure_message: string | null
  paid: boolean
  payment_intent: string | null
  payment_method: string | null
  /** Whether all of it is; an uncaptured charge that was released counts as refunded. */
  refunded: boolean
  status: 'succeeded' | 'failed'
  transfer_group: string | null
}

export interface Refund extends StripeObject {
  object: 'refund'
  amount: number
  charge: string
  currency: string
  payment_intent: string | null
  reason: string | null
  status: 'succeeded'
}

export interface Transfer extends StripeObject {
  object: 'transfer'
  amount: number
  amount_reversed: number
  currency: string
  description: string | null
  destination: string
  reversed: boolean
  source_transaction: string | null
  transfer_group: string | null
}

export interface TransferReversal extends StripeObject {
  object: 'transfer_reversal'
  amount: number
  currency: string
  transfer: string
}

export interface Payout extends StripeObject {
  object: 'payout'
  amount: number
  arrival_date: number
  currency: string
  description: string | null
  destination: string | null
  method: 'standard' | 'instant'
  status: 'pending' | 'canceled'
}

export interface Topup extends StripeObject {
  object: 'topup'
  amount: number
  currency: string
  description: string | null
  status: 'pending' | 'canceled'
}

export interface Customer extends StripeObject {
  object: 'customer'
  description: string | null
  email: string | null
  invoice_settings: { default_payment_method: string | null }
  name: string | null
  deleted: boolean
}

export interface InvoiceItem extends StripeObject {
  object: 'invoiceitem'
  amount: number
  currency: string
  customer: string
  description: string | null
  /** Null while it waits for its customer's next invoice. */
  invoice: string | null
}

export interface Invoice extends StripeObject {
  object: 'invoice'
  amount_due: number
  amount_paid: number
  amount_remaining: number
  auto_advance: boolean
  currency: string
  customer: string
  description: string | null
  /** What credit notes took off it after it was paid. */
  post_payment_credit_notes_amount: number
  pre_payment_credit_notes_amount: number
  status: 'draft' | 'open' | 'paid' | 'void'
  subscription: string | null
  total: number
}

export interface CreditNote extends StripeObject {
  object: 'credit_note'
  amount: number
  currency: string
  customer: string
  invoice: string
  status: 'issued'
  type: 'pre_payment' | 'post_payment'
}

export interface Price extends StripeObject {
  object: 'price'
  currency: string
  unit_amount: number
  recurring: { interval: string } | null
}

export interface Subscription extends StripeObject {
  object: 'subscription'
  currency: string
  customer: string
  latest_invoice: string
  status: 'active' | 'incomplete' | 'canceled'
}

/** Money as v2 writes it. */
export interface V2Money {
  value: number
  currency: string
}

export interface OutboundPayment extends StripeObject {
  object: 'v2.money_management.outbound_payment'
  amount: V2Money
  description: string | null
  from: { financial_account: string }
  to: { recipient: string }
  status: 'processing' | 'canceled'
}

export interface PayoutIntent extends StripeObject {
  object: 'v2.money_management.payout_intent'
  amount: V2Money
  from: { financial_account: string }
  to: { recipient: string }
  status: 'requires_confirmation' | 'processing' | 'canceled'
}
