import type { Database } from 'better-sqlite3'
import type { AuditEvent } from '../../contract/audit.ts'
import type { CallId, HistoryId, JobUid, KeyId, RunUid } from '../../contract/ids.ts'
import { type UsdMicros, ZERO_USD } from '../../contract/money.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { Log } from '../../runtime/log.ts'
import { admitPod } from '../rules/admit-pod.ts'
import { recordSeenFacts } from '../rules/caller.ts'
import { createKey, revokeKey, setLimits } from '../rules/keys.ts'
import { mergeCall } from '../rules/merge.ts'
import { mergeStanding } from '../rules/merge-standing.ts'
import { number } from '../rules/number.ts'
import { admitRead, closeRead, recordRefusal } from '../rules/reads.ts'
import { repair, resolveByPerson } from '../rules/repair.ts'
import { LEAST_KEPT_MS, prune } from '../rules/retention.ts'
import { endJob } from '../rules/run-end.ts'
import { markSent, renewLease, report } from '../rules/send.ts'
import type * as S from '../store.ts'
import { MissingRecord, StoreFault } from '../store.ts'
import type { MarkFile } from './mark-file.ts'
import { type Columns, callRow, keyRow } from './rows.ts'
import type { Statements } from './statements.ts'
import { type Step, StepGroup } from './step-group.ts'
import { runRow, type SqliteTables } from './tables.ts'

export interface SqliteStoreParts {
  readonly db: Database
  readonly statements: Statements
  readonly tables: SqliteTables
  /** Undefined for a store in memory. */
  readonly mark: MarkFile | undefined
  readonly log: Log
  readonly path: string
  /** Throws `StoreFault` where its files were taken away. */
  readonly checkFiles: () => void
}

/** The embedded engine: each step is atomic, and on disk when its promise resolves. */
export class SqliteStore implements S.RecoverableStore {
  readonly historyId: HistoryId
  readonly #db: Database
  readonly #sql: Statements
  readonly #tables: SqliteTables
  readonly #group: StepGroup
  readonly #mark: MarkFile | undefined
  readonly #log: Log
  readonly #path: string
  #problem: string | undefined
  #trying: Promise<void> | undefined

  constructor(parts: SqliteStoreParts) {
    this.historyId = parts.tables.historyId
    this.#db = parts.db
    this.#sql = parts.statements
    this.#tables = parts.tables
    this.#mark = parts.mark
    this.#log = parts.log
    this.#path = parts.path
    this.#group = new StepGroup({ ...parts, onWritten: () => this.#noteProgress() })
  }

  number(request: S.NumberRequest): Promise<S.NumberAnswer> {
    return this.#step((tables) => number(tables, request))
  }

  markSent(send: S.SendRef & { readonly leaseMs: number }): Promise<'marked' | 'refused'> {
    return this.#step((tables) => markSent(tables, send))
  }

