/**
 * The UTC day that holds in a store: its latest moment so far, since neither a clock set back nor a restart may bring a
 * day back whose caps were counted.
 */
export class StoreDay {
  #latestMs = 0
  #sinceMs: number
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#sinceMs = nowMs()
  }

  /** Whoever starts anew knows only what was written. */
  restarted(lastAtMs: number): void {
    this.#latestMs = lastAtMs
    this.#sinceMs = this.#nowMs()
  }

  /** A step at `wallMs` of the store's wall clock. */
  passes(wallMs: number): void {
    const nowMs = this.#nowMs()
    this.#latestMs = Math.max(this.#latestMs + nowMs - this.#sinceMs, wallMs)
    this.#sinceMs = nowMs
  }

  get day(): string {
    return new Date(Math.floor(this.#latestMs)).toISOString().slice(0, 10)
  }
}
