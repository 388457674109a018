import type { AuditEvent } from '../contract/audit.ts'
import type { CallIdentity, CapLevelName, DeliveryJournal, Ord, SeenFact } from '../contract/call.ts'
import type { ExchangePurpose, SidecarTerms } from '../contract/exchange.ts'
import type { CallId, Digest, HistoryId, JobUid, KeyId, Nonce, PodUid, RunUid } from '../contract/ids.ts'
import type { UsdMicros } from '../contract/money.ts'
import type { Refusal } from '../contract/refusals.ts'

/**
 * The atomic steps of the ledger: each method is one transaction, durable when it resolves. The rules are in
 * `store/rules/`; an engine loads rows, asks them, and writes. Rejects with `StoreFault` when the engine itself fails
 * (disk full, read-only, corrupt); then nothing was written.
 */
export interface Store {
  readonly historyId: HistoryId
  /** NUMBER of the numbering rules, and the reservation, in one step. */
  number(request: NumberRequest): Promise<NumberAnswer>
  /** M2: the durable mark before a send that may never be repeated. `refused`: do not send. */
  markSent(send: SendRef & { readonly leaseMs: number }): Promise<'marked' | 'refused'>
  /** Keeps the owner's lease for `leaseMs` more. Sends of an older epoch are left out silently. */
  renewLeases(sends: readonly SendRef[], leaseMs: number): Promise<void>
  /** M1, M3: what became of one send. */
  report(report: SendReport): Promise<ReportAnswer>
  /** Facts that a sidecar hands in by themselves. `new_history`: nothing was recorded. */
  recordSeen(caller: PodCaller, historyId: HistoryId, seen: readonly SeenFact[]): Promise<'recorded' | 'new_history'>
  /** A read, recorded before it is sent. */
  admitRead(request: ReadRequest): Promise<CallId | Refusal>
  /** What the vendor answered to a read; null when it did not. */
  closeRead(callId: CallId, status: number | null): Promise<void>
  /** A call that was refused before it came to `number`, for the record. */
  recordRefusal(caller: Caller, call: RefusedCall): Promise<void>

  /** The first exchange of a run opens it, with its one vault key; later ones find it. */
  admitPod(request: AdmitPodRequest): Promise<AdmitPodAnswer>
  /** No further call of the Job's run passes; a continued run revives it. Unknown Jobs: undefined. */
  endJob(runUid: RunUid, jobUid: JobUid): Promise<RunRow | undefined>

  createKey(request: CreateKeyRequest): Promise<KeyRow>
  findKeyByHash(hash: string): Promise<KeyRow | undefined>
  findKey(keyId: KeyId): Promise<KeyRow | undefined>
  listKeys(filter: { readonly label?: string }): Promise<readonly KeyRow[]>
  /** Limits set by a person; they stay until a person changes them. Unknown key: undefined. */
  setLimits(keyId: KeyId, limits: Limits): Promise<KeyRow | undefined>
  /** Revoked means revoked: after this resolves nothing more is admitted under the key. Unknown key: undefined. */
  revokeKey(keyId: KeyId): Promise<RevokeAnswer | undefined>

  findRun(runUid: RunUid): Promise<RunRow | undefined>
  listRuns(filter: { readonly namespace?: string }): Promise<readonly RunRow[]>
  /** Spent and reserved of an account, 0 where nothing was counted yet. */
  balance(account: string): Promise<Balance>
  /** Dollars this run already counted for an object of the vendor's; undefined when it counted none. */
  countedObject(runUid: RunUid, vendor: string, object: string): Promise<UsdMicros | undefined>
  findCall(callId: CallId): Promise<CallRow | undefined>
  /**
   * Calls whose owner is gone or whose outcome is unknown, oldest first. `afterOrder`: only those created after that
   * call (`createdOrder`), so that calls held for good at the head do not hide the rest.
   */
  listUnresolved(filter: { readonly limit: number; readonly afterOrder?: number }): Promise<readonly CallRow[]>
  /** M8: takes over one unresolved call: to send it again under the same key, or resolves what need not be sent. */
  repair(callId: CallId, send: SendStart): Promise<RepairAnswer>
  /** A person says what became of a call in doubt. Undefined when it is not in doubt. */
  resolveByPerson(callId: CallId, outcome: PersonsWord): Promise<CallRow | undefined>
  /** After `--restored`: day caps count as spent until a person opens them. */
  openDayCaps(): Promise<void>

