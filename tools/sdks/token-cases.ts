import type { Fault } from '../../fake-vendors/faults.ts'
import type { Call, SdkCase } from './case.ts'
import { otherThan, raises, sameAs, value } from './sees.ts'

const LIMITED = { node: 'RateLimitError', python: 'RateLimitError' }
const DENIED = { node: 'PermissionDeniedError', python: 'PermissionDeniedError' }
const UNKNOWN_KEY = { node: 'AuthenticationError', python: 'AuthenticationError' }
const FAILED = { node: 'InternalServerError', python: 'InternalServerError' }

/** A vendor of tokens whose SDKs repeat by themselves and name their exceptions alike. */
export interface TokenVendor {
  /** `OpenAI` */
  readonly seller: string
  /** The plainest purchase, as titles say it, and the program's call for it; `<call>_reordered` has its keys in another order. */
  readonly purchase: string
  readonly call: string
  /** What the app must see of it. */
  readonly told: Call['sees']
  /** Decimal dollars of one, two and five such purchases. */
  readonly spentUsd: { readonly one: string; readonly two: string; readonly five: string }
  /** What else it sells, and how its streams look; played after the ways of pointing. */
  readonly own: readonly SdkCase[]
}

/** What befalls an answer that was bought and is lost, and how many effects there are once the SDK has asked again. */
const lostBy = (seller: string): readonly [id: string, title: string, fault: Fault, effects: number][] => [
  ['silent-after', `${seller} sells and does not answer`, { kind: 'silence', when: 'after' }, 2],
  ['reset-before', 'the connection is reset before the purchase', { kind: 'reset', when: 'before' }, 1],
  ['reset-after', 'the connection is reset after the purchase', { kind: 'reset', when: 'after' }, 2],
  ['half-answer', 'the answer is reset in its middle', { kind: 'half', when: 'after' }, 2],
  ['500-after', `${seller} sells and answers 500`, { kind: 'answer', when: 'after', status: 500 }, 2],
]

const refusedBy = (seller: string): readonly [id: string, title: string, status: number][] => [
  ['vendor-busy', `${seller} says 429`, 429],
  ['conflict', `${seller} says 409`, 409],
]

/** Every fault and refusal with a purchase of tokens. */
export function casesOfTokens(vendor: TokenVendor): readonly SdkCase[] {
  return [...pointed(vendor), ...vendor.own, ...lostOrRefused(vendor), ...refusedByUs(vendor), ...bought(vendor)]
}

function pointed({ purchase, call, told, spentUsd }: TokenVendor): SdkCase[] {
  return [
    ...(['environment', 'prefix', 'host', 'port'] as const).map(
      (way): SdkCase => ({
        id: `by-${way}`,
        title: `${purchase}, pointed by ${way}`,
        way,
        steps: [{ call, sees: told }],
        truth: { effects: 1, spentUsd: spentUsd.one, vendorCalls: 1 },
      }),
    ),
  ]
}

/** What the vendor, or the way to it, does to a purchase. */
function lostOrRefused({ seller, call, told, spentUsd }: TokenVendor): SdkCase[] {
  return [
    ...lostBy(seller).map(
      ([id, title, fault, effects]): SdkCase => ({
        id,
        title: `${title}: counted at its bound, bought anew by the SDK, and the app sees nothing of it`,
        faults: [{ fault }],
        steps: [{ call, sees: told }],
        truth: { effects, spentUsd: null, lost: 1 },
      }),
    ),
    ...refusedBy(seller).map(
      ([id, title, status]): SdkCase => ({
        id,
        title: `${title}: released, and the SDK asks again by itself`,
        faults: [{ fault: { kind: 'answer', when: 'before', status } }],
        steps: [{ call, sees: told }],
        truth: { effects: 1, spentUsd: spentUsd.one, vendorCalls: 2 },
      }),
    ),
    {
      id: 'unknown-outcome',
      title: 'no try of the SDK gets an answer: an exception, and each try counts at its bound',
      faults: [{ fault: { kind: 'reset', when: 'after' }, times: null }],
      steps: [{ call, sees: raises({ class: FAILED, status: 502, code: 'answer_lost' }) }],
      truth: { effects: 3, spentUsd: null, lost: 3, vendorCalls: 3 },
      shows: `nobody knows whether ${seller} has sold`,
    },
  ]
}

function refusedByUs({ call, told, spentUsd }: TokenVendor): SdkCase[] {
  return [
    {
      id: 'spent-cap',
      title: 'a spent cap: the exception is raised at once, and the SDK does not ask again',
      capUsd: '0.0001',
      steps: [{ call, sees: raises({ class: LIMITED, status: 429, code: 'cap_exhausted' }) }],
      truth: { effects: 0, spentUsd: '0.00', refusals: { cap_exhausted: 1 }, vendorCalls: 0 },
      shows: 'a cap is spent',
    },
    {
      id: 'revoked',
      title: 'a revoked key admits nothing, and the SDK does not ask again',
      steps: [
        { call, sees: told },
        { act: 'revoke' },
        { call, sees: raises({ class: UNKNOWN_KEY, status: 401, code: 'key_revoked' }) },
      ],
      truth: { effects: 1, spentUsd: spentUsd.one, refusals: { key_revoked: 1 }, vendorCalls: 1 },
      shows: 'the key is revoked',
    },
    {
      id: 'unlisted',
      title: 'a route that is not priced by tokens is refused, with the way to declare it',
      steps: [
        {
          call: 'unlisted',
          sees: raises({ class: DENIED, status: 403, code: 'route_unknown', says: 'type `generic`' }),
        },
      ],
      truth: { effects: 0, spentUsd: '0.00', refusals: { route_unknown: 1 }, vendorCalls: 0 },
      shows: 'a route has no price',
    },
  ]
}

/** Which purchases are the same one, and which are not. */
function bought({ seller, call, told, spentUsd }: TokenVendor): SdkCase[] {
  return [
    {
      id: 'pod-dies',
      title: `the Pod dies while ${seller} works: its replacement gets the recorded answer, and the next one is new`,
      steps: [{ dies: { call } }, { call, sees: told }, { call, sees: otherThan(0) }],
      truth: { effects: 2, spentUsd: spentUsd.two, vendorCalls: 2 },
    },
    {
      id: 'two-orders',
      title: 'two orders of the keys in the body are one content to a replacement Pod',
      steps: [
        { call, sees: told },
        { act: 'new_pod' },
        { call: `${call}_reordered`, sees: sameAs(0) },
        { call, sees: otherThan(0) },
      ],
      truth: { effects: 2, spentUsd: spentUsd.two, vendorCalls: 2 },
    },
    {
      id: 'parallel',
      title: 'five identical calls at once are five calls',
      steps: [{ call: 'parallel', with: { n: 5 }, sees: value({ count: 5, ids: 5 }) }],
      truth: { effects: 5, spentUsd: spentUsd.five, vendorCalls: 5 },
    },
  ]
}
