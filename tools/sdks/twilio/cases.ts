import type { Fault } from '../../../fake-vendors/faults.ts'
import type { SdkCase } from '../case.ts'
import { otherThan, raises, sameAs, value } from '../sees.ts'

const SENT = value({ segments: '1', status: 'queued' })
const FAILED = { node: 'RestException', python: 'TwilioRestException' }
const POST = { method: 'POST' }

/** What befalls the answer once the message has gone out. */
const FOUND: readonly [id: string, title: string, fault: Fault][] = [
  ['silent-after', 'Twilio sends and does not answer', { kind: 'silence', when: 'after' }],
  ['reset-after', 'the connection is reset after the message went out', { kind: 'reset', when: 'after' }],
  ['half-answer', 'the answer is reset in its middle', { kind: 'half', when: 'after' }],
  ['garbage', 'the answer is not HTTP', { kind: 'garbage', when: 'after' }],
  ['500-after', 'Twilio sends and answers 500', { kind: 'answer', when: 'after', status: 500 }],
]

export const CASES: readonly SdkCase[] = [
  ...(['prefix', 'host', 'port'] as const).map(
    (way): SdkCase => ({
      id: `by-${way}`,
      title: `a message, pointed by ${way}`,
      only: ({ pointing }) => way in pointing,
      way,
      steps: [{ call: 'send', sees: SENT }],
      truth: { effects: 1, spentUsd: '0.01', vendorCalls: 1 },
    }),
  ),
  {
    id: 'common-calls',
    title: 'a message of two segments, one that is read again, a call',
    steps: [
      { call: 'send', with: { body: 'x'.repeat(161) }, sees: value({ segments: '2' }) },
      { call: 'send_and_read', with: { body: 'Hello' }, sees: value({ isSame: true, body: 'Hello' }) },
      { call: 'dial', with: { seconds: 90 }, sees: value({ status: 'queued' }) },
    ],
    truth: { effects: 3, spentUsd: '0.07', vendorCalls: 4 },
  },
  {
    id: 'pages',
    title: 'a list is read to its end, page by page, through the proxy',
    steps: [
      ...[1, 2, 3, 4, 5].map(() => ({ call: 'send', with: { to: '+15550000055' }, sees: SENT })),
      { call: 'list', with: { to: '+15550000055', size: 2 }, sees: value({ count: 5, ids: 5 }) },
    ],
    truth: { effects: 5, spentUsd: '0.05', vendorCalls: 8 },
  },
  {
    id: 'whole-addresses',
    title:
      'a list of a newer product, whose pages name the next by its whole address, is read to its end through the proxy',
    steps: [{ call: 'services', with: { size: 2 }, sees: value({ count: 5, ids: 5 }) }],
    truth: { effects: 0, spentUsd: '0.00', vendorCalls: 3 },
  },
  ...FOUND.map(
    ([id, title, fault]): SdkCase => ({
      id,
      title: `${title}: the message is found at Twilio, sent once, and the app sees nothing of it`,
      faults: [{ fault, match: POST }],
      steps: [
        { call: 'send', with: { to: `+1555000${id.length}${id.charCodeAt(0)}` }, sees: value({ segments: '1' }) },
      ],
      truth: { effects: 1, spentUsd: '0.01' },
    }),
  ),
  {
    id: 'unknown-outcome',
    title: 'reset before anything happened: 502, never sent again, held for a person',
    faults: [{ fault: { kind: 'reset', when: 'before' }, match: POST }],
    steps: [
      {
        call: 'send',
        with: { to: '+15550000077' },
        sees: raises({ class: FAILED, status: 502, code: 'outcome_unknown' }),
      },
    ],
    truth: { effects: 0, spentUsd: '0.00', heldUsd: '0.01' },
    shows: 'nobody knows whether the message went out',
  },
  {
    id: 'vendor-busy',
    title: 'Twilio says 429: released; the exception is raised at once and the next try sends',
    faults: [{ fault: { kind: 'answer', when: 'before', status: 429 } }],
    steps: [
      { call: 'send', sees: raises({ class: FAILED, status: 429, code: '20429' }) },
      { call: 'send', sees: SENT },
    ],
    truth: { effects: 1, spentUsd: '0.01', vendorCalls: 2 },
    shows: 'Twilio says 429',
  },
  {
    id: 'refused-by-twilio',
    title: 'an error of Twilio’s own is the answer, and costs nothing',
    steps: [{ call: 'send', with: { body: '' }, sees: raises({ class: FAILED, status: 400, code: '21602' }) }],
    truth: { effects: 0, spentUsd: '0.00', vendorCalls: 1 },
  },
  {
    id: 'spent-cap',
    title: 'a spent cap: one exception, asked once, no repeat by the SDK',
    capUsd: '0.015',
    steps: [
      { call: 'send', sees: SENT },
      { call: 'send', sees: raises({ class: FAILED, status: 429, code: 'cap_exhausted' }) },
    ],
    truth: { effects: 1, spentUsd: '0.01', refusals: { cap_exhausted: 1 }, vendorCalls: 1 },
    shows: 'a spent cap',
  },
  {
    id: 'revoked',
    title: 'a revoked key: one exception, asked once; nothing reaches Twilio any more',
    steps: [
      { call: 'send', sees: SENT },
      { act: 'revoke' },
      { call: 'send', sees: raises({ class: FAILED, status: 401, code: 'key_revoked' }) },
    ],
    truth: { effects: 1, spentUsd: '0.01', refusals: { key_revoked: 1 }, vendorCalls: 1 },
    shows: 'a revoked key',
  },
  {
    id: 'not-priced',
    title: 'a route without a price, such as buying a number, is refused',
    steps: [{ call: 'buy_number', sees: raises({ class: FAILED, status: 403, code: 'route_unknown' }) }],
    truth: { effects: 0, spentUsd: '0.00', refusals: { route_unknown: 1 }, vendorCalls: 0 },
    shows: 'a route that has no price',
  },
  {
    id: 'pod-dies',
    title: 'the Pod dies in mid-call: its replacement gets the message that went out, and the next one is new',
    steps: [
      { dies: { call: 'send', with: { body: 'Bill' } } },
      { call: 'send', with: { body: 'Bill' }, sees: value({ segments: '1' }) },
      { call: 'send', with: { body: 'Bill' }, sees: otherThan(0) },
    ],
    truth: { effects: 2, spentUsd: '0.02' },
  },
  {
    id: 'new-pod',
    title: 'a replacement Pod that walks again gets the recorded answer',
    steps: [{ call: 'send', sees: SENT }, { act: 'new_pod' }, { call: 'send', sees: sameAs(0) }],
    truth: { effects: 1, spentUsd: '0.01', vendorCalls: 1 },
  },
  {
    id: 'reordered',
    title: 'the replacement sends the same fields in another order: the recorded answer',
    steps: [{ call: 'send', sees: SENT }, { act: 'new_pod' }, { call: 'send_reordered', sees: sameAs(0) }],
    truth: { effects: 1, spentUsd: '0.01', vendorCalls: 1 },
  },
  {
    id: 'parallel',
    title: 'identical messages at once are as many messages',
    steps: [{ call: 'parallel', with: { n: 4 }, sees: value({ count: 4, ids: 4 }) }],
    truth: { effects: 4, spentUsd: '0.04', vendorCalls: 4 },
  },
]