  /** Events in order, from `afterSeq` on, at most `limit`. */
  audit(query: AuditQuery): Promise<readonly AuditEvent[]>
  /** Undefined when it can serve; else why not. */
  problem(): string | undefined
  close(): Promise<void>
}

/** The engine could not do a step; nothing was written. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault'
}

/** Who a call comes from, as the ledger authenticated it. */
export interface Caller {
  readonly keyId: KeyId
  readonly runUid: RunUid
  /** Null for a client without a Job. */
  readonly pod: PodCaller | null
}

export interface PodCaller {
  readonly keyId: KeyId
  readonly runUid: RunUid
  readonly jobUid: JobUid
  readonly podUid: PodUid
  readonly podName: string
  readonly namespace: string
  /** Null in a work queue. */
  readonly index: number | null
  /** Life of the Pod in which the request was issued. */
  readonly life: number
}

export interface NumberRequest {
  readonly caller: Caller
  /** Null without a sidecar: every key then counts as named. */
  readonly claims: NumberClaims | null
  readonly vendor: string
  readonly identity: CallIdentity
  readonly policy: { readonly divergingReplay: 'refuse' | 'warn' | 'core'; readonly ambiguousRepeat: 'refuse' | 'fold' }
  /** Rule 9, first half; a refusal when the endpoint is not allowed. */
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
}

export interface Price {
  /** Dollars that the call moves or costs, at most. For an object: its total. */
  readonly totalUsdMicros: UsdMicros
  /** Id of an object that the run may have counted already; then only the difference is reserved. */
  readonly object: string | null
}

export interface CapLimit {
  readonly level: Exclude<CapLevelName, 'run' | 'run_day'>
  readonly limitUsdMicros: UsdMicros
}

/** `never`: sent once, marked before. `idempotent`: may be sent again under its key, within the window of its first send. */
export type Repeat = { readonly kind: 'never' } | { readonly kind: 'idempotent'; readonly windowMs: number }

/** What the sender brings: its nonce, and how long it may be silent. */
export interface SendStart {
  readonly nonce: Nonce
  /** 10 000 by default, renewed every 3 000 while the owner works. */
  readonly leaseMs: number
}

