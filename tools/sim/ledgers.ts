import { asHistoryId, type HistoryId } from '../../contract/ids.ts'
import type { PolicySource, Workloads } from '../../ledger/effects.ts'
import { DurabilityGate, gatedStore } from '../../store/recovery/durability-gate.ts'
import { guardedStore } from '../../store/recovery/guarded-store.ts'
import { openGuard } from '../../store/recovery/open-guard.ts'
import type { ReplicaName } from '../../store/recovery/own-replica.ts'
import type { Rulebook } from '../../store/rules/rulebook.ts'
import type { StoreTime } from '../../store/rules/tables.ts'
import { storeClock } from '../../store/sqlite/time.ts'
import type { Store } from '../../store/store.ts'
import { Chance, seededRandom } from './chance.ts'
import { Incarnation } from './incarnation.ts'
import { Caretaker, type Person } from './parts/caretaker.ts'
import { JournalCopies } from './parts/journal-copies.ts'
import { ReplicaDisk } from './parts/journal-disk.ts'
import { LedgerPart } from './parts/ledger-part.ts'
import type { LedgerSlot } from './parts/ledger-slot.ts'
import type { Vendors } from './parts/vendor.ts'
import type { Act, Plan, StoreDemand } from './plan/plan.ts'
import type { Stage } from './stage.ts'
import { MemoryTables, type StoredState } from './store/memory-tables.ts'
import { RedisLink } from './store/redis-link.ts'
import { RedisServer } from './store/redis-server.ts'
import { SimRedisStore } from './store/sim-redis-store.ts'
import { OWN_PROCESS, SimStore, type StoreWatch } from './store/sim-store.ts'

export interface LedgersOptions {
  readonly stage: Stage
  readonly plan: Plan
  readonly rules: Rulebook
  readonly state: StoredState
  readonly vendors: Vendors
  readonly policies: PolicySource
  /** For each process, the platform as it asks it. */
  readonly workloads: (process: Incarnation) => Workloads
  readonly person: Person
  readonly watch: StoreWatch & {
    restarted(lastAtMs: number): void
    /** What nobody was told of may be gone. */
    storeLost(): void
  }
}

/** Until it is started again. */
const FINDS_NONE_MS = 1_000

const UNTIL_ALL_SERVE_MS = 50

/** After which nobody may have a journal any more. */
const ENDS_OF_JOURNALS: readonly Act['kind'][] = ['lose journal', 'copy journal', 'old journal']

/** A few calls a segment. */
const SMALL_JOURNAL = { segmentBytes: 6_000, maxBytes: 18_000 } as const

/**
 * The ledger processes and the store behind them. SQLite: one process, whose start ends all leases. Redis: several, on
 * one server with a clock of its own, which may come back without its last writes: each has its journal and the recovery.
 */
export class Ledgers {
  readonly #options: LedgersOptions
  readonly #slots: LedgerSlot[]
  readonly #chance: Chance
  readonly #redisTime: () => StoreTime
  readonly #redis: RedisServer
  readonly copies: JournalCopies
  readonly #caretaker: Caretaker | undefined
  #starts = 0
  /** Of replicas that counted as new. */
  #names = 0
  #isHeldDown = false

