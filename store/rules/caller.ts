import type { AuditActor, AuditCall } from '../../contract/audit.ts'
import type { SeenFact } from '../../contract/call.ts'
import type { Digest, RunUid } from '../../contract/ids.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { Caller, CallRow, KeyRow, PodCaller } from '../store.ts'
import type { Tables } from './tables.ts'

/** Where numbering happens: an index of a run; in a work queue a Pod; without a Job the key. */
export function scopeOf(caller: Caller): string {
  return caller.pod === null ? caller.runUid : scopeOfPod(caller.runUid, caller.pod)
}

export function scopeOfPod(runUid: RunUid, pod: Pick<PodCaller, 'index' | 'podUid'>): string {
  return pod.index === null ? `${runUid}/pod-${pod.podUid}` : `${runUid}/${pod.index}`
}

/** One walk of the app through its work. */
export function attemptOf(pod: Pick<PodCaller, 'podUid'>, life: number): string {
  return `${pod.podUid}/${life}`
}

/** Rule 0, second half: whether the key admits anything at all, joins and replays too. */
export function refuseKey(tables: Tables, caller: Caller): Refusal | undefined {
  const key = tables.key(caller.keyId)
  if (key === undefined) return refusal(codeOfUnknown(caller))
  if (!tables.rules.holds('key_status')) return undefined
  const isDead = refuseDeadKey(tables, key)
  if (isDead !== undefined || caller.pod === null) return isDead
  return refuseOldJob(tables, caller.pod)
}

/**
 * Pod credentials are signed, so a store that does not know the key or the run of one has lost it. By renewing it the Pod
 * gets those that the store has now.
 */
export function codeOfUnknown({ pod }: Pick<Caller, 'pod'>): 'credential_invalid' | 'credential_expired' {
  return pod === null ? 'credential_invalid' : 'credential_expired'
}

export function refuseDeadKey(tables: Tables, key: KeyRow): Refusal | undefined {
  if (key.status === 'revoked') return refusal('key_revoked')
  if (key.status === 'ended') return refusal('key_ended')
  if (key.expiresAtMs !== null && key.expiresAtMs <= tables.time.nowMs) return refusal('key_expired')
  return undefined
}

/** After a revival only credentials of the run's newest Job pass. */
function refuseOldJob(tables: Tables, pod: PodCaller): Refusal | undefined {
  const newest = tables.run(pod.runUid)?.jobs.at(-1)
  if (newest === undefined) return refusal(codeOfUnknown({ pod }))
  if (tables.rules.holds('newest_job_only') && newest.uid !== pod.jobUid) return refusal('key_ended')
  if (newest.uid === pod.jobUid && newest.isEnded) return refusal('key_ended')
  return undefined
}

/** Seen facts hold whatever follows: they never go back and are harmless twice. */
export function recordSeenFacts(tables: Tables, pod: PodCaller, seen: readonly SeenFact[]): void {
  const scope = scopeOfPod(pod.runUid, pod)
  for (const { life, digest, n, token } of seen) {
    const attempt = attemptOf(pod, life)
    const twin = tables.binding(scope, standsFor(attempt, digest))
    const isTwins = twin?.n === n && tables.callByOccurrence(scope, digest, n) === undefined
    const read = isTwins ? twin.digest : digest
    if (!tables.seen(attempt, read).has(n)) tables.putSeen({ scope, attempt, digest: read, n, token })
  }
}

/** Name of the binding that says for which call's repeat a content was taken (`divergingReplay: core`). No token looks like it. */
export function standsFor(attempt: string, digest: Digest): string {
  return `core of ${attempt} ${digest}`
}

/** What an event and a record say of the Pod that calls; nothing of a client without one. */
export function podOf({ pod }: Caller): Pick<CallRow, 'jobUid' | 'podUid' | 'podName' | 'index' | 'namespace'> {
  return {
    jobUid: pod?.jobUid ?? null,
    podUid: pod?.podUid ?? null,
    podName: pod?.podName ?? null,
    index: pod?.index ?? null,
    namespace: pod?.namespace ?? null,
  }
}

export function actorOf(tables: Tables, caller: Caller): AuditActor {
  const { keyId, runUid } = caller
  return { keyId, runUid, ...podOf(caller), label: tables.key(keyId)?.label ?? null }
}

/** The Pod that made the record; later answers are booked to it whoever fetched them. */
export function actorOfCall(tables: Tables, call: CallRow): AuditActor {
  const { keyId, runUid, jobUid, podUid, podName, index, namespace } = call
  return { keyId, runUid, jobUid, podUid, podName, index, namespace, label: tables.key(keyId)?.label ?? null }
}

export function auditCallOf(call: CallRow): AuditCall {
  const { callId, vendor, route, digest, n, namedKey, vendorKey } = call
  return { callId, vendor, route, digest, n, namedKey, vendorKey }
}
