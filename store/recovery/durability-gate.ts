import type { StoreProblemCode } from '../../contract/store-problems.ts'
import type { Log } from '../../runtime/log.ts'
import type { Timers } from '../../runtime/timers.ts'
import { type Store, StoreFault } from '../store.ts'
import { isWaiver, type Shortfall, WAIVERS, type Waiver } from './durability.ts'
import type { DistributedStore } from './registry.ts'
import { type Step, storeAround } from './store-around.ts'

interface GateOptions {
  readonly inner: DistributedStore
  readonly hasJournal: boolean
  readonly waived: readonly Waiver[]
  readonly timers: Timers
  readonly log: Log
}

const CODES: Readonly<Record<Shortfall['demand'], StoreProblemCode>> = {
  journal: 'journal_not_kept',
  tls: 'store_not_private',
  appendonly: 'store_not_durable',
  appendfsync: 'store_not_synced',
  noeviction: 'store_evicts',
  master: 'store_is_replica',
}

const LOOK_EVERY_MS = 5_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

const NO_JOURNAL: Shortfall = {
  demand: 'journal',
  sentence: 'no journal is kept: name a folder of this replica with --journal DIR and start it again',
}

/**
 * Lets nothing new pass unless the server keeps what it acknowledges, or a person has waived what is missing. It looks
 * at the start, after each broken connection and every five seconds, and while something is missing each second.
 */
export class DurabilityGate {
  readonly #options: GateOptions
  readonly #stopLooking: () => void
  #codes: readonly StoreProblemCode[] = ['store_starting']
  #problem: string | undefined = 'it is being looked at whether Redis keeps what it acknowledges'
  #looking: Promise<void> | undefined
  /** A look that a broken connection has overtaken says nothing of what answers next. */
  #breaks = 0
  #isEnding = false

  constructor(options: GateOptions) {
    this.#options = options
    const { inner, timers, waived, log } = options
    for (const waiver of waived) log.warn({ waived: waiver }, `waived by --waive ${waiver}: ${WAIVERS[waiver]}`)
    inner.onBroken(() => {
      this.#breaks += 1
      // Behind a shut gate, what is known to be wrong says more than one more break.
      if (this.#problem === undefined) {
        this.#problem = 'the connection to Redis was lost; whether it keeps what it acknowledges is looked at again'
        this.#codes = ['store_in_doubt']
      }
      this.#untilOpen()
    })
    this.#stopLooking = timers.every(LOOK_EVERY_MS, () => void this.#look())
  }

  /** Undefined when all that is demanded is there or waived; else what to change. */
  problem(): string | undefined {
    return this.#problem
  }

  /** What is missing, by code; none while it is open. */
  problemCodes(): readonly StoreProblemCode[] {
    return this.#problem === undefined ? [] : this.#codes
  }

  /** Resolves after the first look. What is missing then is looked for again until it is there. */
  async start(): Promise<void> {
    await this.#look()
    this.#untilOpen()
  }

  close(): void {
    this.#isEnding = true
    this.#stopLooking()
  }

  #untilOpen(): void {
    if (this.#problem !== undefined) this.#looking ??= this.#lookUntilOpen()
  }

  async #lookUntilOpen(): Promise<void> {
    const { timers } = this.#options
    for (let pauseMs = FIRST_PAUSE_MS; !this.#isEnding; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      await timers.sleep(pauseMs)
      await this.#look()
      if (this.#problem === undefined) break
    }
    this.#looking = undefined
  }

  async #look(): Promise<void> {
    const { inner, log } = this.#options
    const breaks = this.#breaks
    try {
      const shortfalls = await inner.shortfalls()
      if (breaks === this.#breaks && !this.#isEnding) this.#judge(shortfalls)
    } catch (fault) {
      // Without an answer nothing is known to have changed; calls fail by themselves, and a break shuts the gate.
      log.warn({ err: fault }, 'it could not be looked at whether Redis keeps what it acknowledges')
      if (this.#problem === undefined || !(fault instanceof StoreFault)) return
      this.#problem = fault.message
      this.#codes = [fault.problemCode ?? 'store_unreachable']
    }
  }

  #judge(found: readonly Shortfall[]): void {
    const { hasJournal, waived, log } = this.#options
    const missing = [...(hasJournal ? [] : [NO_JOURNAL]), ...found].filter(
      ({ demand }) => !(isWaiver(demand) && waived.includes(demand)),
    )
    const problem = missing.length === 0 ? undefined : problemOf(missing)
    if (problem !== undefined && problem !== this.#problem) log.error({ problem }, 'nothing is admitted')
    if (problem === undefined && this.#problem !== undefined)
      log.info('Redis keeps what it acknowledges, or it is waived')
    this.#problem = problem
    this.#codes = [...new Set(missing.map(({ demand }) => CODES[demand]))]
    this.#untilOpen()
  }
}

function problemOf(missing: readonly Shortfall[]): string {
  const said = missing.map(({ sentence, demand }) => `${sentence}${isWaiver(demand) ? ` (or --waive ${demand})` : ''}`)
  return `money could be lost: ${said.join('; ')}`
}

/** These write down what has left already; a shut gate must not hold them up. */
const ALWAYS_PASS: ReadonlySet<string> = new Set(['report', 'closeRead', 'renewLeases'])

/** The store behind its gate. */
export function gatedStore(gate: DurabilityGate, store: Store): Store {
  return storeAround(store, {
    own: {
      problem: () => gate.problem() ?? store.problem(),
      close: () => {
        gate.close()
        return store.close()
      },
    },
    before: (step, name) => (ALWAYS_PASS.has(name) ? step : behind(gate, step)),
  })
}

function behind(gate: DurabilityGate, step: Step): Step {
  return (...args) => {
    const problem = gate.problem()
    if (problem !== undefined) return Promise.reject(new StoreFault(problem, { isTransient: true }))
    return step(...args)
  }
}
