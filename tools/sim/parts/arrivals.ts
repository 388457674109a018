import type { Incarnation } from '../incarnation.ts'

/**
 * What has come to a process' kernel, over all of its connections: its event loop learns of it in the order in which it
 * came, and what holds it up holds up all of it.
 */
export class Arrivals {
  readonly #process: Incarnation
  readonly #waiting: (() => void)[] = []
  #newestAtMs = 0

  constructor(process: Incarnation) {
    this.#process = process
  }

  /** Has the process learn of something that is in its kernel now. */
  take(learn: () => void): void {
    const { stage, chance } = this.#process
    const { nowMs } = stage.scheduler
    this.#newestAtMs = Math.max(this.#newestAtMs, nowMs + stage.delayMs(chance))
    this.#waiting.push(learn)
    this.#process.wake(this.#newestAtMs - nowMs, () => this.#waiting.shift()?.())
  }
}
