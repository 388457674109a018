import { asHistoryId, type HistoryId } from '../../../contract/ids.ts'
import type { RecoveryOver, ReplicaCard } from '../../../store/recovery/registry.ts'
import type { StoreDemand } from '../plan/plan.ts'
import type { Stage } from '../stage.ts'
import { emptyMaps } from './empty-maps.ts'
import type { StoredState } from './memory-tables.ts'

/** Fields of the install's own hash. */
type InstallField = 'history' | 'witness' | 'next' | 'next_witness'

export interface RedisServerOptions {
  readonly stage: Stage
  readonly state: StoredState
  readonly replicaIds: readonly string[]
  /** It is back without its last writes. */
  readonly onLoss: () => void
}

/** The one server behind all ledgers: what it knows of its own health, and how it goes away and comes back. */
export class RedisServer {
  /** Under which scripts run. */
  readonly slot = new Map<'history', HistoryId>()
  readonly install = new Map<InstallField, string>()
  readonly cards = new Map<string, ReplicaCard>()
  readonly left = new Map<string, ReplicaCard>()
  readonly givenUp = new Map<string, true>()
  readonly handedOver = new Map<string, RecoveryOver>()
  /** When a replica last wrote its card. */
  lastCardMs = 0
  readonly #stage: Stage
  readonly #state: StoredState
  readonly #onLoss: () => void
  readonly #onBreak: (() => void)[] = []
  /** Each start is another one. */
  #starts = 1
  #isAway = false
  #hasLost = false
  #wrong: { readonly demand: StoreDemand; readonly sinceMs: number } | null = null
  #isEmpty = false

  constructor({ stage, state, replicaIds, onLoss }: RedisServerOptions) {
    this.#stage = stage
    this.#state = state
    this.#onLoss = onLoss
    const history = asHistoryId('1'.padStart(16, '0'))
    this.slot.set('history', history)
    this.install.set('history', history)
    this.install.set('witness', this.runId)
    // They registered long ago, and have seen each other.
    for (const replicaId of replicaIds) this.cards.set(replicaId, { replicaId, historyId: history, droppedSegment: 0 })
  }

  get isAway(): boolean {
    return this.#isAway
  }

  /** What it holds has been taken from it, and nobody has put it back or made it anew yet. */
  get isEmpty(): boolean {
    return this.#isEmpty
  }

  /** Which of its settings is wrong; null: it keeps what it acknowledges. */
  get wrongSetting(): StoreDemand | null {
    return this.#wrong?.demand ?? null
  }

  /** Whether it has ever come back without something. */
  get hasLost(): boolean {
    return this.#hasLost
  }

  /** Which start of the server this is, as it says of itself. */
  get runId(): string {
    return `run ${this.#starts}`
  }

  put<Key extends string, Value>(table: Map<Key, Value>, field: Key, value: Value): void {
    this.#state.log.put(table, field, value)
  }

  remove<Key extends string, Value>(table: Map<Key, Value>, field: Key): void {
    this.#state.log.remove(table, field)
  }

  /** Told whenever all connections break. */
  onBreak(told: () => void): void {
    this.#onBreak.push(told)
  }

  /** All connections break; it comes back without its last writes. */
  restart({ awayMs, losesMs }: { readonly awayMs: number; readonly losesMs: number }): void {
    const { scheduler, trace } = this.#stage
    if (this.#isAway) return
    this.#isAway = true
    const lastMs = scheduler.nowMs
    const isFileOff = this.#wrong?.demand === 'appendonly'
    const lostMs = isFileOff ? Math.max(losesMs, lastMs - (this.#wrong?.sinceMs ?? lastMs)) : losesMs
    this.#breakAll()
    scheduler.after(awayMs, () => {
      this.#isAway = false
      this.#starts += 1
      const lost = lostMs === 0 ? 0 : this.#state.log.lose(lastMs - lostMs)
      this.#hasLost ||= lost > 0
      this.#onLoss()
      trace.say('redis', `is back as ${this.runId}, its last ${lost} writes are lost`)
    })
  }

  /** A person sets it wrong, and right again after a while. */
  setWrong(demand: StoreDemand, forMs: number): void {
    const { scheduler, trace } = this.#stage
    if (this.#wrong !== null) return
    this.#wrong = { demand, sinceMs: scheduler.nowMs }
    scheduler.after(forMs, () => {
      this.#wrong = null
      trace.say('redis', `${demand} is as it must be`)
    })
  }

  /** All that it holds is gone; put back, it is another start of the server. */
  emptyFor(forMs: number, isRestart: boolean): void {
    this.#empty(isRestart, forMs, (putBack) => {
      putBack()
      this.#state.log.forget()
      this.#startAnew()
      this.#onLoss()
      this.#stage.trace.say('redis', `has its data again, as ${this.runId}`)
    })
  }

  /** Somebody empties it, and puts back a copy that was made so long before: no connection breaks. */
  replaceByCopy(forMs: number, lacksMs: number): void {
    const { scheduler, trace } = this.#stage
    const emptiedMs = scheduler.nowMs
    this.#empty(false, forMs, (putBack) => {
      putBack()
      const lost = lacksMs === 0 ? 0 : this.#state.log.lose(emptiedMs - lacksMs)
      this.#hasLost ||= lost > 0
      this.#onLoss()
      trace.say('redis', `has a copy of its data, which lacks the last ${lost} writes`)
    })
  }

  /** All that it holds is gone for good; after a while a person says `--initialise`. */
  loseAll(forMs: number, isRestart: boolean): void {
    this.#empty(isRestart, forMs, () => {
      this.#hasLost = true
      const history = asHistoryId('a'.padStart(16, '0'))
      this.slot.set('history', history)
      this.install.set('history', history)
      this.#onLoss()
      this.#stage.trace.say('person', 'says that it is to be made anew')
    })
  }

  #empty(isRestart: boolean, forMs: number, then: (putBack: () => void) => void): void {
    const { scheduler, trace } = this.#stage
    if (this.#isAway || this.#isEmpty) return
    this.#isEmpty = true
    const putBackTables = this.#state.empty()
    const { slot, install, cards, left, givenUp, handedOver } = this
    const putBackOwn = emptyMaps([slot, install, cards, left, givenUp, handedOver])
    trace.say('redis', 'is EMPTY')
    if (isRestart) this.#startAnew()
    scheduler.after(forMs, () => {
      this.#isEmpty = false
      then(() => {
        putBackTables()
        putBackOwn()
      })
    })
  }

  #startAnew(): void {
    this.#starts += 1
    this.#breakAll()
  }

  #breakAll(): void {
    for (const tell of this.#onBreak) tell()
  }
}
