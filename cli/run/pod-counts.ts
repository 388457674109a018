import type { RunEvent as LocalEvent } from '../../local/run.ts'

/** How far a Job is, from its Pods' events. */
export class PodCounts {
  readonly #completions: number | null
  /** Indexes; names of Pods without one. */
  readonly #succeeded = new Set<number | string>()
  #running = 0
  #failed = 0

  /** Null: nothing to count towards. */
  constructor(completions: number | null) {
    this.#completions = completions
  }

  take(event: LocalEvent): void {
    if (event.type === 'pod-started') this.#running += 1
    if (event.type !== 'pod-ended') return
    this.#running -= 1
    if (event.result.phase === 'Failed') this.#failed += 1
    else this.#succeeded.add(event.index ?? event.pod)
  }

  /** `12 of 40 completions`; empty where there is nothing to count towards. */
  progress(before = '', after = ''): string {
    if (this.#completions === null || this.#completions < 2) return ''
    return `${before}${this.#succeeded.size} of ${this.#completions} completions${after}`
  }

  /** A line for a terminal. */
  status(): string {
    const progress = this.progress()
    if (progress === '') return ''
    return `${progress}, ${this.#running} Pods running, ${this.#failed} failed`
  }
}
