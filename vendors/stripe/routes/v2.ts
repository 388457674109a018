import { computed, create, each, free, never, type RouteEntry } from './route-cost.ts'

/** Routes of v2, which take JSON. https://docs.stripe.com/api/v2 */
export const V2_ROUTES: readonly RouteEntry[] = [
  ['POST /v2/money_management/outbound_payments', create('payouts')],
  ['POST /v2/money_management/inbound_transfers', create()],
  ['POST /v2/money_management/payout_intents', create('payouts')],
  [
    'POST /v2/money_management/payout_intents/*/confirm',
    { kind: 'on_object', amount: null, adds: 'new_total', beside: [], moneyClass: 'payouts' },
  ],
  ['POST /v2/money_management/outbound_payments/*/cancel', { kind: 'cancel', givesBack: 'if_canceled' }],
  ['POST /v2/money_management/payout_intents/*/cancel', { kind: 'cancel', givesBack: 'if_canceled' }],
  // Another recipient, rate or account; usage that is billed later; a catalogue that comes as a file.
  ...each(
    computed,
    `
    POST /v2/money_management/payout_intents/*
    POST /v2/money_management/payout_intents/*/refresh_fx_quote
    POST /v2/core/accounts
    POST /v2/core/accounts/*
    POST /v2/core/accounts/*/close
    POST /v2/billing/meter_events
    POST /v2/commerce/product_catalog/imports
    `,
  ),
  ['POST /v2/billing/meter_event_stream', never('It belongs to another host of Stripe')],
  ...each(
    free(),
    `
    POST /v2/billing/meter_event_adjustments
    POST /v2/core/account_links
    POST /v2/core/account_tokens
    POST /v2/core/accounts/*/person_tokens
    POST /v2/core/accounts/*/persons
    DELETE /v2/core/accounts/*/persons/*
    POST /v2/core/accounts/*/persons/*
    POST /v2/core/event_destinations
    DELETE /v2/core/event_destinations/*
    POST /v2/core/event_destinations/*
    POST /v2/core/event_destinations/*/disable
    POST /v2/core/event_destinations/*/enable
    POST /v2/core/event_destinations/*/ping
    POST /v2/core/vault/gb_bank_accounts
    POST /v2/core/vault/gb_bank_accounts/*/archive
    POST /v2/core/vault/gb_bank_accounts/*/unarchive
    POST /v2/core/vault/us_bank_accounts
    POST /v2/core/vault/us_bank_accounts/*
    POST /v2/core/vault/us_bank_accounts/*/archive
    POST /v2/core/vault/us_bank_accounts/*/confirm_microdeposits
    POST /v2/core/vault/us_bank_accounts/*/send_microdeposits
    POST /v2/core/vault/us_bank_accounts/*/unarchive
    POST /v2/money_management/financial_accounts/*
    POST /v2/money_management/financial_addresses
    POST /v2/money_management/outbound_setup_intents
    POST /v2/money_management/outbound_setup_intents/*
    POST /v2/money_management/outbound_setup_intents/*/cancel
    POST /v2/money_management/payout_methods/*/archive
    POST /v2/money_management/payout_methods/*/unarchive
    POST /v2/money_management/recipient_verifications
    POST /v2/money_management/recipient_verifications/*/acknowledge
    POST /v2/money_management/transactions/*
    POST /v2/money_management/transactions/*/refresh_regulatory_receipt
    POST /v2/money_management/payout_intents/*/refresh_recipient_verification
    POST /v2/money_management/test_helpers/financial_addresses/*/credit
    POST /v2/test_helpers/money_management/recipient_verifications
    `,
  ),
]
