import type { Clock } from '../../runtime/clock.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { LeavingSignal } from '../leaving.ts'
import { type TurnEvent, Turns } from './turns.ts'

/** What a waiting request is told: to go, or that the answer before it lies unread. */
export type Turn = { readonly kind: 'go'; readonly saysDiverged: boolean } | { readonly kind: 'unread' }

/** `Turns` with a clock, and with promises for those who wait. */
export class TurnKeeper {
  readonly #turns = new Turns()
  readonly #waiting = new Map<number, (turn: Turn) => void>()
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #onChange: () => void
  #cancelTick: (() => void) | null = null
  #tickAtMs: number | null = null

  /** `onChange` runs after every change, so that the evidence that somebody waits for can be looked at. */
  constructor(effects: { clock: Clock; timers: Timers }, onChange: () => void) {
    this.#clock = effects.clock
    this.#timers = effects.timers
    this.#onChange = onChange
  }

  /**
   * Enters S2. The turn when the request may go at once; else resolves when it may go or is refused, and rejects with the
   * signal's reason when its client leaves.
   */
  arrive(id: number, key: string, gone: LeavingSignal): Turn | Promise<Turn> {
    return this.#wait(id, gone, () => this.#turns.arrive(id, key, this.#now()))
  }

  /** Leaves S2 as rule 7 demands, and enters it again when something has changed. */
  waitAsTold(id: number, gone: LeavingSignal): Turn | Promise<Turn> {
    return this.#wait(id, gone, () => this.#turns.toldToWait(id, this.#now()))
  }

  /** The last byte of a definite answer was written. */
  answered(id: number): void {
    this.#follow(this.#turns.answered(id, this.#now()))
  }

  /** The request has ended for the app. Harmless when it has already. */
  ended(id: number): void {
    this.#follow(this.#turns.ended(id, this.#now()))
  }

  /** Answers whose evidence somebody waits for. */
  wanted(): number[] {
    return this.#turns.wanted()
  }

  /** Requests that rule 7 has told to wait. */
  get toldToWait(): number {
    return this.#turns.toldToWaitCount
  }

  get size(): number {
    return this.#turns.size
  }

  #wait(id: number, gone: LeavingSignal, enter: () => TurnEvent[]): Turn | Promise<Turn> {
    if (gone.aborted) {
      this.ended(id)
      return Promise.reject(gone.reason)
    }
    const events = enter()
    const own = events.find((event) => event.id === id)
    const turn = own ?? this.#later(id, gone)
    this.#follow(events)
    return turn
  }

  #later(id: number, gone: LeavingSignal): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(id)
        this.ended(id)
        reject(gone.reason)
      }
      gone.addEventListener('abort', leave, { once: true })
      this.#waiting.set(id, (turn) => {
        gone.removeEventListener('abort', leave)
        resolve(turn)
      })
    })
  }

  #follow(events: readonly TurnEvent[]): void {
    for (const event of events) {
      const resolve = this.#waiting.get(event.id)
      this.#waiting.delete(event.id)
      resolve?.(event)
    }
    this.#armTick()
    this.#onChange()
  }

  #armTick(): void {
    const nextMs = this.#turns.nextTickMs()
    if (nextMs === this.#tickAtMs) return
    this.#cancelTick?.()
    this.#tickAtMs = nextMs
    this.#cancelTick =
      nextMs === null
        ? null
        : this.#timers.after(Math.max(0, Math.ceil(nextMs - this.#now())), () => {
            this.#tickAtMs = null
            this.#follow(this.#turns.tick(this.#now()))
          })
  }

  #now(): number {
    return this.#clock.monotonicMs()
  }
}
