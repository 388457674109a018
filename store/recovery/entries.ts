import type { HistoryId } from '../../contract/ids.ts'
import type { CallRow, CapLimit, KeyRow, RunRow, SendOutcome, SendRef } from '../store.ts'

/** What a replica writes down on its own disk, in order. */
export type JournalEntry = IntentEntry | OutcomeEntry | KeyEntry | RosterEntry

/** Before EVERY send, takeovers and repeats too: enough to make the record anew. */
export interface IntentEntry {
  readonly kind: 'intent'
  readonly history: HistoryId
  readonly send: SendRef
  readonly row: CallRow
  readonly token: string | null
  readonly limits: readonly CapLimit[]
}

/** What became of a send; also that it was dropped and never left. */
export interface OutcomeEntry {
  readonly kind: 'outcome'
  readonly send: SendRef
  readonly outcome: SendOutcome
}

/** A key, and its run where it is a Job's, after it was made, limited, revoked, continued or ended. */
export interface KeyEntry {
  readonly kind: 'key'
  readonly key: KeyRow
  readonly run: RunRow | null
}

/** Replicas that the writer knew of, so that a registry that was lost too is missed. */
export interface RosterEntry {
  readonly kind: 'roster'
  readonly history: HistoryId
  readonly replicas: readonly string[]
}
