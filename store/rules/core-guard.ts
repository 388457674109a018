import { refusal } from '../../contract/refusals.ts'
import { actorOf, standsFor } from './caller.ts'
import { judgeExisting } from './existing-call.ts'
import type { Judged, Judging, SidecarSide } from './judging.ts'
import type { Tables, Twin } from './tables.ts'

/**
 * Rule 7: a new call to the same counterparty over the same amount, but with other content, while an earlier one has
 * not been read in this attempt: it may be that one's repeat with a timestamp in the body. Undefined: nothing stands
 * against it.
 */
export function guardCore(judging: Judging): Judged | undefined {
  const { tables, request, sidecar } = judging
  const { core, key } = request.identity
  if (sidecar === null || core === null || key?.kind === 'named' || !tables.rules.holds('guard_waits')) return undefined
  const { scope } = judging
  const twins = tables.twins({ scope, core, digest: request.identity.digest, attempt: sidecar.attempt })
  const twin = twins.find((each) => isUnread(tables, each))
  if (twin === undefined) return undefined
  if (!sidecar.claims.saysDiverged) return { kind: 'answer', answer: { status: 'WAIT' }, call: null }
  switch (request.policy.divergingReplay) {
    case 'refuse':
      return { kind: 'refused', refusal: refusal('replay_divergence') }
    case 'warn':
      tables.append(actorOf(tables, request.caller), {
        event: 'alarm',
        call: null,
        reason: `a call to the same counterparty as unread ${twin.callId} with other content was let through`,
      })
      return undefined
    case 'core':
      return asTwin(judging, sidecar, twin)
  }
}

/** The request is taken for the twin; so what its app reads is the twin's answer. */
function asTwin(judging: Judging, { attempt }: SidecarSide, twin: Twin): Judged | undefined {
  const { tables, scope, request } = judging
  const call = tables.call(twin.callId)
  if (call === undefined || call.n === null) throw new Error(`${twin.callId} vanished within a step`)
  const judged = judgeExisting(judging, call)
  if (judged.kind === 'new') return undefined
  tables.putBinding(scope, standsFor(attempt, request.identity.digest), { digest: call.digest, n: call.n })
  return judged
}

function isUnread({ rules }: Tables, { state, hasEffect, isSeen }: Twin): boolean {
  const isWithoutEffect = state === 'released' || (state === 'settled' && !hasEffect)
  if (isWithoutEffect && rules.holds('guard_skips_effectless')) return false
  if (state === 'reserved' && !rules.holds('guard_counts_reserved')) return false
  return !(isSeen && rules.holds('guard_skips_seen'))
}
