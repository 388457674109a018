import { computed, create, each, free, never, type RouteCost, type RouteEntry } from './route-cost.ts'

/** Where an account's money goes, and when. */
const ACCOUNT_MONEY = ['external_account', 'bank_account', 'settings']

const CREDENTIAL = 'It hands out a credential that no cap would hold'

const returned = (param: string, path: string): RouteCost => ({
  kind: 'gives_back',
  moneyClass: 'refunds',
  amount: null,
  of: [{ param, path }],
})

/** Connect, Treasury, Issuing, Terminal and the rest. https://docs.stripe.com/api */
export const ACCOUNT_ROUTES: readonly RouteEntry[] = [
  ['POST /v1/accounts', free(...ACCOUNT_MONEY)],
  ['POST /v1/accounts/*', free(...ACCOUNT_MONEY)],
  ...each(
    never(CREDENTIAL),
    `
    POST /oauth/token
    POST /v1/account_sessions
    POST /v1/ephemeral_keys
    POST /v2/billing/meter_event_session
    `,
  ),
  ['POST /oauth/deauthorize', never('It belongs to another host of Stripe, with the same secret')],
  // They decide where money goes that others move.
  ...each(
    computed,
    `
    POST /v1/accounts/*/external_accounts
    DELETE /v1/accounts/*/external_accounts/*
    POST /v1/accounts/*/external_accounts/*
    POST /v1/accounts/*/bank_accounts
    DELETE /v1/accounts/*/bank_accounts/*
    POST /v1/accounts/*/bank_accounts/*
    POST /v1/external_accounts/*
    DELETE /v1/accounts/*
    POST /v1/apps/installs
    POST /v1/apps/installs/*
    POST /v1/apps/installs/*/uninstall
    `,
  ),
  ['POST /v1/treasury/outbound_payments', create('payouts')],
  ['POST /v1/treasury/outbound_transfers', create('payouts')],
  ['POST /v1/treasury/inbound_transfers', create()],
  ...each(
    { kind: 'cancel', givesBack: 'if_canceled' },
    `
    POST /v1/treasury/outbound_payments/*/cancel
    POST /v1/treasury/outbound_transfers/*/cancel
    POST /v1/treasury/inbound_transfers/*/cancel
  `,
  ),
  ['POST /v1/treasury/credit_reversals', returned('received_credit', '/v1/treasury/received_credits')],
  ['POST /v1/treasury/debit_reversals', returned('received_debit', '/v1/treasury/received_debits')],
  ['POST /v1/treasury/financial_accounts/*', free('forwarding_settings')],
  // Closing forwards what is left; a card, its limits and an approval let others spend.
  ...each(
    computed,
    `
    POST /v1/treasury/financial_accounts/*/close
    POST /v1/issuing/authorizations/*/approve
    POST /v1/issuing/cardholders
    POST /v1/issuing/cardholders/*
    POST /v1/issuing/cards
    POST /v1/issuing/cards/*
    POST /v1/issuing/settlements/*
    POST /v1/issuing/tokens/*
    `,
  ),
  ...each(
    free(),
    `
    POST /v1/account_links
    POST /v1/accounts/*/capabilities/*
    POST /v1/accounts/*/login_links
    POST /v1/accounts/*/people
    DELETE /v1/accounts/*/people/*
    POST /v1/accounts/*/people/*
    POST /v1/accounts/*/persons
    DELETE /v1/accounts/*/persons/*
    POST /v1/accounts/*/persons/*
    POST /v1/accounts/*/reject
    POST /v1/accounts/*/unreject
    POST /v1/apps/secrets
    POST /v1/apps/secrets/delete
    DELETE /v1/ephemeral_keys/*
    POST /v1/financial_connections/accounts/*/disconnect
    POST /v1/financial_connections/accounts/*/refresh
    POST /v1/financial_connections/accounts/*/subscribe
    POST /v1/financial_connections/accounts/*/unsubscribe
    POST /v1/financial_connections/sessions
    POST /v1/link_account_sessions
    POST /v1/linked_accounts/*/disconnect
    POST /v1/linked_accounts/*/refresh
    POST /v1/identity/verification_sessions
    POST /v1/identity/verification_sessions/*
    POST /v1/identity/verification_sessions/*/cancel
    POST /v1/identity/verification_sessions/*/redact
    POST /v1/issuing/authorizations/*
    POST /v1/issuing/authorizations/*/decline
    POST /v1/issuing/disputes
    POST /v1/issuing/disputes/*
    POST /v1/issuing/disputes/*/submit
    POST /v1/issuing/personalization_designs
    POST /v1/issuing/personalization_designs/*
    POST /v1/issuing/transactions/*
    POST /v1/reporting/report_runs
    POST /v1/sigma/saved_queries/*
    POST /v1/terminal/configurations
    DELETE /v1/terminal/configurations/*
    POST /v1/terminal/configurations/*
    POST /v1/terminal/connection_tokens
    POST /v1/terminal/locations
    DELETE /v1/terminal/locations/*
    POST /v1/terminal/locations/*
    POST /v1/terminal/onboarding_links
    POST /v1/terminal/readers
    DELETE /v1/terminal/readers/*
    POST /v1/terminal/readers/*
    POST /v1/terminal/readers/*/cancel_action
    POST /v1/terminal/readers/*/collect_inputs
    POST /v1/terminal/readers/*/process_setup_intent
    POST /v1/terminal/readers/*/set_reader_display
    POST /v1/treasury/financial_accounts
    POST /v1/treasury/financial_accounts/*/features
    POST /v1/webhook_endpoints
    DELETE /v1/webhook_endpoints/*
    POST /v1/webhook_endpoints/*
    `,
  ),
]
