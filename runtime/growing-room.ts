/** What is small is counted, and never held up. Bytes. */
export const SMALL_BYTES = 64 * 1024

/** The place of one that grows while it comes. */
export interface GrowingPlace {
  /** More has come. False: wait for `drained` before the next part. */
  add(bytes: number): boolean
  /** Resolves when more may come, or it is emptied. */
  drained(): Promise<void>
  /** What has come is not held any more, and something else may come. */
  empty(): void
}

/**
 * How many bytes a process holds of what does not say beforehand how much it will be, such as vendors' answers. When it is full
 * each waits where it is, but one, which may go on to its end: so something always ends, and no two wait for each other.
 */
export class GrowingRoom {
  readonly #mostBytes: number
  #heldBytes = 0
  #ahead: Growing | null = null
  readonly #waiting: Growing[] = []

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  open(): GrowingPlace {
    const place: Growing = { bytes: 0, wake: null }
    return {
      add: (bytes) => this.#add(place, bytes),
      drained: () => this.#drained(place),
      empty: () => this.#empty(place),
    }
  }

  #add(place: Growing, bytes: number): boolean {
    place.bytes += bytes
    this.#heldBytes += bytes
    return this.#mayGrow(place)
  }

  #mayGrow(place: Growing): boolean {
    if (this.#heldBytes <= this.#mostBytes || place.bytes <= SMALL_BYTES) return true
    this.#ahead ??= place
    return this.#ahead === place
  }

  #drained(place: Growing): Promise<void> {
    if (this.#mayGrow(place)) return Promise.resolve()
    return new Promise((resolve) => {
      place.wake = resolve
      this.#waiting.push(place)
    })
  }

  #empty(place: Growing): void {
    this.#heldBytes -= place.bytes
    place.bytes = 0
    if (this.#ahead === place) this.#ahead = null
    const at = this.#waiting.indexOf(place)
    if (at >= 0) this.#waiting.splice(at, 1)
    place.wake?.()
    this.#letGrow()
  }

  #letGrow(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#mayGrow(next); next = this.#waiting[0]) {
      this.#waiting.shift()
      next.wake?.()
      next.wake = null
    }
  }
}

interface Growing {
  bytes: number
  wake: (() => void) | null
}
