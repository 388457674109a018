/** Bytes that wait for their reader before the connection is told to stop. */
const HIGH_WATER_BYTES = 64 * 1024

export interface StreamSource {
  pause(): void
  resume(): void
  /** Whoever read wants no more. */
  cancel(): void
}

/** A body as it comes, for one reader. */
export class AnswerStream implements AsyncIterable<Uint8Array> {
  readonly #source: StreamSource
  readonly #parts: Uint8Array[] = []
  #bytes = 0
  #isPaused = false
  #hasEnded = false
  #fault: Error | null = null
  #wake: (() => void) | null = null

  constructor(source: StreamSource) {
    this.#source = source
  }

  push(part: Uint8Array): void {
    this.#parts.push(part)
    this.#bytes += part.length
    if (this.#bytes >= HIGH_WATER_BYTES && !this.#isPaused) {
      this.#isPaused = true
      this.#source.pause()
    }
    this.#wake?.()
  }

  end(): void {
    this.#hasEnded = true
    this.#wake?.()
  }

  fail(fault: Error): void {
    this.#fault = fault
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const part = this.#parts.shift()
        if (part !== undefined) {
          this.#taken(part)
          yield part
        } else if (this.#fault !== null) throw this.#fault
        else if (this.#hasEnded) return
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      if (!this.#hasEnded) this.#source.cancel()
    }
  }

  #taken(part: Uint8Array): void {
    this.#bytes -= part.length
    if (!this.#isPaused || this.#bytes >= HIGH_WATER_BYTES) return
    this.#isPaused = false
    this.#source.resume()
  }
}
