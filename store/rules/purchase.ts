import type { CallRow } from '../store.ts'
import { putInDoubt } from './doubt.ts'
import { settle } from './settle.ts'
import type { Tables } from './tables.ts'

// Calls whose repeat buys the same again (`anew`): each send is a purchase with a record and a reservation of its own.

/** The outcome of the send will not be known: it counts as made, at the most that it can have cost. */
export function bookLost(tables: Tables, call: CallRow, reason: string): CallRow {
  const doubtful = call.state === 'in_doubt' ? call : putInDoubt(tables, call, reason)
  const answer = {
    // No answer came.
    status: 0,
    sealedAnswer: null,
    hasEffect: true,
    totalUsdMicros: call.reservedUsdMicros,
    object: null,
    givesBack: null,
    isUnexpectedReplay: false,
  }
  return settle(tables, doubtful, answer).call
}

/** Whether there is no answer that could be given again, so that the repeat buys a new one. */
export function isBoughtAnew({ rules }: Tables, { repeat, sealedAnswer }: CallRow): boolean {
  return repeat.kind === 'anew' && sealedAnswer === null && rules.holds('unkept_answer_bought_anew')
}

/** The record keeps its money and leaves its place to the purchase that is made instead. */
export function putAside(tables: Tables, call: CallRow): void {
  tables.putCall({ ...call, n: null, namedKey: null })
}
