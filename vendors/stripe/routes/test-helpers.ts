import { each, free, type RouteEntry } from './route-cost.ts'

/** They work under test keys alone, where no money is. https://docs.stripe.com/api */
export const TEST_HELPER_ROUTES: readonly RouteEntry[] = [
  ...each(
    free(),
    `
    POST /v1/test_helpers/confirmation_tokens
    POST /v1/test_helpers/customers/*/fund_cash_balance
    POST /v1/test_helpers/issuing/authorizations
    POST /v1/test_helpers/issuing/authorizations/*/capture
    POST /v1/test_helpers/issuing/authorizations/*/expire
    POST /v1/test_helpers/issuing/authorizations/*/finalize_amount
    POST /v1/test_helpers/issuing/authorizations/*/fraud_challenges/respond
    POST /v1/test_helpers/issuing/authorizations/*/increment
    POST /v1/test_helpers/issuing/authorizations/*/reverse
    POST /v1/test_helpers/issuing/cards/*/shipping/deliver
    POST /v1/test_helpers/issuing/cards/*/shipping/fail
    POST /v1/test_helpers/issuing/cards/*/shipping/return
    POST /v1/test_helpers/issuing/cards/*/shipping/ship
    POST /v1/test_helpers/issuing/cards/*/shipping/submit
    POST /v1/test_helpers/issuing/personalization_designs/*/activate
    POST /v1/test_helpers/issuing/personalization_designs/*/deactivate
    POST /v1/test_helpers/issuing/personalization_designs/*/reject
    POST /v1/test_helpers/issuing/transactions/*/refund
    POST /v1/test_helpers/issuing/transactions/create_force_capture
    POST /v1/test_helpers/issuing/transactions/create_unlinked_refund
    POST /v1/test_helpers/refunds/*/expire
    POST /v1/test_helpers/terminal/readers/*/present_payment_method
    POST /v1/test_helpers/terminal/readers/*/succeed_input_collection
    POST /v1/test_helpers/terminal/readers/*/timeout_input_collection
    POST /v1/test_helpers/test_clocks
    DELETE /v1/test_helpers/test_clocks/*
    POST /v1/test_helpers/test_clocks/*/advance
    POST /v1/test_helpers/treasury/inbound_transfers/*/fail
    POST /v1/test_helpers/treasury/inbound_transfers/*/return
    POST /v1/test_helpers/treasury/inbound_transfers/*/succeed
    POST /v1/test_helpers/treasury/outbound_payments/*
    POST /v1/test_helpers/treasury/outbound_payments/*/fail
    POST /v1/test_helpers/treasury/outbound_payments/*/post
    POST /v1/test_helpers/treasury/outbound_payments/*/return
    POST /v1/test_helpers/treasury/outbound_transfers/*
    POST /v1/test_helpers/treasury/outbound_transfers/*/fail
    POST /v1/test_helpers/treasury/outbound_transfers/*/post
    POST /v1/test_helpers/treasury/outbound_transfers/*/return
    POST /v1/test_helpers/treasury/received_credits
    POST /v1/test_helpers/treasury/received_debits
    POST /v1/test_helpers/issuing/settlements
    POST /v1/test_helpers/issuing/settlements/*/complete
    `,
  ),
]
