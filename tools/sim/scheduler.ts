import type { Trace } from './trace.ts'

interface Happening {
  readonly atMs: number
  readonly seq: number
  run: (() => void) | null
}

/**
 * Virtual time, and the one thing that lets anything go on: each event runs alone, and all that follows from it
 * (promises, ticks of Node's streams) runs to its end before the next. So the order of events is the seed's alone.
 */
export class Scheduler {
  /** Milliseconds since the simulation began. */
  nowMs = 0
  steps = 0
  readonly trace: Trace
  readonly #heap: Happening[] = []
  #seq = 0

  constructor(trace: Trace) {
    this.trace = trace
  }

  /** Runs `run` after `delayMs`. Returns what cancels it. */
  after(delayMs: number, run: () => void): () => void {
    this.#seq += 1
    const happening: Happening = { atMs: this.nowMs + Math.max(0, delayMs), seq: this.#seq, run }
    this.#push(happening)
    return () => {
      happening.run = null
    }
  }

  /** Until nothing is left to happen, `isOver` holds, or `mostSteps` were taken (false). */
  async run(isOver: () => boolean, mostSteps: number): Promise<boolean> {
    await settled()
    while (!isOver()) {
      const next = this.#pop()
      if (next === undefined) return true
      if (next.run === null) continue
      if (this.steps >= mostSteps) return false
      this.steps += 1
      this.nowMs = Math.max(this.nowMs, next.atMs)
      this.trace.at(this.nowMs)
      next.run()
      await settled()
    }
    return true
  }

  /** Time passes in which nobody is there: what was due happens when it is over. */
  leap(byMs: number): void {
    this.nowMs += byMs
  }

  #push(happening: Happening): void {
    const heap = this.#heap
    let at = heap.push(happening) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, happening)) break
      heap[at] = above
      at = parent
    }
    heap[at] = happening
  }

  #pop(): Happening | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || first === last) return first
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      if (left === undefined) break
      const isRight = right !== undefined && isBefore(right, left)
      const below = isRight ? right : left
      if (isBefore(last, below)) break
      heap[at] = below
      at = 2 * at + (isRight ? 2 : 1)
    }
    heap[at] = last
    return first
  }
}

function isBefore(left: Happening, right: Happening): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.seq < right.seq)
}

/** After Node's next turn every promise and every tick that could run has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
