import { CollectedBody } from '../../runtime/collected-body.ts'
import type { GrowingPlace } from '../../runtime/growing-room.ts'
import { type AnswerHeaders, type AnswerSink, type BufferedAnswer, NotWanted } from './network.ts'

/** Where a whole answer is kept. */
export interface Keeping {
  readonly maxBytes: number
  /** Counts what is kept beside all that is kept at once. Whoever opened it empties it, when the answer is not held any more. */
  readonly place: GrowingPlace
}

/**
 * Keeps an answer whole. One that is above the limit is broken off. In parts until it is there, whatever length its head says:
 * a place for the whole of each that waits for room would be the memory which the room is to save.
 */
export class KeptAnswer implements AnswerSink {
  readonly #keeping: Keeping
  readonly #body = new CollectedBody(undefined)
  #status = 0
  #headers: AnswerHeaders = {}

  constructor(keeping: Keeping) {
    this.#keeping = keeping
    // An earlier answer to the same call, which did for nothing.
    keeping.place.empty()
  }

  head(status: number, headers: AnswerHeaders): void {
    this.#status = status
    this.#headers = headers
  }

  data(chunk: Uint8Array): boolean {
    const { maxBytes, place } = this.#keeping
    if (this.#body.size + chunk.length > maxBytes) throw new NotWanted(`the answer is larger than ${maxBytes} bytes`)
    this.#body.add(chunk)
    return place.add(chunk.length)
  }

  drained(): Promise<void> {
    return this.#keeping.place.drained()
  }

  answer(): BufferedAnswer {
    return { status: this.#status, headers: this.#headers, body: this.#body.bytes }
  }
}
