import type { CallId } from '../../../contract/ids.ts'
import { refusal } from '../../../contract/refusals.ts'
import type * as S from '../../../store/store.ts'
import type { Ask, PodPlan, PodsCaller } from '../stage.ts'
import { repeatOf, type Setting } from './setting.ts'
import { type Options, ordOf } from './words.ts'

export interface PodState {
  readonly caller: PodsCaller
  readonly plan: PodPlan
  facts: S.NumberClaims['seen'][number][]
}

/** What a request of an app, or a repair, came to. */
export interface Going {
  readonly pod: PodState | undefined
  readonly boot: number
  readonly token: string | null
  readonly content: string
  readonly group: string
  readonly usdMicros: number
  readonly callId: CallId | undefined
  /** As the sender has it: it does not change when the call is made anew since. */
  readonly vendorKey: string | null
  /** The send that is ours to make. */
  readonly ref: S.SendRef | undefined
}

interface Asked {
  readonly pod: PodState
  readonly content: string
  readonly ord: readonly [number, number]
  readonly options: Options
}

/** What an app's request comes to at the ledger. */
export function askOf(setting: Setting, { pod, content, ord, options }: Asked): Ask {
  const named = options['key'] === undefined ? null : ({ kind: 'named', value: options['key'] } as const)
  const key = options['token'] === undefined ? named : ({ kind: 'token', value: options['token'] } as const)
  const isEarlier = options['without'] === 'facts'
  return {
    content,
    ord,
    key,
    core: options['core'] ?? null,
    usd: Number(options['usd'] ?? 1),
    object: options['object'] ?? null,
    repeat: repeatOf(setting),
    kind: setting.vendor === 'tokens' ? 'llm' : 'mutating',
    open: (options['open'] ?? '')
      .split(',')
      .filter((each) => each !== '')
      .map(ordOf),
    limits: setting.limits ?? [],
    ...(setting.moneyClass === undefined ? {} : { moneyClass: setting.moneyClass }),
    policy: setting.policy ?? {},
    endpoint: options['endpoint'] === 'closed' ? refusal('endpoint_not_allowed') : null,
    seen: isEarlier ? [] : pod.facts,
    delivering: options['delivering'] === undefined ? [] : [Number(options['delivering'])],
    intactSinceBoot: options['intact'] === undefined ? null : Number(options['intact']),
    saysDiverged: options['diverged'] === 'yes',
    ...(options['history'] === 'old' ? { historyId: 'before' as S.Store['historyId'] } : {}),
  }
}
