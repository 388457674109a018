import type { HistoryId } from '../../contract/ids.ts'
import type { CallRow, CapLimit, SendOutcome, SendRef } from '../store.ts'

/** What a replica writes down on its own disk, in order. */
export type JournalEntry = IntentEntry | OutcomeEntry | ServedEntry

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

/** The writer served under this history; what comes before is of an older one. */
interface ServedEntry {
  readonly kind: 'served'
  readonly history: HistoryId
}
