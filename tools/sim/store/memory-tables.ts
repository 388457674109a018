import type { AuditActor, AuditEvent, AuditFact } from '../../../contract/audit.ts'
import { compareOrd, type Ord } from '../../../contract/call.ts'
import { asCallId, type CallId, type Digest, type HistoryId, type PodUid } from '../../../contract/ids.ts'
import type { UsdMicros } from '../../../contract/money.ts'
import type { Random } from '../../../runtime/random.ts'
import type { Rulebook } from '../../../store/rules/rulebook.ts'
import type * as T from '../../../store/rules/tables.ts'
import type { Balance, CallRow, KeyRow, RunRow } from '../../../store/store.ts'
import { emptyMaps } from './empty-maps.ts'
import type { TakenStep } from './taken-steps.ts'
import { UndoLog } from './undo-log.ts'

/** What a store holds; outlives the processes that use it. Rows are never changed in place. */
export class StoredState {
  readonly keys = new Map<string, KeyRow>()
  readonly runs = new Map<string, RunRow>()
  readonly jobs = new Map<string, string>()
  /** Moment at which one ended that was in no run. */
  readonly endedJobs = new Map<string, number>()
  readonly jobNames = new Map<string, string>()
  readonly pods = new Map<string, T.PodRow>()
  readonly newestPods = new Map<string, T.PodRow>()
  readonly calls = new Map<string, CallRow>()
  readonly occurrences = new Map<string, CallId>()
  readonly named = new Map<string, CallId>()
  readonly seen = new Map<string, ReadonlyMap<number, string | null>>()
  readonly handed = new Map<string, T.HandedRow>()
  readonly last = new Map<string, T.LastRow>()
  readonly attempts = new Map<string, true>()
  readonly claims = new Map<string, readonly T.Claim[]>()
  readonly bindings = new Map<string, T.Binding>()
  readonly accounts = new Map<string, Balance>()
  readonly frozen = new Map<string, UsdMicros>()
  readonly objects = new Map<string, T.ObjectRow>()
  readonly events: AuditEvent[] = []
  /** The steps that led here: those whose writes were lost are lost too. */
  readonly steps: TakenStep[] = []
  readonly log: UndoLog

  constructor(nowMs: () => number) {
    this.log = new UndoLog(nowMs)
  }

  /** All of it is gone. Returns what puts it back as it was: what was written last can still be lost then. */
  empty(): () => void {
    const tables = Object.values(this).filter((one: unknown): one is Map<unknown, unknown> => one instanceof Map)
    const putBackTables = emptyMaps(tables)
    const [events, steps] = [this.events.splice(0), this.steps.splice(0)]
    const putBackChanges = this.log.setAside()
    return () => {
      putBackTables()
      this.events.splice(0, Infinity, ...events)
      this.steps.splice(0, Infinity, ...steps)
      putBackChanges()
    }
  }
}

export interface MemoryTablesOptions {
  readonly state: StoredState
  readonly rules: Rulebook
  readonly random: Random
  /** Read afresh at each step. */
  readonly time: () => T.StoreTime
  readonly historyId: () => HistoryId
}

/** The rules' tables over maps. */
export class MemoryTables implements T.Tables {
  readonly rules: Rulebook
  readonly #state: StoredState
  readonly #historyId: () => HistoryId
  readonly #random: Random
  readonly #readTime: () => T.StoreTime
  #time: T.StoreTime

  constructor({ state, rules, random, time, historyId }: MemoryTablesOptions) {
    this.rules = rules
    this.#historyId = historyId
    this.#state = state
    this.#random = random
    this.#readTime = time
    this.#time = time()
  }

  get historyId(): HistoryId {
    return this.#historyId()
  }

  get time(): T.StoreTime {
    return this.#time
  }

  beginStep(): void {
    this.#time = this.#readTime()
  }

  key(keyId: string): KeyRow | undefined {
    return this.#state.keys.get(keyId)
  }

  putKey(row: KeyRow): void {
    this.#put(this.#state.keys, row.keyId, row)
  }

  run(runUid: string): RunRow | undefined {
    return this.#state.runs.get(runUid)
  }

