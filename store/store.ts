import type { AuditEvent } from '../contract/audit.ts'
import type { SeenFact } from '../contract/call.ts'
import type { CallId, HistoryId, JobUid, KeyId, RunUid } from '../contract/ids.ts'
import type { UsdMicros } from '../contract/money.ts'
import type { Refusal } from '../contract/refusals.ts'
import type { StoreProblemCode } from '../contract/store-problems.ts'
import type { CallRow } from './call-row.ts'
import type { Caller, PodCaller } from './caller.ts'
import type { NumberAnswer, NumberRequest, ReadRequest, RefusedCall, SendStart } from './numbering.ts'
import type { JournalledCall, JournalledStanding, MergeAnswer } from './recovering.ts'
import type {
  AdmitPodAnswer,
  AdmitPodRequest,
  Balance,
  CreateKeyRequest,
  KeyRow,
  Limits,
  RevokeAnswer,
  RunRow,
  RunTotals,
} from './runs.ts'
import type { PersonsWord, RepairAnswer, ReportAnswer, SendRef, SendReport } from './sending.ts'

export type * from './call-row.ts'
export type * from './caller.ts'
export type * from './numbering.ts'
export type * from './recovering.ts'
export type * from './runs.ts'
export type * from './sending.ts'

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
  /** The run of a Job: by the run's or the Job's UID, else of the newest Job of that name in the namespace. */
  findRunOfJob(namespace: string, job: string): Promise<RunRow | undefined>
  /** `isLiving`: only those with a Job that has not ended. */
  listRuns(filter: { readonly namespace?: string; readonly isLiving?: boolean }): Promise<readonly RunRow[]>
  /** Counted from the run's own records. Unknown run: undefined. */
  countCalls(runUid: RunUid): Promise<RunTotals | undefined>
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
  /** Runs and keys whose records may go: ended so long ago, and nothing in doubt. The longest ended first. */
  listPrunable(keepMs: number): Promise<readonly KeyId[]>
  /**
   * Takes away records, seen facts, hand-overs, last requests, bindings and named keys of an ended run, at most about
   * `limit` of each in one step. `kept`: it is not due. `more`: ask again. Money, keys, runs and the record stay.
   */
  prune(keyId: KeyId, how: PruneHow): Promise<'kept' | 'more' | 'pruned'>
  /** After `--restored`: day caps count as spent until a person opens them. */
  openDayCaps(): Promise<void>

  /**
   * Events in order, from `afterSeq` on, at most `limit`. An engine that numbers each policy's events by themselves goes
   * by number over all policies, and adds what bears the last number in another policy.
   */
  audit(query: AuditQuery): Promise<readonly AuditEvent[]>
  /** Undefined when it can serve; else why not. */
  problem(): string | undefined
  close(): Promise<void>
}

export interface PruneHow {
  /** At least 72 h are kept, whatever this says. */
  readonly keepMs: number
  readonly limit: number
}

/** An engine that can lose its last steps, and take them up again from journals. */
export interface RecoverableStore extends Store {
  /**
   * After the store has lost its last steps: what a journal says of a call, put where it is missing, and added where it
   * is not. Harmless twice. A level that this puts above its limit is frozen: what counts in it is not taken over,
   * marked or sent again until there is room.
   */
  merge(call: JournalledCall): Promise<MergeAnswer>
  /**
   * The same of a key and its run. Revoked and ended stay so, whatever is newer; of limits and terms the newest hold.
   * Before the calls of the key, whose levels are judged by its limits.
   */
  mergeStanding(standing: JournalledStanding): Promise<void>
}

/** The engine could not do a step. Unless `mayHaveHappened`, nothing was written. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault'
  /** The same step may succeed in a moment. */
  readonly isTransient: boolean
  /** No answer came: a distributed engine may have done the step all the same. Every step may be asked for again. */
  readonly mayHaveHappened: boolean
  /** What is wrong with the store as a whole; undefined: with this step. */
  readonly problemCode: StoreProblemCode | undefined

  constructor(
    message: string,
    options: ErrorOptions & Partial<Pick<StoreFault, 'isTransient' | 'mayHaveHappened' | 'problemCode'>> = {},
  ) {
    super(message, options)
    this.isTransient = options.isTransient ?? false
    this.mayHaveHappened = options.mayHaveHappened ?? false
    this.problemCode = options.problemCode
  }
}

/** A step names a call that is not on record. Whoever names one was given it by this store, so the store has lost it. */
export class MissingRecord extends Error {
  override readonly name = 'MissingRecord'

  constructor(callId: CallId) {
    super(`a step names ${callId}, which is not on record`)
  }
}

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
