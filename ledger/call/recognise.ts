import type { CallClaims, CallIdentity } from '../../contract/call.ts'
import { parseClaims } from '../../contract/claims.schema.ts'
import { decodeClaims } from '../../contract/claims-header.ts'
import { BASE_HEADER, CLAIMS_HEADER, JOBCAP_HEADER_PREFIX } from '../../contract/headers.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { vendorTerms } from '../../policy/vendor-terms.ts'
import type { Caller } from '../../store/store.ts'
import { recogniserOf, routeReaderOf } from '../../vendors/registry/identity.ts'
import type { Addressed } from './address.ts'
import type { Authenticated } from './authenticate.ts'

/** Which intended call this is, in the words of whoever can tell. */
export interface Recognised {
  readonly identity: CallIdentity
  /** Who calls, in the life in which the app issued the request. */
  readonly caller: Caller
  /** Null without a sidecar. */
  readonly claims: CallClaims | null
}

/**
 * Digest, core and key are the sidecar's where there is one, since its image is pinned in the Job. Route, kind and
 * account are read from the bytes here: what is allowed and what is paid rests on them.
 */
export function recognise(who: Authenticated, addressed: Addressed, call: CallText): Recognised | Refusal {
  const claims = readClaims(who, call)
  if (claims !== null && 'code' in claims) return claims
  const { vendor, policy } = addressed
  const { pod } = who.caller
  if (pod === null || claims === null) {
    const whole = recogniserOf(vendor.type)(call, vendorTerms(vendor), policy.appKeys)
    if ('code' in whole) return whole
    if (pod === null) return recogniseAlone(who.caller, whole)
    if (whole.kind === 'read') return { identity: whole, caller: who.caller, claims }
    return refusal('request_malformed', 'A call that may cost something needs the claims of the sidecar.')
  }
  const ours = routeReaderOf(vendor.type)(call, vendorTerms(vendor), policy.appKeys)
  if ('code' in ours) return ours
  const theirs = claims.identity
  // What had a price when the run began is numbered still, and may be on record: more care than a read needs, not less.
  const isMoreCareful = theirs.kind === 'mutating' && ours.kind === 'read'
  if ((theirs.kind !== ours.kind && !isMoreCareful) || (theirs.kind !== 'read' && claims.ord === null)) {
    return refusal(
      'request_malformed',
      `The claims say \`${theirs.kind}\`, the request is \`${ours.kind}\`. Where the policy gave its route a price since ` +
        'the run began, only a new run knows that.',
    )
  }
  const identity = { ...theirs, route: ours.route, account: ours.account }
  if (who.needsNamedKeys && identity.kind !== 'read' && identity.key?.kind !== 'named') {
    return refusal('restart_needs_named_key')
  }
  const caller = claims.life === pod.life ? who.caller : { ...who.caller, pod: { ...pod, life: claims.life } }
  return { identity, caller, claims }
}

/** Nothing tells us what a client without a sidecar has seen, so its key must name the intention. */
function recogniseAlone(caller: Caller, identity: CallIdentity): Recognised | Refusal {
  if (identity.kind === 'read') return { identity, caller, claims: null }
  if (identity.key === null) return refusal('idempotency_key_required')
  return { identity: { ...identity, key: { kind: 'named', value: identity.key.value } }, caller, claims: null }
}

function readClaims({ caller }: Authenticated, { headers }: CallText): CallClaims | Refusal | null {
  const known = caller.pod === null ? [CLAIMS_HEADER] : [CLAIMS_HEADER, BASE_HEADER]
  const foreign = Object.keys(headers).find((name) => name.startsWith(JOBCAP_HEADER_PREFIX) && !known.includes(name))
  if (foreign !== undefined) return refusal('header_forbidden', `The header ${foreign} is ours: leave it out.`)
  const text = headers[CLAIMS_HEADER]
  if (text === undefined) return null
  if (caller.pod === null) return refusal('header_forbidden', 'Only a sidecar sends claims.')
  const claims = parseClaims(decodeClaims(text))
  if (claims === undefined) return refusal('request_malformed', 'The claims of the sidecar are not of this version.')
  if (claims.life > caller.pod.life)
    return refusal('credential_wrong_scope', 'The claims are of a later life than the credential.')
  return claims
}
