import type { AuditEvent } from '../../../contract/audit.ts'
import type { CallId, HistoryId, JobUid, KeyId, RunUid } from '../../../contract/ids.ts'
import { type UsdMicros, ZERO_USD } from '../../../contract/money.ts'
import type { Refusal } from '../../../contract/refusals.ts'
import { admitPod } from '../../../store/rules/admit-pod.ts'
import { recordSeenFacts } from '../../../store/rules/caller.ts'
import { isLive } from '../../../store/rules/existing-call.ts'
import { createKey, revokeKey, setLimits } from '../../../store/rules/keys.ts'
import { number } from '../../../store/rules/number.ts'
import { admitRead, closeRead, recordRefusal } from '../../../store/rules/reads.ts'
import { repair, resolveByPerson } from '../../../store/rules/repair.ts'
import { endJob } from '../../../store/rules/run-end.ts'
import { markSent, renewLease, report } from '../../../store/rules/send.ts'
import type * as S from '../../../store/store.ts'
import { MissingRecord, StoreFault } from '../../../store/store.ts'
import type { Incarnation } from '../incarnation.ts'
import type { MemoryTables, StoredState } from './memory-tables.ts'
import type { AskedStep } from './taken-steps.ts'

/** Sees every step as it is taken, before its caller learns of it. */
export interface StoreWatch {
  numbered(request: S.NumberRequest, answer: S.NumberAnswer): void
  marked(send: S.SendRef, answer: 'marked' | 'refused'): void
  repaired(callId: CallId, answer: S.RepairAnswer): void
  beginStep(wallMs: number): void
  limitsSet(limits: S.Limits): void
  revoked(): void
  /** A call is to be let out by a store that has not said that it keeps what it acknowledges. */
  askedUnsure(what: string): void
}

export interface SimStoreOptions {
  readonly ledger: Incarnation
  readonly tables: MemoryTables
  readonly state: StoredState
  readonly watch: StoreWatch
  /** Wall clock of the store. */
  readonly wallMs: () => number
  readonly link: StoreLink
}

/** How a ledger reaches its store. */
export interface StoreLink {
  /** A network, on which a reply can be lost although the step was taken. */
  readonly isRemote: boolean
  /** A step comes in. Throws `StoreFault` where it is not taken. */
  step(): void
  /** What only reads comes in. */
  read(): void
}

/** In the ledger's own process. */
export const OWN_PROCESS: StoreLink = { isRemote: false, step: () => {}, read: () => {} }

/** The rules as an engine would run them, each step an event of the scheduler. */
export class SimStore implements S.Store {
  readonly #options: SimStoreOptions
  readonly #ledger: Incarnation
  protected readonly tables: MemoryTables
  readonly #state: StoredState
  readonly #watch: StoreWatch

  constructor(options: SimStoreOptions) {
    const { ledger, tables, state, watch } = options
    this.#options = options
    this.#ledger = ledger
    this.tables = tables
    this.#state = state
    this.#watch = watch
  }

  get historyId(): HistoryId {
    return this.tables.historyId
  }

  number(request: S.NumberRequest): Promise<S.NumberAnswer> {
    return this.step('number', ['number', request], (tables) => {
      const answer = number(tables, request)
      this.#watch.numbered(request, answer)
      return answer
    })
  }

  markSent(send: S.SendRef & { readonly leaseMs: number }): Promise<'marked' | 'refused'> {
    return this.step('mark', ['markSent', send], (tables) => {
      const answer = markSent(tables, send)
      this.#watch.marked(send, answer)
      return answer
    })
  }

  renewLeases(sends: readonly S.SendRef[], leaseMs: number): Promise<void> {
    return this.step('renew', ['renewLeases', sends, leaseMs], (tables) => {
      for (const send of sends) renewLease(tables, send, leaseMs)
    })
  }

  report(sendReport: S.SendReport): Promise<S.ReportAnswer> {
    return this.step('report', ['report', sendReport], (tables) => report(tables, sendReport))
  }

