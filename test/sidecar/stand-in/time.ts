import type { Clock } from '../../../runtime/clock.ts'
import type { Timers } from '../../../runtime/timers.ts'

interface Due {
  readonly atMs: number
  readonly run: () => void
}

/** A clock that a test moves. With `hurries`, every `sleep` passes at once and takes the clock along. */
export class TestTime implements Clock, Timers {
  #nowMs = 1_000_000
  #due: Due[] = []
  readonly #hurries: boolean

  constructor({ hurries = false } = {}) {
    this.#hurries = hurries
  }

  nowMs(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  /** Runs what falls due, in order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      const next = this.#due.filter(({ atMs }) => atMs <= untilMs).sort((left, right) => left.atMs - right.atMs)[0]
      if (next === undefined) break
      this.#due = this.#due.filter((due) => due !== next)
      this.#nowMs = next.atMs
      next.run()
    }
    this.#nowMs = untilMs
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#hurries) this.#nowMs += delayMs
    return new Promise((resolve, reject) => {
      if (signal?.aborted) reject(signal.reason)
      else if (this.#hurries) setImmediate(resolve)
      else {
        this.after(delayMs, resolve)
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      }
    })
  }

  after(delayMs: number, run: () => void): () => void {
    const due = { atMs: this.#nowMs + delayMs, run }
    this.#due.push(due)
    return () => {
      this.#due = this.#due.filter((one) => one !== due)
    }
  }

  every(): () => void {
    throw new Error('the sidecar repeats nothing by the clock')
  }
}
