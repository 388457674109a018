import type { AuditActor, AuditEvent, AuditFact } from '../../contract/audit.ts'
import type { Ord } from '../../contract/call.ts'
import { asCallId, type CallId, type Digest, type HistoryId, type PodUid } from '../../contract/ids.ts'
import type { UsdMicros } from '../../contract/money.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { Random } from '../../runtime/random.ts'
import type { Rulebook } from '../rules/rulebook.ts'
import type * as T from '../rules/tables.ts'
import type { Balance, CallRow, KeyRow, RunRow } from '../store.ts'
import { type Columns, callColumns, callRow, keyColumns, keyRow } from './rows.ts'
import type { Statements } from './statements.ts'

export interface SqliteTablesOptions {
  readonly statements: Statements
  readonly rules: Rulebook
  readonly random: Random
  /** Read afresh at the start of each step. */
  readonly time: () => T.StoreTime
  readonly historyId: HistoryId
  /** Sequence number of the last event on record. */
  readonly lastSeq: number
}

/** The rules' tables over prepared statements. Used inside one transaction at a time. */
export class SqliteTables implements T.Tables {
  readonly rules: Rulebook
  readonly historyId: HistoryId
  readonly #sql: Statements
  readonly #random: Random
  readonly #readTime: () => T.StoreTime
  #time: T.StoreTime
  #lastSeq: number

  constructor(options: SqliteTablesOptions) {
    this.rules = options.rules
    this.historyId = options.historyId
    this.#sql = options.statements
    this.#random = options.random
    this.#readTime = options.time
    this.#time = options.time()
    this.#lastSeq = options.lastSeq
  }

  get time(): T.StoreTime {
    return this.#time
  }

  get lastSeq(): number {
    return this.#lastSeq
  }

  /** One moment holds for the whole step. */
  beginStep(): void {
    this.#time = this.#readTime()
  }

  /** For a question outside of any step. */
  readTime(): T.StoreTime {
    return this.#readTime()
  }

  /** A step was rolled back: its events were not written. */
  rewind(lastSeq: number): void {
    this.#lastSeq = lastSeq
  }

