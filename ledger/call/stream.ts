import { isEventStream } from '../../contract/event-stream.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { AnswerReader } from '../../vendors/costing.ts'
import { type Keeping, KeptAnswer } from '../vendor-client/kept-answer.ts'
import {
  type AnswerHeaders,
  type AnswerSink,
  type BufferedAnswer,
  NotWanted,
  type VendorNetwork,
  type VendorRequest,
} from '../vendor-client/network.ts'
import type { CallClient } from './call-request.ts'
import { MAX_KEPT_ANSWER_BYTES } from './stored-request.ts'

/** So long a stream is read on after whoever asked has left, to learn what it cost. */
const READ_ON_MS = 60_000

/** Where an answer goes that is handed on while it comes. */
export interface StreamWay {
  readonly client: CallClient
  readonly clock: Clock
  /** Writes the head of the answer. */
  head(status: number, headers: AnswerHeaders): void
  reader(): AnswerReader
  readonly keeping: Keeping
}

/** A stream that was handed on; the client's answer is not ended yet. */
export interface StreamedAnswer {
  readonly kind: 'streamed'
  /** As the app got it; null when it is too large to keep, or did not come to its end. */
  readonly kept: BufferedAnswer | null
  readonly status: number
  /** Micro-dollars that it came to; undefined where it does not say. */
  readonly price: bigint | undefined
  /** Why it did not come to its end; null when it did. */
  readonly brokenBy: string | null
}

export type StreamedExchange =
  | { readonly kind: 'answered'; readonly answer: BufferedAnswer }
  | { readonly kind: 'not_sent' | 'lost'; readonly reason: string }
  | StreamedAnswer

/** Sends once. A successful event stream is handed on as it comes, with its usage read on the way; any other answer is kept whole. */
export async function exchangeOrStream(
  network: VendorNetwork,
  request: VendorRequest,
  way: StreamWay,
): Promise<StreamedExchange> {
  const sink = new AnswerSinkOfCall(way)
  const result = await network.send(request, sink)
  if (sink.stream !== undefined) return sink.stream.ended(result.kind === 'answered' ? null : result.reason)
  if (result.kind !== 'answered') return result
  return { kind: 'answered', answer: sink.answer() }
}

/** Keeps an answer, or hands it on. */
class AnswerSinkOfCall implements AnswerSink {
  stream: Stream | undefined
  readonly #way: StreamWay
  readonly #kept: KeptAnswer

  constructor(way: StreamWay) {
    this.#way = way
    this.#kept = new KeptAnswer(way.keeping)
  }

  head(status: number, headers: AnswerHeaders): void {
    if (status < 200 || status >= 300 || !isEventStream(headers['content-type'])) {
      this.#kept.head(status, headers)
      return
    }
    this.stream = new Stream(this.#way, { status, headers })
    this.#way.head(status, headers)
  }

  data(chunk: Uint8Array): boolean {
    return (this.stream ?? this.#kept).data(chunk)
  }

  drained(): Promise<void> {
    return this.stream === undefined ? this.#kept.drained() : this.#way.client.drained()
  }

  answer(): BufferedAnswer {
    return this.#kept.answer()
  }
}

class Stream {
  readonly #way: StreamWay
  readonly #head: { readonly status: number; readonly headers: AnswerHeaders }
  readonly #reader: AnswerReader
  #kept: Uint8Array[] | null = []
  #keptBytes = 0
  #leftAtMs: number | null = null

  constructor(way: StreamWay, head: { readonly status: number; readonly headers: AnswerHeaders }) {
    this.#way = way
    this.#head = head
    this.#reader = way.reader()
  }

  /** `false`: the client takes no more for now. */
  data(chunk: Uint8Array): boolean {
    const { client, clock } = this.#way
    if (client.hasLeft) {
      this.#leftAtMs ??= clock.monotonicMs()
      if (clock.monotonicMs() - this.#leftAtMs > READ_ON_MS) throw new NotWanted('whoever asked has left')
    }
    let takesMore = true
    // Node joins what is written in one turn.
    for (const bytes of this.#reader.next(chunk)) takesMore = this.#give(bytes)
    return takesMore
  }

  ended(brokenBy: string | null): StreamedAnswer {
    this.#give(this.#reader.rest())
    const isWhole = brokenBy === null && this.#reader.isComplete()
    const body = this.#kept === null ? null : Buffer.concat(this.#kept)
    const { status, headers } = this.#head
    return {
      kind: 'streamed',
      status,
      kept: isWhole && body !== null ? { status, headers, body } : null,
      price: brokenBy === null ? this.#reader.price() : undefined,
      brokenBy,
    }
  }

  #give(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true
    this.#keptBytes += bytes.length
    if (this.#keptBytes > MAX_KEPT_ANSWER_BYTES) this.#kept = null
    this.#kept?.push(bytes)
    return this.#way.client.write(bytes)
  }
}
