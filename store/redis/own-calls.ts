import type { CallId } from '../../contract/ids.ts'
import { PassingMap } from '../../runtime/passing-map.ts'
import type { CallRow } from '../store.ts'
import type { Place } from './places.ts'

/** More than are ever out at once; of any other the record is read. About 1.5 KB each. */
const MOST_NOTED = 5_000

/** What stays of a record as long as nobody else makes the call anew. */
export interface OwnCall {
  readonly place: Place
  readonly n: number
  /** As it was reserved. No body is in it: some are never reported. */
  readonly row: CallRow
  /** As they are on record. */
  readonly lines: string
}

/** Calls that this ledger has reserved and not reported yet, so that their report need not read what does not change. */
export class OwnCalls {
  readonly #calls = new PassingMap<CallId, OwnCall>()

  /** Only of a numbered call that may be repeated: any other is settled by REPORT. */
  note(row: CallRow, place: Place, lines: string): void {
    const { callId, n, repeat } = row
    if (n === null || repeat.kind !== 'idempotent') return
    if (this.#calls.size >= MOST_NOTED) {
      const oldest = this.#calls.firstKey()
      if (oldest !== undefined) this.#calls.take(oldest)
    }
    this.#calls.set(callId, { place, n, row: { ...row, sealedRequest: null }, lines })
  }

  /** Once: what becomes of a call after its first report is for the record to say. */
  take(callId: CallId): OwnCall | undefined {
    return this.#calls.take(callId)
  }

  forget(): void {
    this.#calls.clear()
  }
}
