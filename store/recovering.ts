import type { CallId, Nonce } from '../contract/ids.ts'
import type { CallRow } from './call-row.ts'
import type { CapLimit } from './numbering.ts'
import type { KeyRow, RunRow } from './runs.ts'
import type { DefiniteAnswer } from './sending.ts'

/** All that one replica's journal says of one call under its newest gen. */
export interface JournalledCall {
  /** As the newest intent had it: what is made anew where the store has lost the record. */
  readonly row: CallRow
  /** Retry token that the call was asked for under; null without one. */
  readonly token: string | null
  /** Limits of the policy's levels when the call was admitted. */
  readonly limits: readonly CapLimit[]
  /** The highest epoch of its intents. */
  readonly epoch: number
  /** Sends that may have left and of which nothing definite is known. */
  readonly open: readonly Nonce[]
  /** Sends that surely had no effect. */
  readonly closed: readonly Nonce[]
  /** The definite answer that came under this gen; null: none. */
  readonly answer: DefiniteAnswer | null
}

/** What the store made of it. `absent`: nothing of it may have left, so nothing is made of it. */
export type MergeAnswer =
  | { readonly status: 'merged'; readonly callId: CallId; readonly isFrozen: boolean }
  | { readonly status: 'absent' }

/** Who may spend what, as it stood after a change: a key that was made, revoked or given limits, a Job that joined or ended. */
export interface JournalledStanding {
  readonly key: KeyRow
  /** Null for a key without a Job. */
  readonly run: RunRow | null
}
