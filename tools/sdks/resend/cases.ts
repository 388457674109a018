import type { Fault } from '../../../fake-vendors/faults.ts'
import type { Sdk, SdkCase, See, Way } from '../case.ts'
import { otherThan, raises, sameAs, value } from '../sees.ts'

/** resend-node never throws: it hands back `{ data: null, error }`. */
const ERROR = { node: '{ error }', python: 'ResendError' }
const WAYS: readonly Way[] = ['environment', 'prefix', 'host', 'port']

const hasPermissive = ({ version }: Sdk) => !/^(4|6\.0)\./.test(version)
const error = (status: number, code: string, python = ERROR.python): See =>
  raises({ class: { ...ERROR, python }, status, code })

/** Each befalls the call once, and the ledger repeats it under the key that it has put on. */
const HEALED: readonly [id: string, title: string, fault: Fault][] = [
  ['reset-before', 'the connection is reset before the mail went out', { kind: 'reset', when: 'before' }],
  ['reset-after', 'the connection is reset after the mail went out', { kind: 'reset', when: 'after' }],
  ['half-answer', 'the answer is reset in its middle', { kind: 'half', when: 'after' }],
  ['garbage', 'the answer is not HTTP', { kind: 'garbage', when: 'after' }],
  ['500-before', 'Resend fails before the mail went out', { kind: 'answer', when: 'before', status: 500 }],
  ['500-after', 'Resend sends and answers 500', { kind: 'answer', when: 'after', status: 500 }],
]

const SENT = value({ isSent: true })