  recordSeen(
    caller: S.PodCaller,
    historyId: HistoryId,
    seen: S.NumberClaims['seen'],
  ): Promise<'recorded' | 'new_history'> {
    return this.step('seen', ['recordSeen', caller, historyId, seen], (tables) => {
      if (historyId !== tables.historyId) return 'new_history'
      recordSeenFacts(tables, caller, seen)
      return 'recorded'
    })
  }

  admitRead(request: S.ReadRequest): Promise<CallId | Refusal> {
    return this.step('read', ['admitRead', request], (tables) => admitRead(tables, request))
  }

  closeRead(callId: CallId, status: number | null): Promise<void> {
    return this.step('read', ['closeRead', callId, status], (tables) => {
      const call = tables.call(callId)
      if (call !== undefined) closeRead(tables, call, status)
    })
  }

  recordRefusal(caller: S.Caller, refused: S.RefusedCall): Promise<void> {
    return this.step('refusal', ['recordRefusal', caller, refused], (tables) => recordRefusal(tables, caller, refused))
  }

  admitPod(request: S.AdmitPodRequest): Promise<S.AdmitPodAnswer> {
    return this.step('admit', ['admitPod', request], (tables) => admitPod(tables, request))
  }

  endJob(runUid: RunUid, jobUid: JobUid): Promise<S.RunRow | undefined> {
    return this.step('end job', ['endJob', runUid, jobUid], (tables) => endJob(tables, runUid, jobUid))
  }

  createKey(request: S.CreateKeyRequest): Promise<S.KeyRow> {
    return this.step('key', ['createKey', request], (tables) => createKey(tables, request))
  }

  findKeyByHash(hash: string): Promise<S.KeyRow | undefined> {
    return this.#read(() => [...this.#state.keys.values()].find((key) => key.hash === hash))
  }

  findKey(keyId: KeyId): Promise<S.KeyRow | undefined> {
    return this.#read(() => this.tables.key(keyId))
  }

  listKeys(): Promise<readonly S.KeyRow[]> {
    return this.#read(() => [...this.#state.keys.values()])
  }

  setLimits(keyId: KeyId, limits: S.Limits): Promise<S.KeyRow | undefined> {
    return this.step('limits', ['setLimits', keyId, limits], (tables) => {
      const key = tables.key(keyId)
      if (key === undefined) return undefined
      this.#watch.limitsSet(limits)
      return setLimits(tables, key, limits)
    })
  }

  revokeKey(keyId: KeyId): Promise<S.RevokeAnswer | undefined> {
    return this.step('revoke', ['revokeKey', keyId], (tables) => {
      const key = tables.key(keyId)
      if (key === undefined) return undefined
      this.#watch.revoked()
      return revokeKey(tables, key)
    })
  }

  findRun(runUid: RunUid): Promise<S.RunRow | undefined> {
    return this.#read(() => this.tables.run(runUid))
  }

  findRunOfJob(namespace: string, job: string): Promise<S.RunRow | undefined> {
    return this.#read(() => this.tables.runOfJobName(namespace, job))
  }

