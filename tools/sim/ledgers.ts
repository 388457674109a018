import { asHistoryId, type HistoryId } from '../../contract/ids.ts'
import type { PolicySource, Workloads } from '../../ledger/effects.ts'
import type { Rulebook } from '../../store/rules/rulebook.ts'
import type { StoreTime } from '../../store/rules/tables.ts'
import { storeClock } from '../../store/sqlite/time.ts'
import { Chance, seededRandom } from './chance.ts'
import { Incarnation, type Machine } from './incarnation.ts'
import { LedgerPart } from './parts/ledger-part.ts'
import type { Vendors } from './parts/vendor.ts'
import type { Plan } from './plan/plan.ts'
import type { Stage } from './stage.ts'
import { MemoryTables, type StoredState } from './store/memory-tables.ts'
import { SimStore, type StoreWatch } from './store/sim-store.ts'

export interface LedgersOptions {
  readonly stage: Stage
  readonly plan: Plan
  readonly rules: Rulebook
  readonly state: StoredState
  readonly vendors: Vendors
  readonly policies: PolicySource
  /** For each process, the platform as it asks it. */
  readonly workloads: (process: Incarnation) => Workloads
  readonly watch: StoreWatch & { restarted(lastAtMs: number): void }
}

interface Slot {
  readonly machine: Machine
  part: LedgerPart | null
}

/**
 * The ledger processes and the store behind them. SQLite: one process, whose start ends all leases. Redis: several, on
 * one store with a clock of its own, which may be away, and may come back under a new history without what nobody needs
 * a journal for.
 */
export class Ledgers {
  readonly #options: LedgersOptions
  readonly #slots: Slot[]
  readonly #chance: Chance
  readonly #redisTime: () => StoreTime
  #starts = 0
  #histories = 1
  #isHeldDown = false
  #isStoreAway = false

  constructor(options: LedgersOptions) {
    const { stage, plan } = options
    this.#options = options
    this.#chance = new Chance(`${stage.seed} balancer`)
    const redisClock = { nowMs: () => stage.startMs + stage.scheduler.nowMs, monotonicMs: () => stage.scheduler.nowMs }
    this.#redisTime = storeClock(redisClock, { boot: 'redis', lastAtMs: 0 })
    this.#slots = plan.ledgerOffsetsMs.map((offsetMs, at) => ({
      machine: { name: `ledger-${at}`, offsetMs },
      part: null,
    }))
    for (const slot of this.#slots) this.#start(slot)
  }

  /** Whichever takes a connection now. */
  any(): LedgerPart | undefined {
    const living = this.#slots.flatMap(({ part }) => part ?? [])
    return living.length === 0 ? undefined : this.#chance.pick(living)
  }

  /** The clocks of all of them jump. */
  jumpClocks(byMs: number): void {
    for (const { machine } of this.#slots) machine.offsetMs += byMs
  }

  /** No ledger until `holdUp`. */
  holdDown(): void {
    this.#isHeldDown = true
    for (const { part } of this.#slots) part?.process.crash('taken down', 0)
  }

  holdUp(): void {
    if (!this.#isHeldDown) return
    this.#isHeldDown = false
    for (const slot of this.#slots) if (slot.part === null) this.#start(slot)
  }

  /** The store is away, and comes back without the soft facts of its last moments, under a new history. */
  restartStore({ awayMs, losesMs }: { awayMs: number; losesMs: number }): void {
    const { stage, state } = this.#options
    this.#isStoreAway = true
    stage.scheduler.after(awayMs, () => {
      this.#isStoreAway = false
      this.#histories += 1
      const lost = state.loseSoft(stage.scheduler.nowMs - awayMs - losesMs)
      stage.trace.say('redis', `is back with history ${this.#histories}, ${lost} soft facts are lost`)
    })
  }

  get #historyId(): HistoryId {
    return asHistoryId(String(this.#histories).padStart(16, '0'))
  }

  #start(slot: Slot): void {
    const { stage, plan, rules, state, vendors, policies, workloads, watch } = this.#options
    this.#starts += 1
    const name = `${slot.machine.name}#${this.#starts}`
    const process: Incarnation = new Incarnation(stage, {
      kind: 'ledger',
      name,
      machine: slot.machine,
      onCrash: (downMs) => {
        slot.part?.breakAll()
        slot.part = null
        stage.scheduler.after(downMs, () => {
          if (!this.#isHeldDown && slot.part === null) this.#start(slot)
        })
      },
    })
    stage.trace.say(name, 'starts')
    const isRedis = plan.store === 'redis'
    const lastAtMs = state.events.at(-1)?.atMs ?? 0
    if (!isRedis) watch.restarted(lastAtMs)
    const tables = new MemoryTables({
      state,
      rules,
      random: seededRandom(new Chance(`${plan.seed} store ${this.#starts}`)),
      time: isRedis ? this.#redisTime : storeClock(process.clock, { boot: name, lastAtMs }),
      historyId: () => this.#historyId,
      softAtMs: () => stage.scheduler.nowMs,
    })
    const wallMs = isRedis ? () => this.#redisTime().nowMs : () => process.clock.nowMs()
    const store = new SimStore({
      ledger: process,
      tables,
      state,
      watch,
      wallMs,
      isAway: () => this.#isStoreAway,
      isRemote: isRedis,
    })
    const part = new LedgerPart({ process, store, vendors, workloads: workloads(process), policies })
    // It may have died at its first step.
    slot.part = process.isAlive ? part : null
  }
}
