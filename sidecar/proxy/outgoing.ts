import type { OutgoingHttpHeaders } from 'node:http'
import type { CallClaims, CallIdentity, DeliveryJournal, Ord, SeenFact } from '../../contract/call.ts'
import { encodeClaims } from '../../contract/claims-header.ts'
import { BASE_HEADER, CLAIMS_HEADER, MAX_CLAIMS_BYTES } from '../../contract/headers.ts'
import type { HistoryId } from '../../contract/ids.ts'
import type { CallText } from '../../contract/vendor.ts'
import type { LedgerRequest } from '../ledger-link.ts'
import type { Pod } from './pod.ts'
import type { Target } from './target.ts'

/** A call as it was understood: what is relayed and what is claimed of it. */
export interface JudgedCall {
  readonly target: Target
  readonly text: CallText
  readonly identity: CallIdentity
  /** K of the call: requests with the same K go one at a time. */
  readonly lane: string
  readonly life: number
  /** Headers for the ledger, without claims and credential. */
  readonly headers: OutgoingHttpHeaders
}

/** What one leaving of S2 adds. */
export interface Leave {
  readonly ord: Ord | null
  readonly saysDiverged: boolean
  readonly openOrds: readonly Ord[]
}

const NOT_NUMBERED: Leave = { ord: null, saysDiverged: false, openOrds: [] }

/** Of a digest in a lane's name: two that begin alike would only wait for one another. */
const LANE_DIGITS = 16

/** K: the named key, else the core digest, else the digest. */
export function laneOf(identity: CallIdentity, vendor: string): string {
  if (identity.key?.kind === 'named') return `key ${vendor} ${identity.account} ${identity.key.value}`
  return identity.core === null
    ? `digest ${identity.digest.slice(0, LANE_DIGITS)}`
    : `core ${identity.core.slice(0, LANE_DIGITS)}`
}

/** A request for the ledger and the facts that go with it. */
export interface Outgoing {
  readonly request: LedgerRequest
  readonly seen: readonly SeenFact[]
  readonly historyId: HistoryId
}

/** S3: made with all that is known now; null when its facts do not fit: then they have to go ahead. */
export function outgoingRequest(pod: Pod, call: JudgedCall, leave: Leave): Outgoing | null {
  const claims = claimsOf(pod, call, leave)
  const encoded = encodeClaims(claims)
  return encoded.length > MAX_CLAIMS_BYTES && claims.seen.length > 0 ? null : outgoingOf(pod, call, { claims, encoded })
}

/** After its facts have gone ahead and are confirmed. Throws `LedgerUnreachable` when they cannot. */
export async function outgoingAfterFacts(pod: Pod, call: JudgedCall, leave: Leave): Promise<Outgoing> {
  await pod.reports.handIn(call.lane)
  const claims = claimsOf(pod, call, leave)
  return outgoingOf(pod, call, { claims, encoded: encodeClaims(claims) })
}

function outgoingOf(
  pod: Pod,
  call: JudgedCall,
  { claims, encoded }: { readonly claims: CallClaims; readonly encoded: string },
): Outgoing {
  const { method, body } = call.text
  const headers = outgoingHeaders(pod, call, encoded)
  const { seen, historyId } = claims
  return { request: { method, path: ledgerPath(call.target), headers, body }, seen, historyId }
}

/** For requests that are not numbered: their claims carry no facts. Twilio's pages have addresses, which are to be ours. */
export function unnumberedHeaders(pod: Pod, call: JudgedCall): OutgoingHttpHeaders {
  const headers = outgoingHeaders(pod, call, encodeClaims({ ...claimsOf(pod, call, NOT_NUMBERED), seen: [] }))
  const { terms, base } = call.target
  return terms.type === 'twilio' && base !== null ? { ...headers, [BASE_HEADER]: base } : headers
}

export function ledgerPath({ terms, path, query }: Target): string {
  return `/${terms.name}${path}${query === '' ? '' : `?${query}`}`
}

function outgoingHeaders(pod: Pod, call: JudgedCall, claims: string): OutgoingHttpHeaders {
  const { credential } = pod.credentials.current
  return { ...call.headers, authorization: `Bearer ${credential}`, [CLAIMS_HEADER]: claims }
}

/** Calls for tokens do not wait until those before them are read, and a store that has lost what they claimed is told again. */
function deliveryOf({ deliveries }: Pod, life: number, { kind, digest }: CallIdentity): DeliveryJournal {
  const journal = deliveries.journalOf(life, digest)
  if (kind !== 'llm') return journal
  const underWay = deliveries.underWay(life, digest)
  return underWay.length === 0 ? journal : { ...journal, delivering: [...journal.delivering, ...underWay] }
}

function claimsOf(pod: Pod, { identity, lane, life }: JudgedCall, leave: Leave): CallClaims {
  return {
    historyId: pod.facts.historyId,
    identity,
    life,
    ord: leave.ord,
    seen: pod.facts.unconfirmed(lane),
    delivery: deliveryOf(pod, life, identity),
    saysDiverged: leave.saysDiverged,
    open: leave.openOrds,
  }
}
