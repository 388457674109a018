import { computed, each, free, type Of, type RouteCost, type RouteEntry } from './route-cost.ts'

/** Credit for later invoices, and, at old API versions, a subscription that charges. */
const CUSTOMER_MONEY = ['account_balance', 'balance', 'cash_balance', 'coupon', 'plan', 'quantity', 'trial_end']
/** A new source makes Stripe collect invoices that are past due. */
const CUSTOMER_SOURCE = ['source', 'card', 'bank_account', 'default_source']

const INVOICE: Of = [{ param: 'invoice', path: '/v1/invoices' }]
const creditNote: RouteCost = { kind: 'gives_back', moneyClass: 'creditNotes', amount: 'amount', of: INVOICE }

/**
 * Customers, products, invoices and subscriptions. What a subscription or an invoice comes to, and when it is collected,
 * is computed by Stripe, also long after the call. https://docs.stripe.com/api
 */
export const BILLING_ROUTES: readonly RouteEntry[] = [
  ['POST /v1/customers', free(...CUSTOMER_MONEY)],
  ['POST /v1/customers/*', free(...CUSTOMER_MONEY, ...CUSTOMER_SOURCE)],
  ['POST /v1/invoices/*/pay', { kind: 'on_object', amount: null, adds: 'new_total', beside: [], moneyClass: null }],
  ['POST /v1/credit_notes', creditNote],
  // Other amounts for what was sold at them: sessions that are open, subscriptions that go on.
  ['POST /v1/prices/*', free('currency_options')],
  ['POST /v1/shipping_rates/*', free('fixed_amount')],
  // Without invoice_now nothing is billed at the end of a subscription.
  ['DELETE /v1/subscriptions/*', free('invoice_now', 'prorate')],
  ['DELETE /v1/customers/*/subscriptions/*', free('invoice_now', 'prorate', 'at_period_end')],
  ...each(
    computed,
    `
    POST /v1/customers/*/balance_transactions
    POST /v1/customers/*/cash_balance
    DELETE /v1/customers/*/discount
    POST /v1/customers/*/sources
    POST /v1/customers/*/sources/*
    POST /v1/customers/*/sources/*/verify
    POST /v1/customers/*/cards
    POST /v1/customers/*/cards/*
    POST /v1/customers/*/bank_accounts
    POST /v1/customers/*/bank_accounts/*
    POST /v1/customers/*/bank_accounts/*/verify
    POST /v1/customers/*/subscriptions
    POST /v1/customers/*/subscriptions/*
    DELETE /v1/customers/*/subscriptions/*/discount
    POST /v1/invoiceitems
    POST /v1/invoiceitems/*
    DELETE /v1/invoiceitems/*
    POST /v1/invoices
    POST /v1/invoices/*
    POST /v1/invoices/*/add_lines
    POST /v1/invoices/*/attach_payment
    POST /v1/invoices/*/finalize
    POST /v1/invoices/*/lines/*
    POST /v1/invoices/*/remove_lines
    POST /v1/invoices/*/send
    POST /v1/invoices/*/update_lines
    POST /v1/quotes/*/accept
    POST /v1/subscription_items
    DELETE /v1/subscription_items/*
    POST /v1/subscription_items/*
    POST /v1/subscription_schedules
    POST /v1/subscription_schedules/*
    POST /v1/subscription_schedules/*/cancel
    POST /v1/subscription_schedules/*/release
    POST /v1/subscriptions
    POST /v1/subscriptions/*
    DELETE /v1/subscriptions/*/discount
    POST /v1/subscriptions/*/migrate
    POST /v1/subscriptions/*/pause
    POST /v1/subscriptions/*/resume
    POST /v1/credit_notes/*/void
    POST /v1/billing/credit_grants
    POST /v1/billing/credit_grants/*
    POST /v1/billing/credit_grants/*/expire
    POST /v1/billing/credit_grants/*/void
    POST /v1/billing/meter_events
    POST /v1/billing_portal/sessions
    POST /v1/product_catalog/trial_offers
    POST /v1/product_catalog/trial_offers/*
    `,
  ),
  ...each(
    free(),
    `
    DELETE /v1/customers/*
    DELETE /v1/customers/*/sources/*
    DELETE /v1/customers/*/cards/*
    DELETE /v1/customers/*/bank_accounts/*
    POST /v1/customers/*/balance_transactions/*
    POST /v1/customers/*/funding_instructions
    POST /v1/customers/*/tax_ids
    DELETE /v1/customers/*/tax_ids/*
    POST /v1/customer_sessions
    POST /v1/coupons
    DELETE /v1/coupons/*
    POST /v1/coupons/*
    POST /v1/promotion_codes
    POST /v1/promotion_codes/*
    POST /v1/credit_notes/*
    DELETE /v1/invoices/*
    POST /v1/invoices/*/mark_uncollectible
    POST /v1/invoices/*/void
    POST /v1/invoices/create_preview
    POST /v1/invoice_rendering_templates/*/archive
    POST /v1/invoice_rendering_templates/*/unarchive
    POST /v1/plans
    DELETE /v1/plans/*
    POST /v1/plans/*
    POST /v1/prices
    POST /v1/products
    DELETE /v1/products/*
    POST /v1/products/*
    POST /v1/products/*/features
    DELETE /v1/products/*/features/*
    POST /v1/quotes
    POST /v1/quotes/*
    POST /v1/quotes/*/cancel
    POST /v1/quotes/*/finalize
    POST /v1/shipping_rates
    POST /v1/tax/calculations
    POST /v1/tax/locations
    POST /v1/tax/registrations
    POST /v1/tax/registrations/*
    POST /v1/tax/settings
    POST /v1/tax/transactions/create_from_calculation
    POST /v1/tax/transactions/create_reversal
    POST /v1/tax_ids
    DELETE /v1/tax_ids/*
    POST /v1/tax_rates
    POST /v1/tax_rates/*
    POST /v1/billing/alerts
    POST /v1/billing/alerts/*/activate
    POST /v1/billing/alerts/*/archive
    POST /v1/billing/alerts/*/deactivate
    POST /v1/billing/feedback_options
    POST /v1/billing/feedback_options/*
    POST /v1/billing/feedback_options/*/deactivate
    POST /v1/billing/meter_event_adjustments
    POST /v1/billing/meters
    POST /v1/billing/meters/*
    POST /v1/billing/meters/*/deactivate
    POST /v1/billing/meters/*/reactivate
    POST /v1/billing_portal/configurations
    POST /v1/billing_portal/configurations/*
    POST /v1/entitlements/features
    POST /v1/entitlements/features/*
    `,
  ),
]
