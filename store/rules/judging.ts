import type { CapLevelName } from '../../contract/call.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { CallRow, NumberAnswer, NumberClaims, NumberRequest, PodCaller } from '../store.ts'
import type { Tables } from './tables.ts'

/** What one request of NUMBER is judged by; made once, passed to each rule. */
export interface Judging {
  readonly tables: Tables
  readonly request: NumberRequest
  readonly scope: string
  /** Null without a sidecar. */
  readonly sidecar: SidecarSide | null
}

export interface SidecarSide {
  readonly pod: PodCaller
  readonly claims: NumberClaims
  readonly attempt: string
  /** A of a named call, else C, else D: what the ord fence and the sidecar's queue go by. */
  readonly k: string
}

/** What a rule came to: an answer, or a call to go on with. */
export type Judged =
  | { readonly kind: 'answer'; readonly answer: NumberAnswer; readonly call: CallRow | null }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly level?: CapLevelName }
  /** As new, from rule 8: a record is made, or one that was released or declined is made again (`remade`). */
  | { readonly kind: 'new'; readonly n: number | null; readonly gen: number; readonly remade: CallRow | null }

/** The call that a request means: one on record, or occurrence `n` that is not there yet (`n` null: named). */
export type Found =
  | Exclude<Judged, { kind: 'new' }>
  | {
      readonly kind: 'found'
      readonly call: CallRow | null
      readonly n: number | null
    }
