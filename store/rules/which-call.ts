import { compareOrd } from '../../contract/call.ts'
import { refusal } from '../../contract/refusals.ts'
import { byClaim, isParallel } from './claims.ts'
import type { Found, Judging, SidecarSide } from './judging.ts'
import type { HandedRow } from './tables.ts'

/** Rules 1 to 5. */
export function whichCall(judging: Judging): Found {
  return byOrd(judging) ?? byNamedKey(judging) ?? byClaim(judging) ?? byToken(judging) ?? byOccurrence(judging)
}

/** Rule 1: a late copy is dropped, the same request again gets what it got. */
function byOrd({ tables, request, sidecar }: Judging): Found | undefined {
  if (sidecar === null || isParallel(request.identity)) return undefined
  const last = tables.last(sidecar.attempt, sidecar.k)
  if (last === undefined) return undefined
  const order = compareOrd(sidecar.claims.ord, last.ord)
  if (order < 0) {
    return tables.rules.holds('stale_ord') ? { kind: 'refused', refusal: refusal('stale_request') } : undefined
  }
  if (order > 0 || !tables.rules.holds('same_ord_same_call')) return undefined
  if (last.refusal !== null) {
    return tables.rules.holds('same_ord_same_refusal') ? { kind: 'refused', refusal: last.refusal } : undefined
  }
  const call = last.callId === null ? undefined : tables.call(last.callId)
  if (call === undefined) return undefined
  if (call.state === 'released' && call.notSent !== null && tables.rules.holds('same_ord_not_sent')) {
    return { kind: 'answer', answer: { status: 'NOT_SENT', answer: call.notSent }, call: null }
  }
  return { kind: 'found', call, n: call.n }
}

/** Rule 2: a key of the app's names the intention, over all indexes, Pods and Jobs of the run. */
function byNamedKey({ tables, request }: Judging): Found | undefined {
  const { key, account, digest } = request.identity
  if (key?.kind !== 'named' || !tables.rules.holds('named_over_run')) return undefined
  const name = { runUid: request.caller.runUid, vendor: request.vendor, account, namedKey: key.value }
  const call = tables.callByNamedKey(name)
  if (call === undefined) return { kind: 'found', call: null, n: null }
  if (call.digest !== digest && tables.rules.holds('named_mismatch')) return mismatch()
  return { kind: 'found', call, n: null }
}

/** Rule 4: a retry token marks one in-process call. */
function byToken(judging: Judging): Found | undefined {
  const { tables, request, scope, sidecar } = judging
  const { key, digest } = request.identity
  if (key?.kind !== 'token' || sidecar === null || !tables.rules.holds('token_bound')) return undefined
  const bound = tables.binding(scope, key.value)
  if (bound === undefined) return undefined
  if (bound.digest !== digest) return tables.rules.holds('token_mismatch') ? mismatch() : undefined
  const { n } = bound
  const seen = tables.seen(sidecar.attempt, digest)
  const isSeenUnderAnother = seen.has(n) && seen.get(n) !== key.value
  if (isSeenUnderAnother && tables.rules.holds('token_seen_under_another')) return ambiguous(judging, n)
  const handed = tables.handed(sidecar.attempt, digest, n)
  const isHandedToAnother =
    handed !== undefined && handed.token !== key.value && !seen.has(n) && isUncleared(judging, sidecar, { n, handed })
  if (isHandedToAnother && tables.rules.holds('token_handed_in_older_boot')) return ambiguous(judging, n)
  return found(judging, n)
}

/** Rule 5: the smallest number that this attempt's app has not read; never a count plus one. */
function byOccurrence(judging: Judging): Found {
  const { tables, request, sidecar } = judging
  const { digest } = request.identity
  // Nothing tells what such a client has read, so only a key of its own can name the call.
  if (sidecar === null) return { kind: 'refused', refusal: refusal('idempotency_key_required') }
  const seen = tables.seen(sidecar.attempt, digest)
  const isTaken = tables.rules.holds('smallest_unseen')
    ? (n: number) => seen.has(n)
    : (n: number) => tables.callByOccurrence(judging.scope, digest, n) !== undefined
  let n = 1
  while (isTaken(n)) n += 1
  const handed = tables.handed(sidecar.attempt, digest, n)
  if (handed !== undefined && isUncleared(judging, sidecar, { n, handed })) {
    if (tables.rules.holds('handed_in_older_boot')) return ambiguous(judging, n)
  }
  if (sidecar.claims.delivery.delivering.includes(n) && tables.rules.holds('delivering_line')) {
    return ambiguous(judging, n)
  }
  return found(judging, n)
}

/**
 * An answer handed over in an older boot of the sidecar may have been read without our knowing, unless the sidecar's
 * file is whole since then and holds no line of it: then it was never delivered.
 */
function isUncleared(
  { tables }: Judging,
  { claims }: SidecarSide,
  answer: { readonly n: number; readonly handed: HandedRow },
): boolean {
  if (answer.handed.boot >= claims.ord.boot) return false
  const { intactSinceBoot, delivering } = claims.delivery
  const isCleared = intactSinceBoot !== null && intactSinceBoot <= answer.handed.boot && !delivering.includes(answer.n)
  return !(isCleared && tables.rules.holds('delivery_clears'))
}

/** `fold` takes the unclear repeat for a retry: it never doubles and may swallow a call. */
function ambiguous(judging: Judging, n: number): Found {
  if (judging.request.policy.ambiguousRepeat === 'fold') return found(judging, n)
  return { kind: 'refused', refusal: refusal('ambiguous_repeat') }
}

function mismatch(): Found {
  return { kind: 'refused', refusal: refusal('idempotency_mismatch') }
}

function found({ tables, request, scope }: Judging, n: number): Found {
  const call = tables.callByOccurrence(scope, request.identity.digest, n) ?? null
  return { kind: 'found', call, n }
}
