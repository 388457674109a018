/** What is being written to the journal. A replica hands its journal over only when all of it is there, or has failed. */
export class Barrier {
  readonly #writing = new Set<Promise<void>>()

  get isClear(): boolean {
    return this.#writing.size === 0
  }

  /** Passes on what becomes of it. */
  async passing(written: Promise<void>): Promise<void> {
    this.#writing.add(written)
    try {
      await written
    } finally {
      this.#writing.delete(written)
    }
  }

  async settled(): Promise<void> {
    while (!this.isClear) await Promise.allSettled([...this.#writing])
  }
}
