import type { CallId, Nonce } from '../contract/ids.ts'
import type { UsdMicros } from '../contract/money.ts'
import type { CallRow, NotSent } from './call-row.ts'
import type { PodCaller } from './caller.ts'

/** Names one send of one call. */
export interface SendRef {
  readonly callId: CallId
  readonly epoch: number
  readonly gen: number
  readonly nonce: Nonce
}

export type SendReport = SendRef & {
  readonly outcome: SendOutcome
  /** Whom the answer is about to be written to; sets `handed` in the same step. */
  readonly handTo: HandTo | null
}

export interface HandTo {
  readonly caller: PodCaller
  readonly boot: number
  readonly token: string | null
}

export type SendOutcome =
  | { readonly kind: 'definite'; readonly answer: DefiniteAnswer }
  | { readonly kind: 'not_sent'; readonly notSent: NotSent }
  /** `isSaved`: the vendor answered with a failure that it keeps under the key, as Stripe keeps a 500. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly isSaved: boolean }
  /** All that a look-up found which may be the effect of a call in doubt. */
  | { readonly kind: 'found'; readonly candidates: readonly FoundAnswer[] }

/** The same, about an object of the vendor's that a look-up came upon. */
export type FoundAnswer = DefiniteAnswer & { readonly object: string }

export interface DefiniteAnswer {
  readonly status: number
  /** Null when it was too large to keep. */
  readonly sealedAnswer: Buffer | null
  readonly hasEffect: boolean
  /** Dollars of the object in all, or of the call where it has no object. */
  readonly totalUsdMicros: UsdMicros
  /** Object that the call made or acted on. */
  readonly object: string | null
  /** Object whose counted dollars go back. */
  readonly givesBack: string | null
  /** The vendor says it is a replay, of a key that we had not sent before. */
  readonly isUnexpectedReplay: boolean
}

/** `released` and `in_doubt` say what the record is now; `noted`: the report changed nothing (late, or given before). */
export type ReportAnswer =
  | { readonly status: 'settled' | 'noted'; readonly call: CallRow; readonly isAlarm: boolean }
  | { readonly status: 'released' | 'in_doubt'; readonly call: CallRow }

export type RepairAnswer =
  /** Send the stored request again, under the stored key. */
  | { readonly status: 'SEND'; readonly call: CallRow }
  | { readonly status: 'RESOLVED' | 'LIVE' | 'HELD'; readonly call: CallRow }

export type PersonsWord =
  | { readonly kind: 'no_effect' }
  | { readonly kind: 'effect'; readonly spentUsdMicros: UsdMicros }