  countCalls(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  listRuns(): Promise<readonly S.RunRow[]> {
    return this.#read(() => [...this.#state.runs.values()])
  }

  balance(account: string): Promise<S.Balance> {
    return this.#read(() => this.tables.account(account) ?? { spentUsdMicros: ZERO_USD, reservedUsdMicros: ZERO_USD })
  }

  countedObject(runUid: RunUid, vendor: string, object: string): Promise<UsdMicros | undefined> {
    return this.#read(() => {
      const shares = this.tables.object({ runUid, vendor, object })?.shares
      return shares?.reduce((sum, { usdMicros }) => sum + usdMicros, 0) as UsdMicros | undefined
    })
  }

  findCall(callId: CallId): Promise<S.CallRow | undefined> {
    return this.#read(() => this.tables.call(callId))
  }

  listUnresolved({ limit, afterOrder = 0 }: { limit: number; afterOrder?: number }): Promise<readonly S.CallRow[]> {
    return this.#read(() => {
      this.tables.beginStep()
      const isWanted = (row: S.CallRow) =>
        row.createdOrder > afterOrder && (row.state === 'in_doubt' || !isLive(this.tables, row))
      return this.tables.unresolved().filter(isWanted).slice(0, limit)
    })
  }

  repair(callId: CallId, send: S.SendStart): Promise<S.RepairAnswer> {
    return this.step('repair', ['repair', callId, send], (tables) => {
      const call = tables.call(callId)
      if (call === undefined) throw new MissingRecord(callId)
      const answer = repair(tables, call, send)
      this.#watch.repaired(callId, answer)
      return answer
    })
  }

  resolveByPerson(callId: CallId, word: S.PersonsWord): Promise<S.CallRow | undefined> {
    return this.step('person', ['resolveByPerson', callId, word], (tables) => {
      const call = tables.call(callId)
      return call === undefined ? undefined : resolveByPerson(tables, call, word)
    })
  }

  listPrunable(): Promise<readonly KeyId[]> {
    return Promise.resolve([])
  }

  prune(): Promise<'kept'> {
    return Promise.resolve('kept')
  }

  openDayCaps(): Promise<void> {
    return Promise.resolve()
  }

  audit({ afterSeq, limit }: S.AuditQuery): Promise<readonly AuditEvent[]> {
    return this.#read(() => this.#state.events.filter(({ seq }) => seq > afterSeq).slice(0, limit))
  }

  problem(): string | undefined {
    return undefined
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  protected step<Answer>(place: string, asked: AskedStep, action: (tables: MemoryTables) => Answer): Promise<Answer> {
    const { stage } = this.#ledger
    const { link, wallMs } = this.#options
    return this.#ledger.effect(`store.${place}`, () => {
      const fault = stage.faults.store(place)
      link.step()
      const isReplyLost = link.isRemote && fault?.how === 'lose reply'
      if (fault?.how === 'forget')
        stage.scheduler.after(0, () => stage.onStoreRestart({ awayMs: 1, losesMs: fault.byMs }))
      else if (fault !== undefined && !isReplyLost) throw new StoreFault('the store failed')
      this.tables.beginStep()
      this.#watch.beginStep(wallMs())
      const answer = this.#take(asked, action)
      stage.trace.say(
        this.#ledger.name,
        `store.${place} ${told(answer)}${isReplyLost ? ', and its reply is LOST' : ''}`,
      )
      if (isReplyLost) throw new StoreFault('the store does not answer', { mayHaveHappened: true })
      return answer
    })
  }

  #take<Answer>(asked: AskedStep, action: (tables: MemoryTables) => Answer): Answer {
    const { log, steps } = this.#state
    const { historyId, tables } = this
    const step = { asked, ledger: this.#ledger.name, historyId, time: tables.time }
    try {
      const answer = action(tables)
      log.append(steps, { ...step, answer })
      return answer
    } catch (fault) {
      log.append(steps, { ...step, answer: fault })
      throw fault
    }
  }

  #read<Answer>(query: () => Answer): Promise<Answer> {
    return this.#ledger.effect('store.read', () => {
      this.#options.link.read()
      return query()
    })
  }
}

/** An answer in a few words. */
function told(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return String(answer)
  const { status, call, refusal, callId } = answer as {
    status?: string
    call?: S.CallRow
    refusal?: Refusal
    callId?: CallId
  }
  const row =
    call === undefined
      ? ''
      : ` ${call.callId.slice(0, 11)} n=${call.n} ${call.state} e${call.epoch} open ${call.open.length}`
  return `${status ?? ''}${row}${refusal === undefined ? '' : ` ${refusal.code}`}${call === undefined && callId !== undefined ? ` ${callId.slice(0, 11)}` : ''}`
}