  constructor(options: LedgersOptions) {
    const { stage, plan } = options
    this.#options = options
    this.#chance = new Chance(`${stage.seed} balancer`)
    // Its scripts count whole milliseconds, leases too.
    const passedMs = () => Math.floor(stage.scheduler.nowMs)
    const redisClock = { nowMs: () => stage.startMs + passedMs(), monotonicMs: passedMs }
    this.#redisTime = storeClock(redisClock, { boot: 'redis', lastAtMs: 0 })
    this.#slots = plan.ledgerOffsetsMs.map((offsetMs, at) => ({
      machine: { name: `ledger-${at}`, offsetMs },
      replicaId: `ledger-${at}`,
      disk: new ReplicaDisk(),
      guard: null,
      process: null,
      part: null,
      hasServed: false,
      isCopied: false,
    }))
    this.#redis = new RedisServer({
      stage,
      state: options.state,
      replicaIds: this.#slots.map(({ replicaId }) => replicaId),
      onLoss: () => options.watch.storeLost(),
    })
    this.copies = new JournalCopies({
      stage,
      slots: this.#slots,
      redis: this.#redis,
      start: (slot) => this.#start(slot),
    })
    if (plan.areJournalsSmall || plan.acts.some(({ kind }) => ENDS_OF_JOURNALS.includes(kind)))
      this.#caretaker = new Caretaker({
        stage,
        guards: () => this.#slots.flatMap(({ process, guard }) => (process?.isAlive === true ? (guard ?? []) : [])),
        hasLost: () => this.#redis.hasLost,
        ...options.person,
      })
    for (const slot of this.#slots) this.#start(slot)
  }

  /** Whichever takes a connection now. */
  any(): LedgerPart | undefined {
    const living = this.#slots.flatMap(({ part }) => (part?.isTaking === true ? part : []))
    return living.length === 0 ? undefined : this.#chance.pick(living)
  }

  /** The clocks of all of them jump. */
  jumpClocks(byMs: number): void {
    for (const { machine } of this.#slots) machine.offsetMs += byMs
  }

  /** No ledger until `holdUp`. */
  holdDown(): void {
    this.#isHeldDown = true
    for (const { process } of this.#slots) process?.crash('taken down', 0)
  }

  holdUp(): void {
    if (!this.#isHeldDown) return
    this.#isHeldDown = false
    for (const slot of this.#slots) if (slot.process === null) this.#start(slot)
  }

  /** One of them is asked to end, and is started again. */
  drain(nth: number, downMs: number): void {
    const slot = this.#slots[nth % this.#slots.length]
    const part = slot?.part
    if (slot === undefined || part?.isTaking !== true) return
    this.#options.stage.trace.say(part.process.name, 'is drained')
    void part.drain().then(() => {
      part.process.exit()
      slot.part = null
      slot.process = null
      this.#startAfter(slot, downMs)
    })
  }

  /** One of them dies, and its disk with it. */
  loseJournal(nth: number, downMs: number): void {
    const slot = this.#slots[nth % this.#slots.length]
    if (slot === undefined || this.#options.plan.store !== 'redis') return
    this.#caretaker?.isGone(slot.replicaId)
    slot.disk = new ReplicaDisk()
    slot.replicaId = `${slot.replicaId}+`
    slot.process?.crash('its disk is gone', downMs)
  }

  /** Redis restarts without its last writes. */
  restartStore({ awayMs, losesMs }: { readonly awayMs: number; readonly losesMs: number }): void {
    this.#redis.restart({ awayMs, losesMs: Math.min(losesMs, this.copies.mostLostMs) })
  }

  /** A setting of Redis is wrong for a while. */
  setStoreWrong(demand: StoreDemand, forMs: number): void {
    this.#redis.setWrong(demand, forMs)
  }

  /** What Redis holds is gone for good; once each replica has served: of one that never did nobody knows, nor does it of others. */
  loseStore(forMs: number, isRestart: boolean): void {
    const isEachKnown = this.#slots.every(({ hasServed }) => hasServed)
    if (isEachKnown) this.#redis.loseAll(forMs, isRestart)
    else this.#options.stage.scheduler.after(UNTIL_ALL_SERVE_MS, () => this.loseStore(forMs, isRestart))
  }

  /** What Redis holds is gone for a while. */
  emptyStore(forMs: number, isRestart: boolean): void {
    this.#redis.emptyFor(forMs, isRestart)
  }

  /** What Redis holds is replaced by an older copy. */
  replaceStore({ forMs, lacksMs }: { readonly forMs: number; readonly lacksMs: number }): void {
    this.#redis.replaceByCopy(forMs, Math.min(lacksMs, this.copies.mostLostMs))
  }

  #start(slot: LedgerSlot): void {
    const { stage, plan } = this.#options
    if (plan.store === 'redis' && this.#redis.isEmpty) {
      stage.trace.say(slot.machine.name, 'finds no store, and ends')
      this.#startAfter(slot, FINDS_NONE_MS)
      return
    }
    this.#starts += 1
    const name = `${slot.machine.name}#${this.#starts}`
    const process: Incarnation = new Incarnation(stage, {
      kind: 'ledger',
      name,
      machine: slot.machine,
      onCrash: (downMs) => {
        slot.part?.breakAll()
        slot.part = null
        slot.process = null
        this.#startAfter(slot, downMs)
      },
    })
    slot.process = process
    slot.guard = null
    stage.trace.say(name, 'starts')
    if (plan.store === 'sqlite') this.#serve(slot, process, this.#sqliteStore(process))
    else void this.#redisStore(slot, process).then((store) => this.#serve(slot, process, store))
  }

  #startAfter(slot: LedgerSlot, downMs: number): void {
    this.#options.stage.scheduler.after(downMs, () => {
      if (!this.#isHeldDown && slot.process === null) this.#start(slot)
    })
  }

  #serve(slot: LedgerSlot, process: Incarnation, store: Store): void {
    const { vendors, workloads, policies } = this.#options
    const part = new LedgerPart({ process, store, vendors, workloads: workloads(process), policies })
    // It may have died at its first step.
    slot.part = process.isAlive ? part : null
    slot.hasServed ||= process.isAlive
    if (process.isAlive) this.copies.hasLooked(slot)
  }

  #sqliteStore(process: Incarnation): Store {
    const { state, watch } = this.#options
    const lastAtMs = state.events.at(-1)?.atMs ?? 0
    watch.restarted(lastAtMs)
    const time = storeClock(process.clock, { boot: process.name, lastAtMs })
    const tables = this.#tables(time, () => asHistoryId('1'.padStart(16, '0')))
    return new SimStore({
      ledger: process,
      tables,
      state,
      watch,
      wallMs: () => process.clock.nowMs(),
      link: OWN_PROCESS,
    })
  }

  /** As a ledger opens it: the journal first, and nothing is served before the store is known to be whole. */
  async #redisStore(slot: LedgerSlot, process: Incarnation): Promise<Store> {
    const { disk } = slot
    const { state, watch } = this.#options
    const server = this.#redis
    const link = new RedisLink(process, server)
    const tables = this.#tables(this.#redisTime, () => link.historyId)
    const wallMs = () => this.#redisTime().nowMs
    const { hasGate } = this.#options.plan
    const inner = new SimRedisStore({ ledger: process, tables, state, watch, wallMs, server, link, hasGate })
    const { clock, timers, random, log } = process
    const gate = hasGate ? new DurabilityGate({ timers, log, inner, hasJournal: true, waived: [] }) : null
    await gate?.start()
    const { guard } = await openGuard({
      ...{ clock, timers, random, log, inner, replica: this.#nameOf(slot) },
      ...{ disk: disk.door(process), ...(this.#options.plan.areJournalsSmall ? SMALL_JOURNAL : {}) },
    })
    slot.guard = guard
    const isStarted = guard.start()
    // Behind a shut gate it may not get far.
    if (gate?.problem() === undefined) await isStarted
    const store = guardedStore(guard, inner)
    return gate === null ? store : gatedStore(gate, store)
  }

  #nameOf(slot: LedgerSlot): ReplicaName {
    return {
      get id() {
        return slot.replicaId
      },
      renew: () => {
        if (!slot.isCopied) this.#options.person.onWrongName(slot.replicaId)
        const isAnothers = this.#slots.some((other) => other !== slot && other.replicaId === slot.replicaId)
        if (!isAnothers) this.#caretaker?.isGone(slot.replicaId)
        this.#names += 1
        slot.replicaId = `${slot.machine.name}.${this.#names}`
      },
    }
  }

  #tables(time: () => StoreTime, historyId: () => HistoryId): MemoryTables {
    const { plan, rules, state } = this.#options
    const random = seededRandom(new Chance(`${plan.seed} store ${this.#starts}`))
    return new MemoryTables({ state, rules, random, time, historyId })
  }
}
