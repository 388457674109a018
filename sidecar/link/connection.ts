import type { Socket } from 'node:net'
import type { LeavingSignal } from '../leaving.ts'
import { type AnswerHead, AnswerParser, type AnswerSink } from './answer-parser.ts'
import { AnswerStream } from './answer-stream.ts'

/** A body of known length up to this is handed over whole. Bytes. */
const WHOLE_BYTES = 64 * 1024
/** A request's body up to this goes out in one piece with its head. Bytes. */
const JOINED_BYTES = 16 * 1024

export interface ReceivedAnswer {
  readonly status: number
  readonly headers: AnswerHead['headers']
  readonly body: Buffer | AnswerStream
}

export interface SentRequest {
  /** Latin-1. */
  readonly head: string
  readonly body: Uint8Array
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: LeavingSignal | undefined
}

/** One request and its answer on a connection. */
interface Exchange {
  /** Nobody listens for the end of whoever asked any more. */
  release(): void
  readonly resolve: (answer: ReceivedAnswer) => void
  readonly reject: (fault: Error) => void
  head: AnswerHead | null
  /** Of a body that is handed over whole. */
  whole: Buffer | null
  filled: number
  stream: AnswerStream | null
}

/** A connection to the ledger: one request at a time, never the next before the last byte of the answer. */
export class LinkConnection implements AnswerSink {
  readonly #socket: Socket
  readonly #onFree: (connection: LinkConnection) => void
  #parser: AnswerParser
  #exchange: Exchange | null = null
  /** Of a stream, within the bytes that have just come: handed on in one piece, however many chunks they were. */
  #parts: Buffer[] = []
  #fault: Error | null = null

  /** `onFree`: the answer has ended and another request may go. Bytes come by `received`. */
  constructor(socket: Socket, onFree: (connection: LinkConnection) => void) {
    this.#socket = socket
    this.#onFree = onFree
    this.#parser = new AnswerParser(this)
    socket.on('end', () => this.#fail(new Error('the connection was ended')))
    socket.on('error', (fault) => this.#fail(fault))
    socket.on('close', () => this.#fail(new Error('the connection was closed')))
  }

  get isUsable(): boolean {
    return this.#fault === null && this.#socket.writable
  }

  /** Rejects when the connection ends before the answer is there: nothing is known then of what the ledger did. */
  send({ head, body, signal }: SentRequest): Promise<ReceivedAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#fault !== null) {
        reject(this.#fault)
        return
      }
      const abort = () => this.#fail(signal?.reason as Error)
      signal?.addEventListener('abort', abort, { once: true })
      const release = () => signal?.removeEventListener('abort', abort)
      this.#exchange = { resolve, reject, release, head: null, whole: null, filled: 0, stream: null }
      this.#write(head, body)
    })
  }

  #write(head: string, body: Uint8Array): void {
    if (body.length <= JOINED_BYTES) {
      const message = Buffer.allocUnsafe(head.length + body.length)
      message.write(head, 0, 'latin1')
      message.set(body, head.length)
      this.#socket.write(message)
      return
    }
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    this.#socket.write(body)
    this.#socket.uncork()
  }

  /** Bytes from the socket; good until this returns. */
  received(bytes: Buffer): void {
    if (this.#fault !== null) return
    if (this.#exchange === null) {
      this.#fail(new Error('bytes that answer no request'))
      return
    }
    try {
      this.#parser.feed(bytes)
    } catch (fault) {
      this.#handOn()
      this.#fail(fault as Error)
      return
    }
    this.#handOn()
    if (this.#parser.isDone) this.#finish()
  }

  head(head: AnswerHead): void {
    const exchange = this.#current()
    exchange.head = head
    if (head.length !== null && head.length <= WHOLE_BYTES) {
      exchange.whole = Buffer.allocUnsafe(head.length)
      return
    }
    const socket = this.#socket
    exchange.stream = new AnswerStream({
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      cancel: () => this.#fail(new Error('nobody reads the answer')),
    })
    exchange.resolve({ status: head.status, headers: head.headers, body: exchange.stream })
  }

  data(part: Buffer): void {
    const exchange = this.#current()
    if (exchange.whole === null) this.#parts.push(part)
    else exchange.filled += part.copy(exchange.whole, exchange.filled)
  }

  /** A copy: the bytes belong to the socket. */
  #handOn(): void {
    if (this.#parts.length === 0) return
    const bytes = Buffer.concat(this.#parts)
    this.#parts = []
    this.#exchange?.stream?.push(bytes)
  }

  /** What follows in the same piece of bytes would be an error, so the connection is freed only after that. */
  end(): void {}

  #finish(): void {
    const { head, whole, stream, resolve, release } = this.#current()
    if (head === null) throw new Error('an answer has ended that has no head')
    this.#exchange = null
    release()
    stream?.end()
    if (head.isLast) this.#fail(new Error('the ledger closes the connection'))
    else {
      this.#parser = new AnswerParser(this)
      this.#onFree(this)
    }
    if (whole !== null) resolve({ status: head.status, headers: head.headers, body: whole })
  }

  #fail(fault: Error): void {
    if (this.#fault !== null) return
    this.#fault = fault
    this.#socket.destroy()
    const exchange = this.#exchange
    this.#exchange = null
    if (exchange === null) return
    exchange.release()
    exchange.stream?.fail(fault)
    exchange.reject(fault)
  }

  #current(): Exchange {
    if (this.#exchange === null) throw new Error('an answer without a request')
    return this.#exchange
  }
}
