import type { QueuePlan, Step } from '../plan/plan.ts'
import type { Scheduler } from '../scheduler.ts'

export interface Item {
  readonly nth: number
  readonly steps: readonly Step[]
}

/**
 * What the Pods of one Job take their work from, as message queues hand it out: at least once. Whoever has not said in time
 * that an item is done may still be at it when the next Pod takes it.
 */
export class WorkQueue {
  readonly #scheduler: Scheduler
  readonly #plan: QueuePlan
  readonly #waiting: Item[]
  /** Items that somebody has, each with how often it was handed out. */
  readonly #taken = new Map<number, number>()
  #handedOut = 0

  constructor(scheduler: Scheduler, plan: QueuePlan, items: readonly (readonly Step[])[]) {
    this.#scheduler = scheduler
    this.#plan = plan
    this.#waiting = items.map((steps, nth) => ({ nth, steps }))
  }

  /** `later`: others may still give back what they have. `none`: whoever asks may end. */
  take(): Item | 'later' | 'none' {
    const item = this.#waiting.shift()
    if (item === undefined) return this.#taken.size > 0 && this.#plan.waitsForOthers ? 'later' : 'none'
    this.#handedOut += 1
    const handedOut = this.#handedOut
    this.#taken.set(item.nth, handedOut)
    if (this.#plan.doubles.includes(handedOut)) this.#waiting.unshift(item)
    this.#scheduler.after(this.#plan.leaseMs, () => {
      if (this.#taken.get(item.nth) !== handedOut) return
      this.#taken.delete(item.nth)
      if (!this.#waiting.includes(item)) this.#waiting.push(item)
    })
    return item
  }

  /** Whoever says it, and however late. */
  done({ nth }: Item): void {
    this.#taken.delete(nth)
    const at = this.#waiting.findIndex((item) => item.nth === nth)
    if (at >= 0) this.#waiting.splice(at, 1)
  }
}