  runOfJob(jobUid: string): RunRow | undefined {
    return this.run(this.#state.jobs.get(jobUid) ?? '')
  }

  runOfJobName(namespace: string, name: string): RunRow | undefined {
    return this.run(this.#state.jobNames.get(`${namespace}/${name}`) ?? '')
  }

  putRun(row: RunRow): void {
    this.#put(this.#state.runs, row.runUid, row)
    for (const { uid, name } of row.jobs) {
      if (this.#state.jobs.has(uid)) continue
      this.#put(this.#state.jobs, uid, row.runUid)
      this.#put(this.#state.jobNames, `${row.namespace}/${name}`, row.runUid)
    }
  }

  isEndedJob(jobUid: string): boolean {
    return this.#state.endedJobs.has(jobUid)
  }

  putEndedJob(jobUid: string, keepMs: number): void {
    for (const [uid, atMs] of this.#state.endedJobs) {
      if (atMs < this.#time.nowMs - keepMs) this.#state.log.remove(this.#state.endedJobs, uid)
    }
    this.#put(this.#state.endedJobs, jobUid, this.#time.nowMs)
  }

  pod(podUid: PodUid): T.PodRow | undefined {
    return this.#state.pods.get(podUid)
  }

  newestPod(scope: string): T.PodRow | undefined {
    return this.#state.newestPods.get(scope)
  }

  nextPodOrder(): number {
    return this.#state.pods.size + 1
  }

  putPod(row: T.PodRow): void {
    this.#put(this.#state.pods, row.podUid, row)
    const newest = this.newestPod(row.scope)
    if (newest === undefined || newest.order <= row.order) this.#put(this.#state.newestPods, row.scope, row)
  }

  newCallId(): CallId {
    return asCallId(`call_${this.#random.hex(12)}`)
  }

  nextCallOrder(): number {
    return Math.max(this.#lastSeq(), this.#newestOrder()) + 1
  }

  call(callId: CallId): CallRow | undefined {
    return this.#state.calls.get(callId)
  }

  callByOccurrence(scope: string, digest: Digest, n: number): CallRow | undefined {
    const row = this.#state.calls.get(this.#state.occurrences.get(`${scope} ${digest} ${n}`) ?? '')
    // A record that was put aside has left its place.
    return row?.n === n ? row : undefined
  }

  callByNamedKey({ runUid, vendor, account, namedKey }: T.NamedCall): CallRow | undefined {
    const row = this.#state.calls.get(this.#state.named.get(`${runUid} ${vendor} ${account} ${namedKey}`) ?? '')
    return row?.namedKey === namedKey ? row : undefined
  }

  isBound(object: string, except: CallId): boolean {
    return this.#calls().some((row) => row.object === object && row.callId !== except)
  }

  twins({ scope, core, digest, attempt }: T.TwinsOf): readonly T.Twin[] {
    return this.#calls()
      .filter((row) => row.scope === scope && row.core === core && row.n !== null && row.digest !== digest)
      .map((row) => ({
        callId: row.callId,
        state: row.state,
        hasEffect: row.hasEffect,
        isSeen: this.seen(attempt, row.digest).has(row.n ?? 0),
      }))
  }

  progress({ runUid, scope }: T.ScopeName): T.ScopeProgress {
    const calls = this.#calls().filter((row) => row.runUid === runUid && row.scope === scope && !row.isRead)
    return {
      newestOrder: Math.max(0, ...calls.map(({ createdOrder }) => createdOrder)),
      unresolved: calls.filter(isUnresolved).length,
    }
  }

  unresolvedCalls(keyId: string): readonly CallRow[] {
    return this.#calls().filter((row) => row.keyId === keyId && isUnresolved(row))
  }

  unresolved(): readonly CallRow[] {
    return this.#calls().filter(isUnresolved)
  }

  effects(runUid: string): readonly T.ContentEffects[] {
    const made = new Map<string, CallRow[]>()
    for (const row of this.#calls()) {
      if (row.runUid !== runUid || row.state !== 'settled' || !row.hasEffect || row.n === null) continue
      const content = `${row.scope} ${row.digest}`
      made.set(content, [...(made.get(content) ?? []), row])
    }
    return [...made.values()].map((rows) => ({ made: rows.length, mostSeen: this.#mostSeen(rows) }))
  }

  #mostSeen(rows: readonly CallRow[]): number {
    const [first] = rows
    if (first === undefined) return 0
    const counts = [...this.#state.seen]
      .filter(([content]) => content.endsWith(` ${first.digest}`) && this.#isOfScope(content, first.scope))
      .map(([, seen]) => rows.filter(({ n }) => seen.has(n ?? 0)).length)
    return Math.max(0, ...counts)
  }

  #isOfScope(attemptAndDigest: string, scope: string): boolean {
    const podUid = attemptAndDigest.split('/')[0] ?? ''
    return this.#state.pods.get(podUid)?.scope === scope
  }

  putCall(row: CallRow): void {
    this.#put(this.#state.calls, row.callId, row)
    if (row.n !== null) this.#put(this.#state.occurrences, `${row.scope} ${row.digest} ${row.n}`, row.callId)
    if (row.namedKey === null) return
    this.#put(this.#state.named, `${row.runUid} ${row.vendor} ${row.account} ${row.namedKey}`, row.callId)
  }

  seen(attempt: string, digest: Digest): ReadonlyMap<number, string | null> {
    return this.#state.seen.get(`${attempt} ${digest}`) ?? new Map()
  }

  putSeen({ attempt, digest, n, token }: T.SeenRow): void {
    const seen = this.seen(attempt, digest)
    if (!seen.has(n)) this.#put(this.#state.seen, `${attempt} ${digest}`, new Map([...seen, [n, token]]))
  }

  handed(attempt: string, digest: Digest, n: number): T.HandedRow | undefined {
    return this.#state.handed.get(`${attempt} ${digest} ${n}`)
  }

  putHanded({ attempt, digest, n, boot, token }: T.HandedAt & T.HandedRow): void {
    this.#put(this.#state.handed, `${attempt} ${digest} ${n}`, { boot, token })
  }

  last(attempt: string, k: string): T.LastRow | undefined {
    return this.#state.last.get(`${attempt} ${k}`)
  }

  hasCalls(attempt: string): boolean {
    return this.#state.attempts.has(attempt)
  }

  putLast(attempt: string, k: string, row: T.LastRow): void {
    this.#put(this.#state.last, `${attempt} ${k}`, row)
    this.#put(this.#state.attempts, attempt, true)
  }

  claims(attempt: string, digest: Digest): readonly T.Claim[] {
    return this.#state.claims.get(`${attempt} ${digest}`) ?? []
  }

  putClaim(attempt: string, digest: Digest, row: T.Claim): void {
    this.dropClaim(attempt, digest, row.ord)
    this.#put(this.#state.claims, `${attempt} ${digest}`, [...this.claims(attempt, digest), row])
  }

  dropClaim(attempt: string, digest: Digest, ord: Ord): void {
    const kept = this.claims(attempt, digest).filter((claim) => compareOrd(claim.ord, ord) !== 0)
    this.#put(this.#state.claims, `${attempt} ${digest}`, kept)
  }

  binding(scope: string, token: string): T.Binding | undefined {
    return this.#state.bindings.get(`${scope} ${token}`)
  }

  putBinding(scope: string, token: string, row: T.Binding): void {
    this.#put(this.#state.bindings, `${scope} ${token}`, row)
  }

  account(account: string): Balance | undefined {
    return this.#state.accounts.get(account)
  }

  addToAccount(account: string, { spentUsdMicros, reservedUsdMicros }: T.AccountChange): void {
    const before = this.account(account)
    this.#put(this.#state.accounts, account, {
      spentUsdMicros: ((before?.spentUsdMicros ?? 0) + spentUsdMicros) as UsdMicros,
      reservedUsdMicros: ((before?.reservedUsdMicros ?? 0) + reservedUsdMicros) as UsdMicros,
    })
  }

  freeze(account: string, limitUsdMicros: UsdMicros): void {
    this.#put(this.#state.frozen, account, limitUsdMicros)
  }

  frozenLimit(account: string): UsdMicros | undefined {
    return this.#state.frozen.get(account)
  }

  object({ runUid, vendor, object }: T.ObjectName): T.ObjectRow | undefined {
    return this.#state.objects.get(`${runUid} ${vendor} ${object}`)
  }

  putObject({ runUid, vendor, object }: T.ObjectName, row: T.ObjectRow): void {
    this.#put(this.#state.objects, `${runUid} ${vendor} ${object}`, row)
  }

  heldDay(): string | undefined {
    return undefined
  }

  forget(): never {
    throw new Error('no seed lasts as long as records are kept')
  }

  append(actor: AuditActor, fact: AuditFact): void {
    const event: AuditEvent = {
      seq: Math.max(this.#lastSeq() + 1, this.#newestOrder()),
      atMs: this.#time.nowMs,
      actor,
      ...fact,
    }
    this.#state.log.append(this.#state.events, event)
  }

  /** As Redis numbers them: a call is as old as its first event, and what was merged is older than what comes. */
  #lastSeq(): number {
    return this.#state.events.at(-1)?.seq ?? 0
  }

  #newestOrder(): number {
    return Math.max(0, ...this.#calls().map(({ createdOrder }) => createdOrder))
  }

  #put<Value>(table: Map<string, Value>, key: string, value: Value): void {
    this.#state.log.put(table, key, value)
  }

  #calls(): CallRow[] {
    return [...this.#state.calls.values()]
  }
}

/** Its money counts, and nobody knows yet whether it is spent. */
export function isUnresolved({ state }: CallRow): boolean {
  return state === 'reserved' || state === 'sent' || state === 'in_doubt'
}