  key(keyId: string): KeyRow | undefined {
    return maybe(this.#sql.keyGet.get(keyId), keyRow)
  }

  putKey(row: KeyRow): void {
    this.#sql.keyPut.run(keyColumns(row))
  }

  run(runUid: string): RunRow | undefined {
    return maybe(this.#sql.runGet.get(runUid), runRow)
  }

  runOfJob(jobUid: string): RunRow | undefined {
    return maybe(this.#sql.runOfJob.get(jobUid), runRow)
  }

  runOfJobName(namespace: string, name: string): RunRow | undefined {
    return maybe(this.#sql.runOfJobName.get(namespace, name), runRow)
  }

  putRun(row: RunRow): void {
    this.#sql.runPut.run(row.runUid, row.namespace, row.openedAtMs, JSON.stringify(row))
    for (const { uid, name } of row.jobs) this.#sql.runJobPut.run(uid, row.runUid, row.namespace, name)
  }

  isEndedJob(jobUid: string): boolean {
    return this.#sql.endedJobGet.get(jobUid) !== undefined
  }

  putEndedJob(jobUid: string, keepMs: number): void {
    this.#sql.endedJobsForget.run(this.#time.nowMs - keepMs)
    this.#sql.endedJobPut.run(jobUid, this.#time.nowMs)
  }

  pod(podUid: PodUid): T.PodRow | undefined {
    return maybe(this.#sql.podGet.get(podUid), podRow)
  }

  newestPod(scope: string): T.PodRow | undefined {
    return maybe(this.#sql.podNewest.get(scope), podRow)
  }

  nextPodOrder(): number {
    return number(this.#sql.podMaxOrder.get()) + 1
  }

  putPod(row: T.PodRow): void {
    this.#sql.podPut.run(row.podUid, row.runUid, row.jobUid, row.scope, row.order, row.life, row.walks.join(' '))
  }

  newCallId(): CallId {
    return asCallId(`call_${this.#random.hex(12)}`)
  }

  nextCallOrder(): number {
    return number(this.#sql.callMaxOrder.get()) + 1
  }

  call(callId: CallId): CallRow | undefined {
    return maybe(this.#sql.callGet.get(callId), callRow)
  }

  callByOccurrence(scope: string, digest: Digest, n: number): CallRow | undefined {
    return maybe(this.#sql.callByOccurrence.get(scope, digest, n), callRow)
  }

  callByNamedKey({ runUid, vendor, account, namedKey }: T.NamedCall): CallRow | undefined {
    return maybe(this.#sql.callByNamedKey.get(runUid, vendor, account, namedKey), callRow)
  }

  isBound(object: string, except: CallId): boolean {
    return this.#sql.callOfObject.get(object, except) !== undefined
  }

  twins(call: T.TwinsOf): readonly T.Twin[] {
    return (this.#sql.callTwins.all(call) as Columns[]).map(twinRow)
  }

  progress({ runUid, scope }: T.ScopeName): T.ScopeProgress {
    const { newest, unresolved } = this.#sql.callProgress.get({ runUid, scope }) as {
      newest: number
      unresolved: number
    }
    return { newestOrder: newest, unresolved }
  }

  unresolvedCalls(keyId: string): readonly CallRow[] {
    return (this.#sql.callsUnresolvedByKey.all(keyId) as Columns[]).map(callRow)
  }

  effects(runUid: string): readonly T.ContentEffects[] {
    const rows = this.#sql.callEffects.all(runUid) as { made: number; most_seen: number }[]
    return rows.map(({ made, most_seen }) => ({ made, mostSeen: most_seen }))
  }

  putCall(row: CallRow): void {
    this.#sql.callPut.run(callColumns(row))
  }

  seen(attempt: string, digest: Digest): ReadonlyMap<number, string | null> {
    const rows = this.#sql.seenGet.all(attempt, digest) as { n: number; token: string | null }[]
    return new Map(rows.map(({ n, token }) => [n, token]))
  }

  putSeen({ scope, attempt, digest, n, token }: T.SeenRow): void {
    this.#sql.seenPut.run(scope, digest, attempt, n, token)
  }

  handed(attempt: string, digest: Digest, n: number): T.HandedRow | undefined {
    return this.#sql.handedGet.get(attempt, digest, n) as T.HandedRow | undefined
  }

  putHanded({ attempt, digest, n, boot, token }: T.HandedAt & T.HandedRow): void {
    this.#sql.handedPut.run(attempt, digest, n, boot, token)
  }

  last(attempt: string, k: string): T.LastRow | undefined {
    return maybe(this.#sql.lastGet.get(attempt, k), lastRow)
  }

  hasCalls(attempt: string): boolean {
    return this.#sql.lastAny.get(attempt) !== undefined
  }

  putLast(attempt: string, k: string, { ord, callId, refusal }: T.LastRow): void {
    const told = refusal === null ? null : JSON.stringify(refusal)
    this.#sql.lastPut.run(attempt, k, ord.boot, ord.seq, callId, told)
  }

  claims(attempt: string, digest: Digest): readonly T.Claim[] {
    return (this.#sql.claimsGet.all(attempt, digest) as Columns[]).map(claimRow)
  }

  putClaim(attempt: string, digest: Digest, { ord, n, open, refusal }: T.Claim): void {
    const told = refusal === null ? null : JSON.stringify(refusal)
    this.#sql.claimPut.run(attempt, digest, ord.boot, ord.seq, n, JSON.stringify(open), told)
  }

  dropClaim(attempt: string, digest: Digest, { boot, seq }: Ord): void {
    this.#sql.claimDrop.run(attempt, digest, boot, seq)
  }

  binding(scope: string, token: string): T.Binding | undefined {
    return this.#sql.bindingGet.get(scope, token) as T.Binding | undefined
  }

  putBinding(scope: string, token: string, { digest, n }: T.Binding): void {
    this.#sql.bindingPut.run(scope, token, digest, n)
  }

  account(account: string): Balance | undefined {
    return maybe(this.#sql.accountGet.get(account), balance)
  }

  addToAccount(account: string, change: T.AccountChange): void {
    this.#sql.accountAdd.run({ account, spent: change.spentUsdMicros, reserved: change.reservedUsdMicros })
  }

  freeze(account: string, limitUsdMicros: UsdMicros): void {
    this.#sql.accountFreeze.run(limitUsdMicros, account)
  }

  frozenLimit(account: string): UsdMicros | undefined {
    const row = this.#sql.accountFrozen.get(account) as { value: UsdMicros | null } | undefined
    return row?.value ?? undefined
  }

  object({ runUid, vendor, object }: T.ObjectName): T.ObjectRow | undefined {
    return maybe(this.#sql.objectGet.get(runUid, vendor, object), (columns) => ({
      shares: JSON.parse(String(columns['shares'])) as T.ObjectRow['shares'],
    }))
  }

  putObject({ runUid, vendor, object }: T.ObjectName, row: T.ObjectRow): void {
    this.#sql.objectPut.run(runUid, vendor, object, JSON.stringify(row.shares))
  }

  heldDay(): string | undefined {
    return maybe(this.#sql.metaGet.get('held_day'), (columns) => String(columns['value']))
  }

  forget(runUid: string, limit: number): 'some_left' | 'none_left' {
    this.#sql.pruneSums.run({ runUid, limit })
    const { pruneCalls, pruneSeen, pruneBindings, pruneHanded, pruneLast, pruneClaims, pruneObjects } = this.#sql
    const kinds = [pruneCalls, pruneSeen, pruneBindings, pruneHanded, pruneLast, pruneClaims, pruneObjects]
    const gone = kinds.map((kind) => kind.run({ runUid, limit }).changes)
    if (gone.some((count) => count === limit)) return 'some_left'
    this.#sql.pruneDays.run({ runUid })
    this.#sql.prunePods.run({ runUid })
    return 'none_left'
  }

  append(actor: AuditActor, fact: AuditFact): void {
    const seq = this.#lastSeq + 1
    const event: AuditEvent = { seq, atMs: this.#time.nowMs, actor, ...fact }
    const { runUid, keyId, label, index } = actor
    this.#sql.auditPut.run(seq, event.atMs, runUid, keyId, label, index, JSON.stringify(event))
    this.#lastSeq = seq
  }
}

function maybe<Row>(columns: unknown, make: (columns: Columns) => Row): Row | undefined {
  return columns === undefined ? undefined : make(columns as Columns)
}

function number(columns: unknown): number {
  return Number((columns as { value: number }).value)
}

export const runRow = (columns: Columns): RunRow => JSON.parse(String(columns['row'])) as RunRow

export function balance(columns: Columns): Balance {
  return {
    spentUsdMicros: columns['spent_usd_micros'],
    reservedUsdMicros: columns['reserved_usd_micros'],
  } as Balance
}

function twinRow(columns: Columns): T.Twin {
  return {
    callId: columns['call_id'],
    state: columns['state'],
    hasEffect: columns['has_effect'] === 1,
    isSeen: columns['is_seen'] === 1,
  } as T.Twin
}

function podRow(columns: Columns): T.PodRow {
  return {
    podUid: columns['pod_uid'],
    runUid: columns['run_uid'],
    jobUid: columns['job_uid'],
    scope: columns['scope'],
    order: columns['pod_order'],
    life: columns['life'],
    walks: String(columns['walks']).split(' ').filter(Boolean) as readonly string[],
  } as T.PodRow
}

function claimRow(columns: Columns): T.Claim {
  const refusal = columns['refusal'] ?? null
  return {
    ord: { boot: Number(columns['boot']), seq: Number(columns['seq']) },
    n: (columns['n'] ?? null) as number | null,
    open: JSON.parse(String(columns['open'])) as Ord[],
    refusal: refusal === null ? null : (JSON.parse(String(refusal)) as Refusal),
  }
}

function lastRow(columns: Columns): T.LastRow {
  const refusal = columns['refusal'] ?? null
  return {
    ord: { boot: Number(columns['boot']), seq: Number(columns['seq']) },
    callId: (columns['call_id'] ?? null) as CallId | null,
    refusal: refusal === null ? null : (JSON.parse(String(refusal)) as Refusal),
  }
}