export const CASES: readonly SdkCase[] = [
  ...WAYS.map(
    (way): SdkCase => ({
      id: `by-${way}`,
      title: `a mail, pointed by ${way}`,
      only: ({ pointing }) => way in pointing,
      way,
      steps: [{ call: 'send', sees: SENT }],
      truth: { effects: 1, spentUsd: '0.01', vendorCalls: 1 },
    }),
  ),
  {
    id: 'common-calls',
    title: 'a mail to three, read and cancelled; a batch of two: counted by recipients',
    steps: [
      { call: 'send_read_cancel', with: { cc: ['c@x.com', 'd@x.com'] }, sees: value({ isSame: true }) },
      { call: 'batch', with: { to: [['a@x.com'], ['b@x.com', 'c@x.com']] }, sees: value({ count: 2, ids: 2 }) },
    ],
    truth: { effects: 3, spentUsd: '0.06', vendorCalls: 4 },
  },
  {
    id: 'permissive-batch',
    title: 'a permissive batch is settled by the mails that Resend took',
    only: hasPermissive,
    steps: [
      {
        call: 'batch',
        with: { to: [['a@x.com'], ['not an address'], ['b@x.com', 'c@x.com']], validation: 'permissive' },
        sees: value({ count: 2, ids: 2 }),
      },
    ],
    truth: { effects: 1, spentUsd: '0.03', vendorCalls: 1 },
  },
  ...HEALED.map(
    ([id, title, fault]): SdkCase => ({
      id,
      title: `${title}: repeated under one key, sent once, and the app sees nothing of it`,
      faults: [{ fault }],
      steps: [{ call: 'send', sees: SENT }],
      truth: { effects: 1, spentUsd: '0.01', vendorCalls: 2 },
    }),
  ),
  ...(['before', 'after'] as const).map(
    (when): SdkCase => ({
      id: `silent-${when}`,
      title: `Resend does not answer, ${when} the mail went out: held, and the next try of the app gets that mail`,
      faults: [{ fault: { kind: 'silence', when } }],
      steps: [
        { call: 'send', sees: error(504, 'outcome_pending') },
        { call: 'send', sees: SENT },
      ],
      truth: { effects: 1, spentUsd: '0.01', vendorCalls: 2 },
    }),
  ),
  {
    id: 'key-in-use',
    title: 'Resend says 409, the key is in use: waited for, sent once',
    faults: [{ fault: { kind: 'answer', when: 'before', status: 409 }, times: 2 }],
    steps: [{ call: 'send', sees: SENT }],
    truth: { effects: 1, spentUsd: '0.01', vendorCalls: 3 },
  },
  {
    id: 'vendor-busy',
    title: 'Resend says 429: released; the error comes at once and the next try sends',
    faults: [{ fault: { kind: 'answer', when: 'before', status: 429 } }],
    steps: [
      { call: 'send', sees: error(429, 'rate_limit_exceeded', 'RateLimitError') },
      { call: 'send', sees: SENT },
    ],
    truth: { effects: 1, spentUsd: '0.01', vendorCalls: 2 },
    shows: 'Resend says 429',
  },
  {
    id: 'refused-by-resend',
    title: 'an error of Resend’s own is the answer, and costs nothing',
    steps: [{ call: 'send', with: { to: ['nobody'] }, sees: error(422, 'validation_error', 'ValidationError') }],
    truth: { effects: 0, spentUsd: '0.00', vendorCalls: 1 },
    shows: 'an address that Resend refuses',
  },
  {
    id: 'spent-cap',
    title: 'a spent cap: one error, asked once, no repeat by the SDK',
    capUsd: '0.015',
    steps: [
      { call: 'send', sees: SENT },
      { call: 'send', sees: error(429, 'cap_exhausted') },
    ],
    truth: { effects: 1, spentUsd: '0.01', refusals: { cap_exhausted: 1 }, vendorCalls: 1 },
    shows: 'a spent cap',
  },
  {
    id: 'spent-cap-batch',
    title: 'a batch that would pass the cap is refused whole: none of its mails goes out',
    capUsd: '0.015',
    steps: [{ call: 'batch', with: { to: [['a@x.com'], ['b@x.com']] }, sees: error(429, 'cap_exhausted') }],
    truth: { effects: 0, spentUsd: '0.00', refusals: { cap_exhausted: 1 }, vendorCalls: 0 },
  },
  {
    id: 'revoked',
    title: 'a revoked key: one error, asked once; nothing reaches Resend any more',
    steps: [{ call: 'send', sees: SENT }, { act: 'revoke' }, { call: 'send', sees: error(401, 'key_revoked') }],
    truth: { effects: 1, spentUsd: '0.01', refusals: { key_revoked: 1 }, vendorCalls: 1 },
    shows: 'a revoked key',
  },
  {
    id: 'not-priced',
    title: 'a route that may set off mails nobody counted, such as a new contact, is refused',
    steps: [{ call: 'contact', sees: error(403, 'route_unknown') }],
    truth: { effects: 0, spentUsd: '0.00', refusals: { route_unknown: 1 }, vendorCalls: 0 },
    shows: 'a route whose cost is not known',
  },
  {
    id: 'unknown-outcome',
    title: 'Resend stays silent after it sent: the money is held, and the next try gets that mail',
    faults: [{ fault: { kind: 'silence', when: 'after' }, times: null }],
    steps: [
      { call: 'send', sees: error(504, 'outcome_pending') },
      { act: 'clear_faults' },
      { call: 'send', sees: SENT },
    ],
    truth: { effects: 1, spentUsd: '0.01' },
    shows: 'an unknown outcome, to be asked again',
  },
  {
    id: 'unknown-for-good',
    title: 'a route that Resend repeats under no key: one error, never sent again',
    steps: [
      { call: 'send', sees: SENT },
      { fault: { fault: { kind: 'reset', when: 'after' } } },
      { call: 'cancel_last', sees: error(502, 'outcome_unknown') },
    ],
    truth: { effects: 2, spentUsd: '0.01', vendorCalls: 2 },
    shows: 'an unknown outcome, never repeated',
  },
  {
    id: 'replaced-pod',
    title: 'a Pod dies while a mail is out: the replacement walks again, and nothing goes out twice',
    steps: [
      { call: 'send', sees: SENT },
      { call: 'send', sees: otherThan(0) },
      { dies: { call: 'send', with: { subject: 'Bill' } } },
      { call: 'send', sees: sameAs(0) },
      { call: 'send', sees: sameAs(1) },
      { call: 'send', with: { subject: 'Bill' }, sees: SENT },
    ],
    truth: { effects: 3, spentUsd: '0.03', vendorCalls: 3 },
  },
  {
    id: 'reordered',
    title: 'the replacement sends the same fields in another order: the recorded answer',
    steps: [{ call: 'send', sees: SENT }, { act: 'new_pod' }, { call: 'send_reordered', sees: sameAs(0) }],
    truth: { effects: 1, spentUsd: '0.01', vendorCalls: 1 },
  },
  {
    id: 'parallel',
    title: 'identical mails at once are as many mails',
    steps: [{ call: 'parallel', with: { n: 4 }, sees: value({ count: 4, ids: 4 }) }],
    truth: { effects: 4, spentUsd: '0.04', vendorCalls: 4 },
  },
  {
    id: 'named-key',
    title: 'a key of the app’s own that names the intention: once over both Pods',
    steps: [
      { call: 'send', with: { key: 'welcome-0042' }, sees: SENT },
      { call: 'send', with: { key: 'welcome-0042' }, sees: sameAs(0) },
      { act: 'new_pod' },
      { call: 'send', with: { key: 'welcome-0042' }, sees: sameAs(0) },
    ],
    truth: { effects: 1, spentUsd: '0.01', vendorCalls: 1 },
  },
]
