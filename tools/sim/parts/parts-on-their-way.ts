/** What has come of an answer so far, for the one who reads it. */
export class PartsOnTheirWay {
  readonly #here: Buffer[] = []
  #end: 'whole' | 'cut' | null = null
  #wakeReader: () => void = () => {}

  push(part: Buffer): void {
    this.#here.push(part)
    this.#wakeReader()
  }

  end(isWhole: boolean): void {
    this.#end ??= isWhole ? 'whole' : 'cut'
    this.#wakeReader()
  }

  /** Rejects after the last part where the answer is cut. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const part = this.#here.shift()
      if (part !== undefined) yield part
      else if (this.#end === 'whole') return
      else if (this.#end === 'cut') throw new Error('aborted')
      else await new Promise<void>((resolve) => (this.#wakeReader = resolve))
    }
  }
}
