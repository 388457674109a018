import type { CallIdentity, CapLevelName, DeliveryJournal, Ord, SeenFact } from '../contract/call.ts'
import type { CallId, Digest, HistoryId, Nonce } from '../contract/ids.ts'
import type { UsdMicros } from '../contract/money.ts'
import type { Refusal } from '../contract/refusals.ts'
import type { CallRow, NotSent, Repeat } from './call-row.ts'
import type { Caller } from './caller.ts'

export interface NumberRequest {
  readonly caller: Caller
  /** Null without a sidecar: every key then counts as named. */
  readonly claims: NumberClaims | null
  readonly vendor: string
  readonly identity: CallIdentity
  readonly policy: { readonly divergingReplay: 'refuse' | 'warn' | 'core'; readonly ambiguousRepeat: 'refuse' | 'fold' }
  /** Rule 9, first half; a refusal when the endpoint is not allowed, or has no price: for a new call, not for a replay. */
  readonly endpoint: Refusal | null
  readonly price: Price
  /** Limits of the policy's levels that are declared; `run` and `run_day` are the store's own. */
  readonly limits: readonly CapLimit[]
  /** Accounts of the policy: its name, and the caller's namespace where it has one. */
  readonly policyName: string
  readonly repeat: Repeat
  readonly send: SendStart
  /** The request as the vendor is to get it, sealed; kept until the call is resolved. */
  readonly sealedRequest: Buffer
}

export interface NumberClaims {
  readonly historyId: HistoryId
  readonly ord: Ord
  readonly seen: readonly SeenFact[]
  readonly delivery: DeliveryJournal
  readonly saysDiverged: boolean
  /** LLM routes: requests of the same content that are still open in the sidecar, this one left out. */
  readonly open: readonly Ord[]
}

export interface Price {
  /** Dollars that the call moves or costs, at most. For an object: its total. */
  readonly totalUsdMicros: UsdMicros
  /** Id of an object that the run may have counted already; then only the difference is reserved. */
  readonly object: string | null
  /** A class of the vendor's money with a cap of its own: counted in that level alone. Absent: counted as spent. */
  readonly moneyClass?: string
  /** Of the currency table that made dollars of another currency; goes into the record. */
  readonly ratesHash?: string
}

export interface CapLimit {
  readonly level: Exclude<CapLevelName, 'run' | 'run_day'>
  readonly limitUsdMicros: UsdMicros
}

/** What the sender brings: its nonce, and how long it may be silent. */
export interface SendStart {
  readonly nonce: Nonce
  /** 10 000 by default, renewed every 3 000 while the owner works. */
  readonly leaseMs: number
}

/** Statuses in order of precedence. */
export type NumberAnswer =
  | { readonly status: 'NEW_HISTORY'; readonly historyId: HistoryId }
  | { readonly status: 'REFUSED'; readonly refusal: Refusal; readonly level?: CapLevelName }
  /** The same request again, after its record was released: the answer it got then. */
  | { readonly status: 'NOT_SENT'; readonly answer: NotSent }
  | { readonly status: 'REPLAY'; readonly call: CallRow }
  | { readonly status: 'JOIN'; readonly callId: CallId }
  | { readonly status: 'IN_DOUBT'; readonly call: CallRow }
  | { readonly status: 'WAIT' }
  /** Yours to send: the stored request under the call's key. `isNew` is false for takeovers and repeats. */
  | {
      readonly status: 'SEND'
      readonly call: CallRow
      readonly isNew: boolean
      readonly passed: readonly CapLevelName[]
    }

export interface ReadRequest {
  readonly caller: Caller
  readonly vendor: string
  readonly identity: CallIdentity
  readonly endpoint: Refusal | null
}

export interface RefusedCall {
  readonly vendor: string
  readonly route: string
  readonly digest: Digest | null
  readonly refusal: Refusal
}
