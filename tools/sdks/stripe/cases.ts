import type { Fault } from '../../../fake-vendors/faults.ts'
import type { SdkCase } from '../case.ts'
import { otherThan, raises, sameAs, value } from '../sees.ts'
import { CLASS_CASES } from './class-cases.ts'

const PAID = value({ amount: 500, status: 'succeeded' })
const hasWay = (way: 'prefix' | 'host' | 'port') => (sdk: { pointing: object }) => way in sdk.pointing

/** What a fault of the vendor is called, and how often it must befall the call before the SDK gives up. */
const HEALED: readonly [id: string, title: string, fault: Fault][] = [
  ['silent-before', 'the vendor does not answer', { kind: 'silence', when: 'before' }],
  ['silent-after', 'the vendor charges and does not answer', { kind: 'silence', when: 'after' }],
  ['reset-before', 'the connection is reset before the charge', { kind: 'reset', when: 'before' }],
  ['reset-after', 'the connection is reset after the charge', { kind: 'reset', when: 'after' }],
  ['half-answer', 'the answer is reset in its middle', { kind: 'half', when: 'after' }],
  ['garbage', 'the answer is not HTTP', { kind: 'garbage', when: 'after' }],
  ['500-before', 'the vendor fails before the charge', { kind: 'answer', when: 'before', status: 500 }],
]

const LIMITED = { node: 'StripeRateLimitError', python: 'RateLimitError' }
const DENIED = { node: 'StripePermissionError', python: 'PermissionError' }
const FAILED = { node: 'StripeAPIError', python: 'APIError' }

