import type { CapLevelName } from '../contract/call.ts'
import type { CallId, Digest, JobUid, KeyId, Nonce, PodUid, RunUid } from '../contract/ids.ts'
import type { UsdMicros } from '../contract/money.ts'
import type { Refusal } from '../contract/refusals.ts'

/**
 * `never`: sent once, marked before. `idempotent`: may be sent again under its key, within the window of its first send.
 * `anew`: a repeat is another purchase; one whose outcome stays unknown counts as made, at its reservation.
 */
export type Repeat =
  | { readonly kind: 'never' }
  | { readonly kind: 'idempotent'; readonly windowMs: number }
  | { readonly kind: 'anew' }

/** Why nothing reached the vendor, and what the app is told. A vendor's own 429 is kept as it came. */
export interface NotSent {
  readonly refusal: Refusal | null
  readonly sealedAnswer: Buffer | null
  readonly reason: string
}

/** One recorded call. */
export interface CallRow {
  readonly callId: CallId
  readonly runUid: RunUid
  readonly keyId: KeyId
  /** `{runUid}/{index}`, in a work queue `{runUid}/pod-{podUid}`, without a Job `{runUid}`. */
  readonly scope: string
  readonly jobUid: JobUid | null
  readonly podUid: PodUid | null
  readonly podName: string | null
  /** Life of the Pod in which the call was reserved. Null without a Job. */
  readonly life: number | null
  readonly index: number | null
  readonly namespace: string | null
  readonly vendor: string
  readonly route: string
  readonly account: string
  readonly digest: Digest
  readonly core: Digest | null
  /** Occurrence; null for reads and named keys. */
  readonly n: number | null
  readonly namedKey: string | null
  readonly isRead: boolean
  readonly state: 'reserved' | 'sent' | 'settled' | 'released' | 'in_doubt'
  readonly epoch: number
  /** Rises when the call is made anew after its vendor saved an answer without effect under the key; part of that key. */
  readonly gen: number
  /** Sends that may still produce an effect. */
  readonly open: readonly Nonce[]
  /** Sends ever started. */
  readonly sends: number
  /** Which start of the store gave the lease, and until when on its monotonic clock. */
  readonly leaseBoot: string
  readonly leaseUntilMs: number
  readonly reservedUsdMicros: UsdMicros
  readonly spentUsdMicros: UsdMicros
  /** Accounts that the reservation counts in, with the day that was theirs then. */
  readonly accounts: readonly string[]
  readonly levels: readonly CapLevelName[]
  readonly object: string | null
  readonly repeat: Repeat
  readonly firstSentAtMs: number | null
  /** Key sent to the vendor: ours, or the app's named one. Null for reads. */
  readonly vendorKey: string | null
  readonly sealedRequest: Buffer | null
  readonly sealedAnswer: Buffer | null
  readonly answerStatus: number | null
  /** In doubt, and the vendor saved its failure under this gen's key: a repeat would only bring it again. */
  readonly isFailureSaved: boolean
  readonly hasEffect: boolean
  readonly notSent: NotSent | null
  readonly createdAtMs: number
  /** Order of creation within the store. */
  readonly createdOrder: number
}
