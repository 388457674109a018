/** One limit that people set. One that nobody has been told of may be gone, or hold again, after the store has lost its last writes. */
export class LimitInForce {
  /** The last one that somebody was told of. Micro-dollars; null: none. */
  #told: number | null
  #untold: number[] = []
  #possible: readonly (number | null)[]

  constructor(limit: number | null) {
    this.#told = limit
    this.#possible = [limit]
  }

  /** Above this nothing may be admitted; null: no limit. */
  get highest(): number | null {
    return this.#possible.includes(null) ? null : Math.max(...this.#possible.map(Number))
  }

  /** Below this nothing may be refused; null: no limit. */
  get lowest(): number | null {
    const limits = this.#possible.flatMap((limit) => limit ?? [])
    return limits.length === 0 ? null : Math.min(...limits)
  }

  get isKnown(): boolean {
    return this.#possible.length === 1
  }

  /** It holds from now on, unless another one does that was not lost. */
  mayBe(limit: number): void {
    this.#possible = [...this.#possible, limit]
  }

  /** It holds from now on; nobody knows yet. */
  set(limit: number): void {
    this.#untold.push(limit)
    this.#possible = [limit]
  }

  told(limit: number): void {
    this.#untold = this.#untold.slice(this.#untold.indexOf(limit) + 1)
    this.#told = limit
  }

  storeLost(): void {
    if (this.#untold.length > 0) this.#possible = [this.#told, ...this.#untold]
  }
}
