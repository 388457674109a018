import type { SdkCase } from '../case.ts'
import { otherThan, raises, sameAs, value } from '../sees.ts'

/** A class's own cap is spent: as with any other cap. */
const SPENT = raises({
  class: { node: 'StripeRateLimitError', python: 'RateLimitError' },
  status: 429,
  code: { node: 'cap_exhausted' },
})

/** Bills, money that goes back or out, and v2. Caps of classes are of the day, so each case keeps below what others need. */
export const CLASS_CASES: readonly SdkCase[] = [
  {
    id: 'invoice',
    title: 'an invoice drafted, finalized, paid and credited: counted once, the credit note in its own class alone',
    steps: [
      {
        call: 'invoice',
        with: { cents: 1_000, credited: 400 },
        sees: value({ status: 'paid', paid: 1_000, credited: 400 }),
      },
    ],
    truth: { effects: 5, movedMinor: 600, spentUsd: '10.00' },
  },
  {
    id: 'invoice-over-maximum',
    title: 'an invoice finalized at more than the declared maximum is booked in full',
    steps: [{ call: 'finalize', with: { cents: 6_000 }, sees: value({ status: 'open', due: 6_000 }) }],
    truth: { effects: 3, movedMinor: 0, spentUsd: '60.00' },
  },
  {
    id: 'subscription',
    title: 'a subscription counts at the declared maximum, for its answer does not say what was collected',
    steps: [{ call: 'subscription', with: { cents: 250, quantity: 3 }, sees: value({ status: 'active' }) }],
    truth: { effects: 2, movedMinor: 750, spentUsd: '50.00' },
  },
  {
    id: 'refund-class',
    title: 'refunds have a cap of their own: what is over it is refused, and a smaller one still passes',
    steps: [
      { call: 'charge', with: { cents: 2_500 }, sees: value({ status: 'succeeded' }) },
      { call: 'refund_last', sees: SPENT },
      { call: 'refund_last', with: { cents: 300 }, sees: value({ amount: 300, status: 'succeeded' }) },
    ],
    truth: { effects: 2, movedMinor: 2_200, spentUsd: '25.00', refusals: { cap_exhausted: 1 } },
    shows: 'the cap of a class is spent',
  },
  {
    id: 'payout-class',
    title: 'payouts of v1 and outbound payments of v2 share one class, and nothing of them counts as spent',
    steps: [
      { call: 'payout', with: { cents: 600 }, sees: value({ amount: 600, status: 'pending' }) },
      { call: 'outbound_payment', with: { cents: 700 }, sees: value({ amount: 700, status: 'processing' }) },
      { call: 'outbound_payment', with: { cents: 1_500 }, sees: SPENT },
    ],
    truth: { effects: 2, movedMinor: 1_300, spentUsd: '0.00', refusals: { cap_exhausted: 1 }, vendorCalls: 2 },
  },
  {
    id: 'v2-reset-after',
    title: 'v2: the connection is reset after the money left: repeated under one key, paid once',
    faults: [{ fault: { kind: 'reset', when: 'after' } }],
    steps: [{ call: 'outbound_payment', with: { cents: 100 }, sees: value({ amount: 100, status: 'processing' }) }],
    truth: { effects: 1, movedMinor: 100, spentUsd: '0.00' },
  },
  {
    id: 'v2-replaced-pod',
    title: 'v2: a Pod dies while money is going out: its replacement, with new automatic keys, gets the same payment',
    steps: [
      { dies: { call: 'outbound_payment', with: { cents: 200 } } },
      { call: 'outbound_payment', with: { cents: 200 }, sees: value({ amount: 200, status: 'processing' }) },
      { act: 'new_pod' },
      { call: 'outbound_payment', with: { cents: 200 }, sees: sameAs(0) },
      { call: 'outbound_payment', with: { cents: 100 }, sees: otherThan(0) },
    ],
    truth: { effects: 2, movedMinor: 300, spentUsd: '0.00', vendorCalls: 2 },
  },
]
