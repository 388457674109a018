import type { CallRow } from '../store.ts'
import type { Judging } from './judging.ts'
import { refuseOldAttempt } from './newest-attempt.ts'

const DECLINED = 402

/**
 * M7: a decline stands for its attempt. A later attempt may run the call again, under a new gen, only where the app went
 * no further: what it made after the decline may be what it did instead, and what is in flight may yet be the same.
 */
export function mayRunAgain(judging: Judging, call: CallRow): boolean {
  const { tables, sidecar } = judging
  // A named key is the app's own, so there is no other key to run it under.
  if (sidecar === null || call.answerStatus !== DECLINED || call.hasEffect || call.namedKey !== null) return false
  if (!tables.rules.holds('decline_runs_again') || refuseOldAttempt(judging) !== undefined) return false
  const { pod } = sidecar
  const isItsAttempt = call.podUid === pod.podUid && (call.life === null || call.life === pod.life)
  if (isItsAttempt && tables.rules.holds('decline_stands')) return false
  const { newestOrder, unresolved } = tables.progress(call)
  if (newestOrder > call.createdOrder && tables.rules.holds('decline_was_last')) return false
  return unresolved === 0 || !tables.rules.holds('decline_nothing_in_flight')
}
