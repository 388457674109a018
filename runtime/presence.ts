/** Where an answer is written to. */
interface AnswerStream {
  readonly writableNeedDrain: boolean
  once(event: 'drain', tell: () => void): unknown
}

/** Whether whoever waits for an answer is still there, and who is to know when not. */
export class Presence {
  #hasLeft = false
  /** Made when somebody asks to be told. */
  #toTell: Set<() => void> | undefined
  #wakeWriter: (() => void) | undefined

  /** The connection closed before the answer was written. */
  get hasLeft(): boolean {
    return this.#hasLeft
  }

  /** Calls `tell` when whoever asked leaves, at once where that has happened. Returns what takes that back. */
  onLeft(tell: () => void): () => void {
    if (this.#hasLeft) tell()
    else (this.#toTell ??= new Set()).add(tell)
    return () => this.#toTell?.delete(tell)
  }

  /** Resolves when the stream takes more, or nobody is there to take it. */
  drained(stream: AnswerStream): Promise<void> {
    return new Promise((resolve) => {
      if (this.#hasLeft || !stream.writableNeedDrain) {
        resolve()
        return
      }
      this.#wakeWriter = resolve
      stream.once('drain', resolve)
    })
  }

  /** The connection is gone. */
  closed(isAnswered: boolean): void {
    if (!isAnswered) {
      this.#hasLeft = true
      for (const tell of this.#toTell ?? []) tell()
    }
    this.#wakeWriter?.()
  }
}
