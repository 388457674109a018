import { computed, create, each, free, never, type Of, type RouteCost, type RouteEntry } from './route-cost.ts'

const CHARGED: Of = [
  { param: 'charge', path: '/v1/charges' },
  { param: 'payment_intent', path: '/v1/payment_intents' },
]

const onObject = (
  amount: string | null,
  adds: 'to_captured' | 'new_total' | 'part_of_it',
  ...beside: readonly string[]
): RouteCost => ({ kind: 'on_object', amount, adds, beside, moneyClass: null })
const cancel = (givesBack: 'if_uncharged' | 'if_canceled'): RouteCost => ({ kind: 'cancel', givesBack })
const refund = (of: Of, amount: string | null = 'amount'): RouteCost => ({
  kind: 'gives_back',
  moneyClass: 'refunds',
  amount,
  of,
})

/**
 * What a customer pays in a session that is there already. Since 2025-12-15.clover its lines may be written anew:
 * https://docs.stripe.com/changelog/clover/2025-12-15/update-line-items (read 2026-11-27)
 */
const SESSION_MONEY = [
  ...['line_items', 'shipping_options', 'optional_items', 'discounts'],
  ...['subscription_data', 'automatic_tax', 'invoice_creation'],
]

/** Payments, refunds, disputes, transfers, payouts and top-ups. https://docs.stripe.com/api */
export const PAYMENT_ROUTES: readonly RouteEntry[] = [
  ['POST /v1/payment_intents', create()],
  ['POST /v1/payment_intents/*', { kind: 'update' }],
  ['POST /v1/payment_intents/*/confirm', onObject('amount_to_confirm', 'part_of_it')],
  ['POST /v1/payment_intents/*/capture', onObject('amount_to_capture', 'to_captured')],
  ['POST /v1/payment_intents/*/increment_authorization', onObject('amount', 'new_total')],
  ['POST /v1/payment_intents/*/cancel', cancel('if_uncharged')],
  // A bank account that is verified lets the payment go on; a cash balance pays it.
  ['POST /v1/payment_intents/*/verify_microdeposits', onObject(null, 'new_total', 'amounts')],
  ['POST /v1/payment_intents/*/apply_customer_balance', onObject('amount', 'to_captured', 'currency')],
  ['POST /v1/charges', create()],
  ['POST /v1/charges/*', free()],
  ['POST /v1/charges/*/capture', onObject('amount', 'to_captured')],

  ['POST /v1/refunds', refund(CHARGED)],
  ['POST /v1/refunds/*', free()],
  ['POST /v1/refunds/*/cancel', free()],
  ['POST /v1/charges/*/refund', refund('path')],
  ['POST /v1/charges/*/refunds', refund('path')],
  ['POST /v1/charges/*/refunds/*', free()],
  ['POST /v1/application_fees/*/refund', refund('path')],
  ['POST /v1/application_fees/*/refunds', refund('path')],
  ['POST /v1/application_fees/*/refunds/*', free()],
  ['POST /v1/terminal/refunds', refund(CHARGED)],
  ['POST /v1/terminal/readers/*/refund_payment', refund(CHARGED)],
  // Evidence moves nothing; closing a dispute gives its money up.
  ['POST /v1/disputes/*', free()],
  ['POST /v1/disputes/*/close', refund('path', null)],
  ['POST /v1/charges/*/dispute', free()],
  ['POST /v1/charges/*/dispute/close', refund('path', null)],
  ['POST /v1/reviews/*/approve', free()],

  ['POST /v1/transfers', create('transfers')],
  ['POST /v1/transfers/*', free()],
  ['POST /v1/transfers/*/reversals', refund('path')],
  ['POST /v1/transfers/*/reversals/*', free()],
  ['POST /v1/payouts', create('payouts')],
  ['POST /v1/payouts/*', free()],
  ['POST /v1/payouts/*/cancel', cancel('if_canceled')],
  // It comes back from the bank days later, or does not.
  ['POST /v1/payouts/*/reverse', free()],
  ['POST /v1/topups', create()],
  ['POST /v1/topups/*', free()],
  ['POST /v1/topups/*/cancel', cancel('if_canceled')],
  ['POST /v1/climate/orders', create()],
  ['POST /v1/climate/orders/*', free()],
  ['POST /v1/climate/orders/*/cancel', free()],
  ['POST /v1/balance_settings', computed],

  // Tips and surcharges come on top at the reader.
  ...each(
    computed,
    `
    POST /v1/terminal/readers/*/process_payment_intent
    POST /v1/terminal/readers/*/confirm_payment_intent
    POST /v1/terminal/readers/*/collect_payment_method
    `,
  ),
  // A customer pays later, by himself: what and how often is Stripe's to know.
  ...each(
    computed,
    `
    POST /v1/checkout/sessions
    POST /v1/payment_links
    POST /v1/payment_links/*
    `,
  ),
  ['POST /v1/checkout/sessions/*', free(...SESSION_MONEY)],
  ...each(
    free(),
    `
    POST /v1/checkout/sessions/*/expire
    POST /v1/payment_methods
    POST /v1/payment_methods/*
    POST /v1/payment_methods/*/attach
    POST /v1/payment_methods/*/detach
    POST /v1/payment_method_configurations
    POST /v1/payment_method_configurations/*
    POST /v1/payment_method_domains
    POST /v1/payment_method_domains/*
    POST /v1/payment_method_domains/*/validate
    POST /v1/payment_records/*/report_payment_attempt
    POST /v1/payment_records/*/report_payment_attempt_canceled
    POST /v1/payment_records/*/report_payment_attempt_failed
    POST /v1/payment_records/*/report_payment_attempt_guaranteed
    POST /v1/payment_records/*/report_payment_attempt_informational
    POST /v1/payment_records/*/report_refund
    POST /v1/payment_records/report_payment
    POST /v1/setup_intents
    POST /v1/setup_intents/*
    POST /v1/setup_intents/*/cancel
    POST /v1/setup_intents/*/confirm
    POST /v1/setup_intents/*/verify_microdeposits
    POST /v1/sources
    POST /v1/sources/*
    POST /v1/sources/*/verify
    POST /v1/tokens
    POST /v1/apple_pay/domains
    DELETE /v1/apple_pay/domains/*
    POST /v1/file_links
    POST /v1/file_links/*
    POST /v1/radar/payment_evaluations
    POST /v1/radar/value_list_items
    DELETE /v1/radar/value_list_items/*
    POST /v1/radar/value_lists
    DELETE /v1/radar/value_lists/*
    POST /v1/radar/value_lists/*
    `,
  ),
  ...each(
    computed,
    `
    POST /v1/three_d_secure/authentications
    POST /v1/three_d_secure/authentications/*/cancel
    POST /v1/three_d_secure/authentications/*/submit
    `,
  ),
  ['POST /v1/forwarding/requests', never('A forwarded request may cost anything anywhere')],
  ['POST /v1/files', never('Files go to another host of Stripe, with the same secret')],
]
