import { type CallIdentity, compareOrd, type Ord } from '../../contract/call.ts'
import type { Digest } from '../../contract/ids.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallRow } from '../store.ts'
import type { Found, Judging, SidecarSide } from './judging.ts'
import type { Claim, Tables } from './tables.ts'

/** Rule 3 is asked for calls that may run beside identical ones; a key that names the intention tells them apart by itself. */
export function isParallel({ kind, key }: CallIdentity): boolean {
  return kind === 'llm' && key?.kind !== 'named'
}

/**
 * Rule 3: identical calls may be out at once. A request that a later one of the content no longer listed as open has ended,
 * so it is a late copy, and the number that it claimed may be another's by now. One that has claimed a number keeps it. Any
 * other takes the smallest number that its attempt has not read, that no request beside it, by the list of either, has
 * claimed, and whose answer has not been handed to the app without our knowing what became of it: a new answer costs
 * tokens, the old one again would be one that the app may have had.
 */
export function byClaim(judging: Judging): Found | undefined {
  const { tables, request, sidecar, scope } = judging
  const { identity } = request
  if (sidecar === null || !isParallel(identity)) return undefined
  const { digest } = identity
  const { ord, open } = sidecar.claims
  const claims = tables.claims(sidecar.attempt, digest)
  if (claims.some((claim) => leavesOut(claim, ord)) && tables.rules.holds('left_out_ord_is_stale')) {
    return { kind: 'refused', refusal: refusal('stale_request') }
  }
  const own = claims.find((claim) => isSame(claim.ord, ord))
  if (own !== undefined && tables.rules.holds('claimed_ord_keeps_n')) return again(judging, own)
  const seen = tables.seen(sidecar.attempt, digest)
  const isBeside = (claim: Claim) =>
    (lists(open, claim.ord) && tables.rules.holds('claims_that_are_listed')) ||
    (lists(claim.open, ord) && tables.rules.holds('claims_that_list'))
  const taken = new Set(claims.filter(isBeside).map(({ n }) => n))
  let n = 1
  while (seen.has(n) || taken.has(n) || mayHaveBeenRead(judging, sidecar, n)) n += 1
  return { kind: 'found', call: tables.callByOccurrence(scope, digest, n) ?? null, n }
}

/** `fold` takes the unclear repeat for a retry. */
function mayHaveBeenRead({ tables, request }: Judging, { claims: { delivery } }: SidecarSide, n: number): boolean {
  if (request.policy.ambiguousRepeat === 'fold' || !tables.rules.holds('claims_leave_doubtful')) return false
  return delivery.delivering.includes(n)
}

/** Remembers what a request was judged to be; claims that can tell nothing any more are dropped. */
export function claim(
  tables: Tables,
  { attempt, claims: { ord, open } }: SidecarSide,
  made: { readonly digest: Digest; readonly n: number | null; readonly refusal: Refusal | null },
): void {
  const { digest, n, refusal: refused } = made
  const seen = tables.seen(attempt, digest)
  for (const earlier of tables.claims(attempt, digest)) {
    const isDone = earlier.n === null || seen.has(earlier.n)
    // This request leaves it out, so a late copy of it is stale by this one's word.
    if (isDone && compareOrd(earlier.ord, ord) < 0 && !lists(open, earlier.ord)) {
      tables.dropClaim(attempt, digest, earlier.ord)
    }
  }
  tables.putClaim(attempt, digest, { ord, n, open, refusal: refused })
}

/** The same request once more: what it got, a call that was not sent included. */
function again({ tables, request, scope }: Judging, { n, refusal: refused }: Claim): Found {
  if (refused !== null) return { kind: 'refused', refusal: refused }
  const call: CallRow | undefined = n === null ? undefined : tables.callByOccurrence(scope, request.identity.digest, n)
  if (call?.state === 'released' && call.notSent !== null && tables.rules.holds('same_ord_not_sent')) {
    return { kind: 'answer', answer: { status: 'NOT_SENT', answer: call.notSent }, call: null }
  }
  return { kind: 'found', call: call ?? null, n }
}

function leavesOut(later: Claim, ord: Ord): boolean {
  return compareOrd(later.ord, ord) > 0 && !lists(later.open, ord)
}

function lists(open: readonly Ord[], ord: Ord): boolean {
  return open.some((each) => isSame(each, ord))
}

function isSame(left: Ord, right: Ord): boolean {
  return compareOrd(left, right) === 0
}
