import type { Breach } from './breach.ts'

/** A Pod that nobody follows is never told that somebody does. */
export class NewestPods {
  readonly #onBreach: (breach: Breach) => void
  /** By index. In a work queue no Pod follows another. */
  readonly #newest = new Map<number, string>()
  readonly #indexes = new Map<string, number>()

  constructor(onBreach: (breach: Breach) => void) {
    this.#onBreach = onBreach
  }

  made(podUid: string, index: number | null): void {
    if (index === null) return
    this.#newest.set(index, podUid)
    this.#indexes.set(podUid, index)
  }

  failed(podUid: string, how: string): void {
    const index = this.#indexes.get(podUid)
    const isFollowed = index !== undefined && this.#newest.get(index) !== podUid
    if (isFollowed || !how.includes('stale_attempt')) return
    this.#onBreach({
      kind: 'wrong_refusal',
      message: `${podUid} is told that a newer Pod has taken over, and there is none`,
    })
  }
}