  renewLeases(sends: readonly S.SendRef[], leaseMs: number): Promise<void> {
    return this.#step((tables) => {
      for (const send of sends) renewLease(tables, send, leaseMs)
    })
  }

  report(sendReport: S.SendReport): Promise<S.ReportAnswer> {
    return this.#step((tables) => report(tables, sendReport))
  }

  recordSeen(
    caller: S.PodCaller,
    historyId: HistoryId,
    seen: S.NumberClaims['seen'],
  ): Promise<'recorded' | 'new_history'> {
    return this.#step((tables) => {
      if (historyId !== tables.historyId) return 'new_history'
      recordSeenFacts(tables, caller, seen)
      return 'recorded'
    })
  }

  admitRead(request: S.ReadRequest): Promise<CallId | Refusal> {
    return this.#step((tables) => admitRead(tables, request))
  }

  closeRead(callId: CallId, status: number | null): Promise<void> {
    return this.#step((tables) => {
      const call = tables.call(callId)
      if (call !== undefined) closeRead(tables, call, status)
    })
  }

  recordRefusal(caller: S.Caller, refused: S.RefusedCall): Promise<void> {
    return this.#step((tables) => recordRefusal(tables, caller, refused))
  }

  admitPod(request: S.AdmitPodRequest): Promise<S.AdmitPodAnswer> {
    return this.#step((tables) => admitPod(tables, request))
  }

  endJob(runUid: RunUid, jobUid: JobUid): Promise<S.RunRow | undefined> {
    return this.#step((tables) => endJob(tables, runUid, jobUid))
  }

  createKey(request: S.CreateKeyRequest): Promise<S.KeyRow> {
    return this.#step((tables) => createKey(tables, request))
  }

  findKeyByHash(hash: string): Promise<S.KeyRow | undefined> {
    return this.#read(() => maybe(this.#sql.keyByHash.get(hash), keyRow))
  }

  findKey(keyId: KeyId): Promise<S.KeyRow | undefined> {
    return this.#read(() => this.#tables.key(keyId))
  }

  listKeys({ label = null }: { readonly label?: string | null }): Promise<readonly S.KeyRow[]> {
    return this.#read(() => (this.#sql.keyList.all({ label }) as Columns[]).map(keyRow))
  }

  setLimits(keyId: KeyId, limits: S.Limits): Promise<S.KeyRow | undefined> {
    return this.#step((tables) => {
      const key = tables.key(keyId)
      return key === undefined ? undefined : setLimits(tables, key, limits)
    })
  }

  revokeKey(keyId: KeyId): Promise<S.RevokeAnswer | undefined> {
    return this.#step((tables) => {
      const key = tables.key(keyId)
      return key === undefined ? undefined : revokeKey(tables, key)
    })
  }

  findRun(runUid: RunUid): Promise<S.RunRow | undefined> {
    return this.#read(() => this.#tables.run(runUid))
  }

  findRunOfJob(namespace: string, job: string): Promise<S.RunRow | undefined> {
    return this.#read(() => {
      const byUid = this.#tables.run(job) ?? this.#tables.runOfJob(job)
      return byUid?.namespace === namespace ? byUid : this.#tables.runOfJobName(namespace, job)
    })
  }

  listRuns({
    namespace = null,
    isLiving = false,
  }: {
    readonly namespace?: string | null
    readonly isLiving?: boolean
  }): Promise<readonly S.RunRow[]> {
    return this.#read(() => (this.#sql.runList.all({ namespace, isLiving: Number(isLiving) }) as Columns[]).map(runRow))
  }

  countCalls(runUid: RunUid): Promise<S.RunTotals | undefined> {
    return this.#read(() => {
      if (this.#tables.run(runUid) === undefined) return undefined
      return this.#sql.runTotals.get({ runUid }) as S.RunTotals
    })
  }

  balance(account: string): Promise<S.Balance> {
    return this.#read(() => this.#tables.account(account) ?? { spentUsdMicros: ZERO_USD, reservedUsdMicros: ZERO_USD })
  }

  countedObject(runUid: RunUid, vendor: string, object: string): Promise<UsdMicros | undefined> {
    return this.#read(() => {
      const shares = this.#tables.object({ runUid, vendor, object })?.shares
      return shares?.reduce((sum, { usdMicros }) => sum + usdMicros, 0) as UsdMicros | undefined
    })
  }

  findCall(callId: CallId): Promise<S.CallRow | undefined> {
    return this.#read(() => this.#tables.call(callId))
  }

  listUnresolved(filter: { readonly limit: number; readonly afterOrder?: number }): Promise<readonly S.CallRow[]> {
    return this.#read(() => {
      const { boot, monotonicMs } = this.#tables.readTime()
      const wanted = { boot, nowMs: monotonicMs, after: filter.afterOrder ?? 0, limit: filter.limit }
      return (this.#sql.callsUnresolved.all(wanted) as Columns[]).map(callRow)
    })
  }

  repair(callId: CallId, send: S.SendStart): Promise<S.RepairAnswer> {
    return this.#step((tables) => {
      const call = tables.call(callId)
      if (call === undefined) throw new MissingRecord(callId)
      return repair(tables, call, send)
    })
  }

  merge(call: S.JournalledCall): Promise<S.MergeAnswer> {
    return this.#step((tables) => mergeCall(tables, call))
  }

  mergeStanding(standing: S.JournalledStanding): Promise<void> {
    return this.#step((tables) => mergeStanding(tables, standing))
  }

  resolveByPerson(callId: CallId, word: S.PersonsWord): Promise<S.CallRow | undefined> {
    return this.#step((tables) => {
      const call = tables.call(callId)
      return call === undefined ? undefined : resolveByPerson(tables, call, word)
    })
  }

  listPrunable(keepMs: number): Promise<readonly KeyId[]> {
    return this.#read(() => {
      const endedBefore = this.#tables.readTime().nowMs - Math.max(keepMs, LEAST_KEPT_MS)
      return (this.#sql.prunable.all({ endedBefore }) as { key_id: KeyId }[]).map(({ key_id }) => key_id)
    })
  }

  prune(keyId: KeyId, how: S.PruneHow): Promise<'kept' | 'more' | 'pruned'> {
    return this.#step((tables) => {
      const key = tables.key(keyId)
      return key === undefined ? 'pruned' : prune(tables, key, how)
    })
  }

  openDayCaps(): Promise<void> {
    return this.#step(() => {
      this.#sql.metaPut.run('held_day', '')
    })
  }

  audit(query: S.AuditQuery): Promise<readonly AuditEvent[]> {
    const filters = { runUid: null, keyId: null, label: null, index: null, fromMs: null, toMs: null, ...query }
    const ofKey = query.keyId === undefined ? this.#sql.auditRead : this.#sql.auditReadOfKey
    const statement = query.runUid === undefined ? ofKey : this.#sql.auditReadOfRun
    return this.#read(() =>
      (statement.all(filters) as { event: string }[]).map(({ event }) => JSON.parse(event) as AuditEvent),
    )
  }

  /** Nobody calls a ledger that is not ready, so whoever asks for the problem has it looked at again. */
  problem(): string | undefined {
    if (this.#problem !== undefined) this.#trying ??= this.#tryAgain()
    return this.#problem
  }

  /** Whether the disk takes a page. */
  async #tryAgain(): Promise<void> {
    await this.#step(() => this.#sql.metaPut.run('tried', '')).catch(() => undefined)
    this.#trying = undefined
  }

  async close(): Promise<void> {
    this.#group.end()
    this.#db.close()
    this.#mark?.close()
  }

  /** One atomic step. A fault of the engine becomes a `StoreFault`; whatever is thrown, nothing of it was written. */
  async #step<Answer>(step: Step<Answer>): Promise<Answer> {
    try {
      const answer = await this.#group.ask(step)
      this.#problem = undefined
      return answer
    } catch (fault) {
      throw this.#told(fault)
    }
  }

  /** The step is committed whatever becomes of the mark: it may lag, and a later step writes it again. */
  #noteProgress(): void {
    try {
      this.#mark?.note(this.#tables.lastSeq)
    } catch (fault) {
      this.#log.error({ err: fault }, 'the mark beside the database cannot be written')
    }
  }

  async #read<Answer>(query: () => Answer): Promise<Answer> {
    try {
      return query()
    } catch (fault) {
      throw this.#told(fault)
    }
  }

  #told(fault: unknown): unknown {
    if (fault instanceof StoreFault) {
      this.#problem = fault.message
      this.#log.error({ err: fault }, 'the store failed a step')
      return fault
    }
    const { code } = fault as { code?: unknown }
    if (typeof code !== 'string' || !/^(SQLITE_|E[A-Z]+$)/.test(code)) return fault
    this.#problem = `${this.#path}: ${code}`
    this.#log.error({ err: fault }, 'the store failed a step')
    return new StoreFault(`the store failed: ${code}`, { cause: fault })
  }
}

function maybe<Row>(columns: unknown, make: (columns: Columns) => Row): Row | undefined {
  return columns === undefined ? undefined : make(columns as Columns)
}
