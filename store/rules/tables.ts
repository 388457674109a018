import type { AuditActor, AuditFact } from '../../contract/audit.ts'
import type { Ord } from '../../contract/call.ts'
import type { CallId, Digest, HistoryId, JobUid, KeyId, PodUid, RunUid, WalkId } from '../../contract/ids.ts'
import type { UsdMicros } from '../../contract/money.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { Balance, CallRow, KeyRow, RunRow } from '../store.ts'
import type { Rulebook } from './rulebook.ts'

/**
 * What the rules read and write, inside one transaction of an engine. Reads see the writes made before them.
 * A rule checks everything before its first write, so that an engine without roll-back is right too.
 */
export interface Tables {
  readonly rules: Rulebook
  readonly time: StoreTime
  readonly historyId: HistoryId

  key(keyId: KeyId): KeyRow | undefined
  putKey(row: KeyRow): void
  run(runUid: RunUid): RunRow | undefined
  runOfJob(jobUid: JobUid): RunRow | undefined
  /** The run that the newest Job of this name in the namespace belongs to. */
  runOfJobName(namespace: string, name: string): RunRow | undefined
  putRun(row: RunRow): void
  /** A Job that ended before it was in any run. */
  isEndedJob(jobUid: JobUid): boolean
  /** Takes away those that were put longer than `keepMs` ago. */
  putEndedJob(jobUid: JobUid, keepMs: number): void

  pod(podUid: PodUid): PodRow | undefined
  newestPod(scope: string): PodRow | undefined
  /** Rises with each first exchange of a Pod. */
  nextPodOrder(): number
  putPod(row: PodRow): void

  newCallId(): CallId
  nextCallOrder(): number
  call(callId: CallId): CallRow | undefined
  callByOccurrence(scope: string, digest: Digest, n: number): CallRow | undefined
  callByNamedKey(name: NamedCall): CallRow | undefined
  /** Whether a record other than `except`, of any run, has this object of a vendor's. */
  isBound(object: string, except: CallId): boolean
  /** Numbered calls of the scope with this core digest and other content, in order of creation. */
  twins(call: TwinsOf): readonly Twin[]
  /** How far the scope has come, reads left out. */
  progress(scope: ScopeName): ScopeProgress
  /** Reserved, sent or in doubt, in order of creation. */
  unresolvedCalls(keyId: KeyId): readonly CallRow[]
  /** Numbered calls of the run that had an effect, counted by content and scope. */
  effects(runUid: RunUid): readonly ContentEffects[]
  putCall(row: CallRow): void

  /** n → token that saw it. */
  seen(attempt: string, digest: Digest): ReadonlyMap<number, string | null>
  putSeen(row: SeenRow): void
  handed(attempt: string, digest: Digest, n: number): HandedRow | undefined
  putHanded(row: HandedAt & HandedRow): void
  last(attempt: string, k: string): LastRow | undefined
  /** Rule 3: what requests for this content, which may run in parallel, have claimed. */
  claims(attempt: string, digest: Digest): readonly Claim[]
  putClaim(attempt: string, digest: Digest, row: Claim): void
  dropClaim(attempt: string, digest: Digest, ord: Ord): void
  hasCalls(attempt: string): boolean
  putLast(attempt: string, k: string, row: LastRow): void
  binding(scope: string, token: string): Binding | undefined
  putBinding(scope: string, token: string, row: Binding): void

  /** Undefined where nothing was ever counted. */
  account(account: string): Balance | undefined
  addToAccount(account: string, change: AccountChange): void
  /** The account stands above this limit since a merge. */
  freeze(account: string, limitUsdMicros: UsdMicros): void
  /** Undefined where it was never frozen. */
  frozenLimit(account: string): UsdMicros | undefined
  object(name: ObjectName): ObjectRow | undefined
  putObject(name: ObjectName, row: ObjectRow): void
  /** Day whose caps count as spent since the store was put back from a copy. */
  heldDay(): string | undefined

  /** Takes away at most about `limit` rows of each kind of an ended run. `none_left`: that was all. */
  forget(runUid: RunUid, limit: number): 'some_left' | 'none_left'

  append(actor: AuditActor, fact: AuditFact): void
}

export interface StoreTime {
  /** Wall clock of the store, never behind what it has once written. */
  readonly nowMs: number
  /** UTC day, `2026-11-22`. */
  readonly day: string
  /** For leases, within one boot. */
  readonly monotonicMs: number
  /** Which start of the store this is; leases of others are over. */
  readonly boot: string
}

export interface PodRow {
  readonly podUid: PodUid
  readonly runUid: RunUid
  readonly jobUid: JobUid
  readonly scope: string
  readonly order: number
  readonly life: number
  /** The newest that asked for a life, oldest first. */
  readonly walks: readonly WalkId[]
}

export interface NamedCall {
  readonly runUid: RunUid
  readonly vendor: string
  readonly account: string
  readonly namedKey: string
}

export interface TwinsOf {
  readonly scope: string
  readonly core: Digest
  readonly digest: Digest
  readonly attempt: string
}

/** What the core guard must know of a call, without its bytes. */
export interface Twin {
  readonly callId: CallId
  readonly state: CallRow['state']
  readonly hasEffect: boolean
  /** Whether the attempt has read its answer. */
  readonly isSeen: boolean
}

export interface ScopeName {
  readonly runUid: RunUid
  readonly scope: string
}

export interface ScopeProgress {
  /** `createdOrder` of the newest call, 0 where there is none. */
  readonly newestOrder: number
  /** Calls that are reserved, sent or in doubt. */
  readonly unresolved: number
}

export interface ContentEffects {
  readonly made: number
  /** The most of them that one attempt's app has read. */
  readonly mostSeen: number
}

export interface SeenRow {
  readonly scope: string
  readonly attempt: string
  readonly digest: Digest
  readonly n: number
  readonly token: string | null
}

/** An answer was written towards the sidecar of this boot, for the request with this token. */
export interface HandedRow {
  readonly boot: number
  readonly token: string | null
}

export interface HandedAt {
  readonly attempt: string
  readonly digest: Digest
  readonly n: number
}

/** The newest request that was judged: the call it got, or its final refusal. */
export interface LastRow {
  readonly ord: Ord
  readonly callId: CallId | null
  readonly refusal: Refusal | null
}

/** One request of an LLM route: the number it claimed, or its final refusal, and which others it said were open. */
export interface Claim {
  readonly ord: Ord
  readonly n: number | null
  readonly open: readonly Ord[]
  readonly refusal: Refusal | null
}

export interface Binding {
  readonly digest: Digest
  readonly n: number
}

/** Added to both sums, may be negative. */
export interface AccountChange {
  readonly spentUsdMicros: number
  readonly reservedUsdMicros: number
}

export interface ObjectName {
  readonly runUid: RunUid
  readonly vendor: string
  readonly object: string
}

/** What a vendor's object has cost the run so far, and which calls counted it; none: its dollars were given back. */
export interface ObjectRow {
  readonly shares: readonly { readonly callId: CallId; readonly usdMicros: UsdMicros }[]
}
