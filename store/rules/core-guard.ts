import { refusal } from '../../contract/refusals.ts'
import type { CallRow } from '../store.ts'
import { actorOf } from './caller.ts'
import { judgeExisting } from './existing-call.ts'
import type { Judged, Judging, SidecarSide } from './judging.ts'

/**
 * Rule 7: a new call to the same counterparty over the same amount, but with other content, while an earlier one has
 * not been read in this attempt: it may be that one's repeat with a timestamp in the body. Undefined: nothing stands
 * against it.
 */
export function guardCore(judging: Judging): Judged | undefined {
  const { tables, request, sidecar } = judging
  const { core, key } = request.identity
  if (sidecar === null || core === null || key?.kind === 'named' || !tables.rules.holds('guard_waits')) return undefined
  const unread = tables.callsByCore(judging.scope, core).find((call) => isUnreadTwin(judging, sidecar, call))
  if (unread === undefined) return undefined
  if (!sidecar.claims.saysDiverged) return { kind: 'answer', answer: { status: 'WAIT' }, call: null }
  switch (request.policy.divergingReplay) {
    case 'refuse':
      return { kind: 'refused', refusal: refusal('replay_divergence') }
    case 'warn':
      tables.append(actorOf(tables, request.caller), {
        event: 'alarm',
        call: null,
        reason: `a call to the same counterparty as unread ${unread.callId} with other content was let through`,
      })
      return undefined
    case 'core': {
      const judged = judgeExisting(judging, unread, false)
      return judged.kind === 'new' ? undefined : judged
    }
  }
}

function isUnreadTwin({ tables, request }: Judging, sidecar: SidecarSide, call: CallRow): boolean {
  if (call.digest === request.identity.digest || call.n === null) return false
  if (call.state === 'released' || (call.state === 'settled' && !call.hasEffect)) return false
  if (call.state === 'reserved' && !tables.rules.holds('guard_counts_reserved')) return false
  const isSeen = tables.seen(sidecar.attempt, call.digest).has(call.n)
  return !(isSeen && tables.rules.holds('guard_skips_seen'))
}