/** Names one send of one call. */
export interface SendRef {
  readonly callId: CallId
  readonly epoch: number
  readonly nonce: Nonce
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

/** Why nothing reached the vendor, and what the app is told. A vendor's own 429 is kept as it came. */
export interface NotSent {
  readonly refusal: Refusal | null
  readonly sealedAnswer: Buffer | null
  readonly reason: string
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
  | { readonly kind: 'unknown'; readonly reason: string }

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
  | { readonly status: 'settled'; readonly call: CallRow; readonly isAlarm: boolean }
  | { readonly status: 'released' | 'in_doubt' | 'noted'; readonly call: CallRow }

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

export interface AdmitPodRequest {
  readonly purpose: ExchangePurpose
  readonly namespace: string
  readonly policyName: string
  readonly job: {
    readonly name: string
    readonly uid: JobUid
    readonly completionMode: 'Indexed' | 'NonIndexed'
    readonly completions: number | null
  }
  readonly pod: { readonly name: string; readonly uid: PodUid; readonly index: number | null }
  /** Name or UID of the Job whose run is continued; null for a run of its own. */
  readonly continues: string | null
  readonly terms: RunTermsRow
  readonly sidecar: SidecarTerms
  /** The key to make if this Pod is the first of its run. */
  readonly newKey: { readonly keyId: KeyId; readonly hash: string; readonly expiresAtMs: number | null }
}

/** Terms of a run as judged by the policy. */
export interface RunTermsRow {
  readonly capUsdMicros: UsdMicros | null
  readonly dailyCapUsdMicros: UsdMicros | null
  readonly allowedEndpoints: readonly string[] | null
  readonly needsNamedKeys: boolean
}

export type AdmitPodAnswer =
  | { readonly status: 'ADMITTED'; readonly run: RunRow; readonly key: KeyRow; readonly life: number }
  | { readonly status: 'REFUSED'; readonly refusal: Refusal }

export interface CreateKeyRequest {
  readonly keyId: KeyId
  readonly hash: string
  readonly vendor: string
  readonly policyName: string
  readonly label: string | null
  readonly expiresAtMs: number | null
  readonly limits: Limits
  readonly allowedEndpoints: readonly string[] | null
}

/** Null: no such cap. Absent: unchanged. */
export interface Limits {
  readonly capUsdMicros?: UsdMicros | null
  readonly dailyCapUsdMicros?: UsdMicros | null
}

export interface KeyRow {
  readonly keyId: KeyId
  readonly runUid: RunUid
  readonly hash: string
  readonly label: string | null
  /** The one vendor of a key made by hand; null for a run's. */
  readonly vendor: string | null
  readonly policyName: string
  readonly status: 'active' | 'ended' | 'revoked'
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  readonly allowedEndpoints: readonly string[] | null
  readonly capUsdMicros: UsdMicros | null
  readonly dailyCapUsdMicros: UsdMicros | null
  readonly limitsSetByPerson: boolean
  /** Those that a person set; a continuing Job changes only the others. */
  readonly personsLimits: readonly (keyof Limits)[]
}

export interface RunRow {
  readonly runUid: RunUid
  readonly keyId: KeyId
  readonly namespace: string
  readonly policyName: string
  readonly completionMode: 'Indexed' | 'NonIndexed'
  readonly completions: number | null
  /** Jobs in the order they joined; the last is the one whose credentials pass. */
  readonly jobs: readonly RunJob[]
  readonly terms: RunTermsRow
  readonly sidecar: SidecarTerms
  readonly openedAtMs: number
  /** Set when `--restored` ended it for good. */
  readonly isFinal: boolean
  readonly isPruned: boolean
  /** Ended, and nothing of it is in doubt. */
  readonly isClosed: boolean
}

export interface RunJob {
  readonly uid: JobUid
  readonly name: string
  readonly isEnded: boolean
}

export interface RevokeAnswer {
  readonly key: KeyRow
  /** Admitted before, outcome not known yet. `sent`: it may have left. */
  readonly inFlight: readonly { readonly callId: CallId; readonly sent: boolean }[]
}

export interface Balance {
  readonly spentUsdMicros: UsdMicros
  readonly reservedUsdMicros: UsdMicros
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
  readonly hasEffect: boolean
  readonly notSent: NotSent | null
  readonly createdAtMs: number
  /** Order of creation within the store. */
  readonly createdOrder: number
}

export type RepairAnswer =
  /** Send the stored request again, under the stored key. */
  | { readonly status: 'SEND'; readonly call: CallRow }
  | { readonly status: 'RESOLVED' | 'LIVE' | 'HELD'; readonly call: CallRow }

export type PersonsWord =
  | { readonly kind: 'no_effect' }
  | { readonly kind: 'effect'; readonly spentUsdMicros: UsdMicros }

export interface AuditQuery {
  readonly afterSeq: number
  readonly limit: number
  readonly runUid?: RunUid
  readonly keyId?: KeyId
  readonly label?: string
  readonly index?: number
  readonly fromMs?: number
  readonly toMs?: number
}
