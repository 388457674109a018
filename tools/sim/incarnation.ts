import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/log.ts'
import type { Random } from '../../runtime/random.ts'
import type { Timers } from '../../runtime/timers.ts'
import { Chance, seededRandom } from './chance.ts'
import type { PartKind } from './plan/plan.ts'
import type { Stage } from './stage.ts'

/** A machine's wall clock, which may be wrong and may jump. */
export interface Machine {
  readonly name: string
  offsetMs: number
}

/** Of a store that goes down with another part. */
const RESTART_MS = 50

export interface IncarnationOptions {
  readonly kind: PartKind
  readonly name: string
  readonly machine: Machine
  /** The process is gone, by itself or by a fault; `downMs`: how long until it may be started again. */
  readonly onCrash: (downMs: number) => void
}

/**
 * One life of one process. Whatever it waits for resolves only through the scheduler, in two moments that a fault can
 * tell apart: when it happens outside, and when the process learns of it. A process that has crashed never goes on:
 * nothing resolves for it any more.
 */
export class Incarnation {
  readonly name: string
  readonly kind: PartKind
  readonly chance: Chance
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  readonly stage: Stage
  isAlive = true
  #standsUntilMs = 0
  readonly #onCrash: IncarnationOptions['onCrash']

  constructor(stage: Stage, { kind, name, machine, onCrash }: IncarnationOptions) {
    this.stage = stage
    this.kind = kind
    this.name = name
    this.#onCrash = onCrash
    this.chance = new Chance(`${stage.seed} ${name}`)
    this.random = seededRandom(new Chance(`${stage.seed} ${name} random`))
    const bornMs = stage.scheduler.nowMs
    this.clock = {
      nowMs: () => Math.floor(stage.startMs + stage.scheduler.nowMs + machine.offsetMs),
      monotonicMs: () => stage.scheduler.nowMs - bornMs + 1,
    }
    this.timers = timersOf(this)
    this.log = logOf(this)
  }

  /** Runs `run` after `delayMs`, unless the process is gone by then. One that stands still does it when it goes on. */
  wake(delayMs: number, run: () => void): () => void {
    let cancel = () => {}
    const arm = (ms: number) => {
      cancel = this.stage.scheduler.after(ms, () => {
        if (!this.isAlive) return
        const restMs = this.#standsUntilMs - this.stage.scheduler.nowMs
        if (restMs > 0) arm(restMs)
        else run()
      })
    }
    arm(delayMs)
    return () => cancel()
  }

  /** Something that the process does to the world outside. Rejects with what `apply` throws. */
  effect<Result>(place: string, apply: () => Result, delayMs?: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (!this.isAlive || this.#strikes(place, 'before')) return
      this.wake(delayMs ?? this.stage.delayMs(this.chance), () => {
        const end = attempt(apply, resolve, reject)
        if (!this.#strikes(place, 'after')) this.wake(this.stage.delayMs(this.chance), end)
      })
    })
  }

  /** What a system call does before it returns: it happens, and the process goes on knowing it. */
  systemCall<Result>(place: string, apply: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (!this.isAlive || this.#strikes(place, 'before')) return
      this.wake(0, () => {
        const end = attempt(apply, resolve, reject)
        if (!this.#strikes(place, 'after')) end()
      })
    })
  }

  /**
   * A system call that the process waits for without letting go. Throws in a process that is gone, and then nothing goes
   * on in it; `onCut`: it went while the call was under way.
   */
  systemCallNow(place: string, apply: () => void, onCut: () => void = () => {}): void {
    if (!this.isAlive) throw new Error(`${this.name} is gone`)
    if (this.#strikes(place, 'before')) {
      onCut()
      throw new Error(`${this.name} is gone`)
    }
    apply()
    if (this.#strikes(place, 'after')) throw new Error(`${this.name} is gone`)
  }

  /** Comes to a place where a fault may strike. True: the process is gone. */
  #strikes(place: string, when: 'before' | 'after'): boolean {
    const { faults } = this.stage
    const crash = faults.crash(this.kind, place, when)
    if (crash !== undefined) {
      this.crash(`${when} ${place}`, crash.downMs)
      if (crash.storeLosesMs !== null) this.stage.onStoreRestart({ awayMs: RESTART_MS, losesMs: crash.storeLosesMs })
      return true
    }
    const pause = faults.pause(this.kind, place, when)
    if (pause !== undefined) this.standStill(pause.forMs)
    return false
  }

  standStill(forMs: number): void {
    this.stage.trace.say(this.name, `stands still for ${forMs} ms`)
    this.#standsUntilMs = this.stage.scheduler.nowMs + forMs
  }

  crash(why: string, downMs: number): void {
    if (!this.isAlive) return
    this.stage.trace.say(this.name, `CRASHES (${why})`)
    this.stage.faults.crashes += 1
    this.isAlive = false
    this.#onCrash(downMs)
  }

  /** Ends by itself. */
  exit(): void {
    this.isAlive = false
  }
}

/** Does it, and returns what tells whoever waits. */
function attempt<Result>(apply: () => Result, resolve: (result: Result) => void, reject: (fault: unknown) => void) {
  try {
    const result = apply()
    return () => resolve(result)
  } catch (fault) {
    return () => reject(fault)
  }
}

function timersOf(part: Incarnation): Timers {
  return {
    sleep(delayMs, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason)
          return
        }
        const onAbort = () => {
          cancel()
          reject(signal?.reason)
        }
        const cancel = part.wake(delayMs, () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        })
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    },
    after: (delayMs, action) => part.wake(delayMs, action),
    every(periodMs, action) {
      let cancel = () => {}
      const arm = () => {
        cancel = part.wake(periodMs, () => {
          arm()
          action()
        })
      }
      arm()
      return () => cancel()
    },
  }
}

/** What the product logs goes into the trace: that a fault of ours was met is something to judge. */
function logOf(part: Incarnation): Log {
  const say = (level: string) => (first: unknown, second?: unknown) => {
    const message = typeof first === 'string' ? first : String(second)
    part.stage.trace.say(part.name, `${level}: ${message}${detailsOf(first)}`)
    if (level === 'error' && typeof first === 'object')
      part.stage.onLoggedFault(message, (first as { err?: unknown }).err)
  }
  const quiet = () => {}
  return {
    fatal: say('error'),
    error: say('error'),
    warn: say('warn'),
    info: quiet,
    debug: quiet,
    trace: quiet,
  } as unknown as Log
}

function detailsOf(first: unknown): string {
  if (typeof first !== 'object' || first === null) return ''
  const { err, ...rest } = first as { err?: unknown }
  const fault = err instanceof Error ? ` ${err.message}` : ''
  return `${Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : ''}${fault}`
}
