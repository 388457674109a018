import type * as S from '../../../store/store.ts'
import { ANEW, IDEMPOTENT, NEVER } from '../stage.ts'

/** What is declared of a scenario beside its steps. */
export interface Setting {
  /**
   * `repeats`: keeps idempotency keys for 24 h. `once`: every request has its effect, and none may be repeated. `tokens`:
   * every request has its effect, a repeat is another purchase, and identical ones may be out at once. Default `repeats`.
   */
  readonly vendor?: 'repeats' | 'once' | 'tokens'
  readonly capUsd?: number
  readonly dailyCapUsd?: number
  readonly limits?: readonly S.CapLimit[]
  /** Of all calls' money. */
  readonly moneyClass?: string
  readonly needsNamedKeys?: boolean
  readonly policy?: Partial<S.NumberRequest['policy']>
  /** The store is a file that can be saved and rolled back, and senders keep a journal. */
  readonly isOnDisk?: boolean
  /** A step may come before what it speaks of; it then does nothing. */
  readonly isAnyOrder?: boolean
}

export function keepsKeys({ vendor = 'repeats' }: Setting): boolean {
  return vendor === 'repeats'
}

export function repeatOf({ vendor = 'repeats' }: Setting): S.NumberRequest['repeat'] {
  return { repeats: IDEMPOTENT, once: NEVER, tokens: ANEW }[vendor]
}