export const CASES: readonly SdkCase[] = [
  ...(['prefix', 'host', 'port'] as const).map(
    (way): SdkCase => ({
      id: `by-${way}`,
      title: `a payment, pointed by ${way}`,
      only: hasWay(way),
      way,
      steps: [{ call: 'charge', sees: PAID }],
      truth: { effects: 1, movedMinor: 500, spentUsd: '5.00', vendorCalls: 1 },
    }),
  ),
  {
    id: 'common-calls',
    title: 'customers, confirm, capture, cancel and refund: one object counts once',
    steps: [
      {
        call: 'customer',
        with: { email: 'a@example.com' },
        sees: value({ email: 'a@example.com', name: 'Ann', order: '6735' }),
      },
      { call: 'create_and_confirm', with: { cents: 700 }, sees: value({ amount: 700, status: 'succeeded' }) },
      { call: 'authorise_and_capture', with: { cents: 900, captured: 400 }, sees: value({ status: 'succeeded' }) },
      { call: 'authorise_and_cancel', with: { cents: 5_000 }, sees: value({ status: 'canceled' }) },
      { call: 'refund', with: { cents: 300 }, sees: value({ amount: 300, status: 'succeeded' }) },
    ],
    truth: { effects: 10, movedMinor: 1_100, spentUsd: '19.00' },
  },
  {
    id: 'increment',
    title: 'authorised, raised to a new total and captured in part: counts once, at the most it could have charged',
    steps: [
      {
        call: 'raise_and_capture',
        with: { cents: 1_000, total: 1_500, captured: 1_200 },
        sees: value({ status: 'succeeded' }),
      },
    ],
    truth: { effects: 3, movedMinor: 1_200, spentUsd: '15.00' },
  },
  {
    id: 'pages',
    title: 'a list is read to its end, page by page',
    steps: [
      ...[1, 2, 3, 4, 5].map(() => ({ call: 'charge', with: { customer: 'cus_pages' }, sees: PAID })),
      { call: 'list', with: { customer: 'cus_pages', limit: 2 }, sees: value({ count: 5, ids: 5 }) },
    ],
    truth: { effects: 5, spentUsd: '25.00', vendorCalls: 8 },
  },
  ...HEALED.map(
    ([id, title, fault]): SdkCase => ({
      id,
      title: `${title}: repeated under one key, charged once, and the app sees nothing of it`,
      faults: [{ fault }],
      steps: [{ call: 'charge', sees: PAID }],
      truth: { effects: 1, movedMinor: 500, spentUsd: '5.00' },
    }),
  ),
  {
    id: 'vendor-busy',
    title: 'the vendor says 429: released; the exception is raised at once and the next try charges',
    faults: [{ fault: { kind: 'answer', when: 'before', status: 429 } }],
    steps: [
      { call: 'charge', sees: raises({ class: LIMITED, status: 429 }) },
      { call: 'charge', sees: PAID },
    ],
    truth: { effects: 1, movedMinor: 500, spentUsd: '5.00' },
    shows: 'the vendor says 429',
  },
  {
    id: 'key-in-use',
    title: 'the vendor says 409, the key is in use: waited for, charged once',
    faults: [{ fault: { kind: 'answer', when: 'before', status: 409 }, times: 2 }],
    steps: [{ call: 'charge', sees: PAID }],
    truth: { effects: 1, movedMinor: 500, spentUsd: '5.00' },
  },
  {
    id: 'saved-500',
    title:
      'a 500 after the charge, kept under the key: the SDK repeats, the money stays reserved, nothing is charged again',
    faults: [{ fault: { kind: 'answer', when: 'after', status: 500 } }],
    steps: [{ call: 'charge', sees: raises({ class: FAILED, status: 500 }) }],
    truth: { effects: 1, movedMinor: 500, spentUsd: '0.00', heldUsd: '5.00' },
    shows: 'a 500 of the vendor after the charge',
  },
  {
    id: 'declined',
    title: 'a declined card is the vendor’s answer, and costs nothing',
    steps: [
      {
        call: 'charge',
        with: { payment_method: 'pm_card_chargeDeclined' },
        sees: raises({ class: { node: 'StripeCardError', python: 'CardError' }, status: 402, code: 'card_declined' }),
      },
    ],
    truth: { effects: 0, spentUsd: '0.00', vendorCalls: 1 },
    shows: 'a declined card',
  },
  {
    id: 'spent-cap',
    title: 'a spent cap: one exception, asked once, no repeat by the SDK',
    capUsd: '7.00',
    steps: [
      { call: 'charge', sees: PAID },
      {
        call: 'charge',
        sees: raises({ class: LIMITED, status: 429, code: { node: 'cap_exhausted' }, says: 'cap' }),
      },
    ],
    truth: { effects: 1, spentUsd: '5.00', refusals: { cap_exhausted: 1 }, vendorCalls: 1 },
    shows: 'a spent cap',
  },
  {
    id: 'revoked',
    title: 'a revoked key: one exception, asked once; nothing reaches the vendor any more',
    steps: [
      { call: 'charge', sees: PAID },
      { act: 'revoke' },
      {
        call: 'charge',
        sees: raises({
          class: { node: 'StripeAuthenticationError', python: 'AuthenticationError' },
          status: 401,
          code: { node: 'key_revoked' },
        }),
      },
    ],
    truth: { effects: 1, spentUsd: '5.00', refusals: { key_revoked: 1 }, vendorCalls: 1 },
    shows: 'a revoked key',
  },
  {
    id: 'not-allowed',
    title: 'a route whose cost nobody knows: one exception, asked once',
    steps: [{ call: 'unlisted', sees: raises({ class: DENIED, status: 403, code: { node: 'route_unknown' } }) }],
    truth: { effects: 0, spentUsd: '0.00', refusals: { route_unknown: 1 }, vendorCalls: 0 },
    shows: 'a route whose cost is not known',
  },
  {
    id: 'unknown-outcome',
    title: 'the vendor stays silent after the charge: the money is held, and the next try gets that charge',
    faults: [{ fault: { kind: 'silence', when: 'after' }, times: null }],
    steps: [
      {
        call: 'charge',
        with: { retries: 0 },
        sees: raises({ class: FAILED, status: 504, code: { node: 'outcome_pending' } }),
      },
      { act: 'clear_faults' },
      { call: 'charge', sees: PAID },
    ],
    truth: { effects: 1, movedMinor: 500, spentUsd: '5.00' },
    shows: 'an unknown outcome, to be asked again',
  },
  {
    id: 'unknown-for-good',
    title: 'a call that the vendor repeats under no key: one exception, never sent again',
    faults: [{ fault: { kind: 'reset', when: 'after' } }],
    steps: [
      {
        call: 'delete_customer',
        with: { id: 'cus_gone' },
        sees: raises({ class: FAILED, status: 502, code: { node: 'outcome_unknown' } }),
      },
    ],
    truth: { effects: 1, spentUsd: '0.00', vendorCalls: 1 },
    shows: 'an unknown outcome, never repeated',
  },
  {
    id: 'replaced-pod',
    title: 'a Pod dies while a charge is out: the replacement walks again with new automatic keys, and nothing doubles',
    steps: [
      { call: 'charge', sees: PAID },
      { call: 'charge', sees: otherThan(0) },
      { dies: { call: 'charge', with: { cents: 900 } } },
      { call: 'charge', sees: sameAs(0) },
      { call: 'charge', sees: sameAs(1) },
      { call: 'charge', with: { cents: 900 }, sees: value({ amount: 900, status: 'succeeded' }) },
    ],
    truth: { effects: 3, movedMinor: 1_900, spentUsd: '19.00', vendorCalls: 3 },
  },
  {
    id: 'reordered',
    title: 'the replacement sends the same parameters in another order: the recorded answer',
    steps: [{ call: 'charge', sees: PAID }, { act: 'new_pod' }, { call: 'charge_reordered', sees: sameAs(0) }],
    truth: { effects: 1, spentUsd: '5.00', vendorCalls: 1 },
  },
  {
    id: 'parallel',
    title: 'identical calls at once are as many intentions, one after the other',
    steps: [{ call: 'parallel', with: { n: 4 }, sees: value({ count: 4, ids: 4 }) }],
    truth: { effects: 4, movedMinor: 2_000, spentUsd: '20.00', vendorCalls: 4 },
  },
  {
    id: 'named-key',
    title: 'a key of the app’s own that names the intention: once over both Pods',
    steps: [
      { call: 'charge', with: { key: 'invoice-2026-11-0042' }, sees: PAID },
      { call: 'charge', with: { key: 'invoice-2026-11-0042' }, sees: sameAs(0) },
      { act: 'new_pod' },
      { call: 'charge', with: { key: 'invoice-2026-11-0042' }, sees: sameAs(0) },
    ],
    truth: { effects: 1, spentUsd: '5.00', vendorCalls: 1 },
  },
  {
    id: 'ledger-killed',
    title: 'the ledger is killed between calls: the app sees nothing of it',
    steps: [{ call: 'charge', sees: PAID }, { act: 'kill_ledger' }, { call: 'charge', sees: otherThan(0) }],
    truth: { effects: 2, spentUsd: '10.00', vendorCalls: 2 },
  },
  {
    id: 'connected-account',
    title: 'a connected account is another’s money: Stripe-Account goes along and tells calls apart',
    steps: [
      { call: 'charge', sees: PAID },
      { call: 'charge', with: { account: 'acct_1' }, sees: otherThan(0) },
    ],
    truth: { effects: 2, spentUsd: '10.00', vendorCalls: 2 },
  },
  ...CLASS_CASES,
]
