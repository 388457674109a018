import type { Fault } from '../../../fake-vendors/faults.ts'
import type { SdkCase } from '../case.ts'
import { otherThan, raises, sameAs, value } from '../sees.ts'

const TOLD = value({ output: 50, stop: 'end_turn' })
const LIMITED = { node: 'RateLimitError', python: 'RateLimitError' }
const DENIED = { node: 'PermissionDeniedError', python: 'PermissionDeniedError' }
const UNKNOWN_KEY = { node: 'AuthenticationError', python: 'AuthenticationError' }
const FAILED = { node: 'InternalServerError', python: 'InternalServerError' }

/** A message of 50 tokens, 12 of input by the stand-in's count: $0.000024 and $0.0005. */
const ONE_USD = '0.000524'

/** What befalls an answer that was bought and is lost, and how many effects there are once the SDK has asked again. */
const LOST: readonly [id: string, title: string, fault: Fault, effects: number][] = [
  ['silent-after', 'Anthropic sells and does not answer', { kind: 'silence', when: 'after' }, 2],
  ['reset-before', 'the connection is reset before the purchase', { kind: 'reset', when: 'before' }, 1],
  ['reset-after', 'the connection is reset after the purchase', { kind: 'reset', when: 'after' }, 2],
  ['half-answer', 'the answer is reset in its middle', { kind: 'half', when: 'after' }, 2],
  ['500-after', 'Anthropic sells and answers 500', { kind: 'answer', when: 'after', status: 500 }, 2],
]

const REFUSING: readonly [id: string, title: string, status: number][] = [
  ['vendor-busy', 'Anthropic says 429', 429],
  ['conflict', 'Anthropic says 409', 409],
]

export const CASES: readonly SdkCase[] = [
  ...(['environment', 'prefix', 'host', 'port'] as const).map(
    (way): SdkCase => ({
      id: `by-${way}`,
      title: `a message, pointed by ${way}`,
      way,
      steps: [{ call: 'message', sees: TOLD }],
      truth: { effects: 1, spentUsd: ONE_USD, vendorCalls: 1 },
    }),
  ),
  {
    id: 'common-calls',
    title: 'tokens counted for nothing, a tool call, a picture in base64',
    steps: [
      { call: 'count', sees: value({ input: 12 }) },
      { call: 'tool', sees: value({ stop: 'tool_use', tool: 'weather' }) },
      { call: 'vision', sees: TOLD },
    ],
    truth: { effects: 2, spentUsd: null, vendorCalls: 3 },
  },
  {
    id: 'stream',
    title: 'a stream, read event by event and settled by the usage in it',
    steps: [{ call: 'stream', sees: value({ pieces: 50, output: 50 }) }],
    truth: { effects: 1, spentUsd: ONE_USD, vendorCalls: 1 },
  },
  {
    id: 'stream-cut',
    title: 'a stream that is reset in its middle: an exception, and the purchase counts at its bound',
    faults: [{ fault: { kind: 'cut', when: 'after', afterBytes: 2_000, how: 'reset' } }],
    steps: [{ call: 'stream', sees: raises({ class: { node: 'AnthropicError', python: 'RemoteProtocolError' } }) }],
    truth: { effects: 1, spentUsd: null, lost: 1, vendorCalls: 1 },
    shows: 'a stream breaks off',
  },
  {
    id: 'models',
    title: 'the list of models is read to its end, page by page, and costs nothing',
    steps: [{ call: 'models', sees: value({ count: 4 }) }],
    truth: { effects: 0, spentUsd: '0.00', vendorCalls: 2 },
  },
  ...LOST.map(
    ([id, title, fault, effects]): SdkCase => ({
      id,
      title: `${title}: counted at its bound, bought anew by the SDK, and the app sees nothing of it`,
      faults: [{ fault }],
      steps: [{ call: 'message', sees: TOLD }],
      truth: { effects, spentUsd: null, lost: 1 },
    }),
  ),
  ...REFUSING.map(
    ([id, title, status]): SdkCase => ({
      id,
      title: `${title}: released, and the SDK asks again by itself`,
      faults: [{ fault: { kind: 'answer', when: 'before', status } }],
      steps: [{ call: 'message', sees: TOLD }],
      truth: { effects: 1, spentUsd: ONE_USD, vendorCalls: 2 },
    }),
  ),
  {
    id: 'unknown-outcome',
    title: 'no try of the SDK gets an answer: an exception, and each try counts at its bound',
    faults: [{ fault: { kind: 'reset', when: 'after' }, times: null }],
    steps: [{ call: 'message', sees: raises({ class: FAILED, status: 502, code: 'answer_lost' }) }],
    truth: { effects: 3, spentUsd: null, lost: 3, vendorCalls: 3 },
    shows: 'nobody knows whether Anthropic has sold',
  },
  {
    id: 'spent-cap',
    title: 'a spent cap: the exception is raised at once, and the SDK does not ask again',
    capUsd: '0.0001',
    steps: [{ call: 'message', sees: raises({ class: LIMITED, status: 429, code: 'cap_exhausted' }) }],
    truth: { effects: 0, spentUsd: '0.00', refusals: { cap_exhausted: 1 }, vendorCalls: 0 },
    shows: 'a cap is spent',
  },
  {
    id: 'revoked',
    title: 'a revoked key admits nothing, and the SDK does not ask again',
    steps: [
      { call: 'message', sees: TOLD },
      { act: 'revoke' },
      { call: 'message', sees: raises({ class: UNKNOWN_KEY, status: 401, code: 'key_revoked' }) },
    ],
    truth: { effects: 1, spentUsd: ONE_USD, refusals: { key_revoked: 1 }, vendorCalls: 1 },
    shows: 'the key is revoked',
  },
  {
    id: 'unlisted',
    title: 'a route that is not priced by tokens is refused, with the way to declare it',
    steps: [
      { call: 'unlisted', sees: raises({ class: DENIED, status: 403, code: 'route_unknown', says: 'type `generic`' }) },
    ],
    truth: { effects: 0, spentUsd: '0.00', refusals: { route_unknown: 1 }, vendorCalls: 0 },
    shows: 'a route has no price',
  },
  {
    id: 'pod-dies',
    title: 'the Pod dies while Anthropic works: its replacement gets the recorded answer, and the next one is new',
    steps: [{ dies: { call: 'message' } }, { call: 'message', sees: TOLD }, { call: 'message', sees: otherThan(0) }],
    truth: { effects: 2, spentUsd: '0.001048', vendorCalls: 2 },
  },
  {
    id: 'two-orders',
    title: 'two orders of the keys in the body are one content to a replacement Pod',
    steps: [
      { call: 'message', sees: TOLD },
      { act: 'new_pod' },
      { call: 'message_reordered', sees: sameAs(0) },
      { call: 'message', sees: otherThan(0) },
    ],
    truth: { effects: 2, spentUsd: '0.001048', vendorCalls: 2 },
  },
  {
    id: 'parallel',
    title: 'five identical calls at once are five calls',
    steps: [{ call: 'parallel', with: { n: 5 }, sees: value({ count: 5, ids: 5 }) }],
    truth: { effects: 5, spentUsd: '0.00262', vendorCalls: 5 },
  },
]
