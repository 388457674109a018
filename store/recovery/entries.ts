import type { HistoryId, JobUid, RunUid } from '../../contract/ids.ts'
import type { CallRow, CapLimit, JournalledStanding, SendOutcome, SendRef } from '../store.ts'

/** What a replica writes down on its own disk, in order. */
export type JournalEntry =
  | IntentEntry
  | OutcomeEntry
  | StandingEntry
  | EndedJobEntry
  | RosterEntry
  | ServedEntry
  | MarkEntry

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

/** After each change of who may spend what: the rows as the store then had them. */
interface StandingEntry extends JournalledStanding {
  readonly kind: 'standing'
}

/** The end of a Job that is in no run yet: it opens none. */
interface EndedJobEntry {
  readonly kind: 'ended_job'
  readonly runUid: RunUid
  readonly jobUid: JobUid
}

/** Who was registered when the writer looked: the store can lose the card of one that came after its copy was made. */
interface RosterEntry {
  readonly kind: 'roster'
  readonly replicaIds: readonly string[]
}

/** The writer served under this history; what comes before is of an older one. */
interface ServedEntry {
  readonly kind: 'served'
  readonly history: HistoryId
}

/** By chance, and in the replica's card too: a journal without the mark of the card is a copy that was made before it. */
interface MarkEntry {
  readonly kind: 'mark'
  readonly mark: string
}
