import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { isEventStream } from '../contract/event-stream.ts'
import { type HeaderFields, headerText } from './header-text.ts'
import { JOINED_BYTES } from './joined-answer.ts'
import { Presence } from './presence.ts'
import { afterThisTurn } from './turn.ts'

/** What a reply is told of its connection, and tells it. */
export interface ReplyEnds {
  /** Whether the connection ends with this answer. */
  isLast(): boolean
  ended(): void
}

/** The answer to a whole request, written straight to its socket. */
export class WholeReply {
  readonly #socket: Socket
  readonly #ends: ReplyEnds
  #state: 'silent' | 'begun' | 'ended' = 'silent'
  /** Not written yet: it goes out with what follows. */
  #head = ''
  #framing: 'length' | 'chunks' | 'none' = 'length'
  readonly #presence = new Presence()

  constructor(socket: Socket, ends: ReplyEnds) {
    this.#socket = socket
    this.#ends = ends
  }

  get hasLeft(): boolean {
    return this.#presence.hasLeft
  }

  get isBegun(): boolean {
    return this.#state !== 'silent'
  }

  onLeft(tell: () => void): () => void {
    return this.#presence.onLeft(tell)
  }

  /** Throws at what no head may hold. Without a `content-length` the body goes out in chunks. */
  head(status: number, headers: HeaderFields): void {
    if (this.hasLeft) return
    if (this.#state !== 'silent') throw new Error('an answer has one head')
    const hasNoBody = status === 204 || status === 304
    this.#framing = hasNoBody ? 'none' : headers['content-length'] === undefined ? 'chunks' : 'length'
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n${headerText(headers)}`
    if (this.#framing === 'chunks') head += 'transfer-encoding: chunked\r\n'
    if (this.#ends.isLast()) head += 'connection: close\r\n'
    this.#head = `${head}\r\n`
    this.#state = 'begun'
    // A stream's head does not wait for its first event; but what came together with it goes out in the same write.
    if (isEventStream(headers['content-type'])) afterThisTurn(() => this.#flushHead())
  }

  /** `false`: wait for `drained` before the next part. */
  write(chunk: Uint8Array): boolean {
    if (this.hasLeft || this.#state !== 'begun' || chunk.length === 0) return true
    this.#corked()
    this.#flushHead()
    if (this.#framing === 'none') return true
    if (this.#framing === 'length') return this.#socket.write(chunk)
    this.#socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
    this.#socket.write(chunk)
    return this.#socket.write('\r\n', 'latin1')
  }

  drained(): Promise<void> {
    return this.#presence.drained(this.#socket)
  }

  end(body?: Uint8Array): void {
    if (this.hasLeft || this.#state !== 'begun') return
    if (this.#framing === 'length' && body !== undefined && body.length <= JOINED_BYTES) this.#writeJoined(body)
    else {
      if (body !== undefined) this.write(body)
      this.#flushHead()
      if (this.#framing === 'chunks') this.#socket.write('0\r\n\r\n', 'latin1')
    }
    this.#state = 'ended'
    this.#ends.ended()
  }

  /** After the end: all that was written has left this process, or nobody is there to take it. */
  flushed(): Promise<void> {
    const socket = this.#socket
    return new Promise((resolve) => {
      const done = () => {
        socket.off('drain', done).off('close', done)
        resolve()
      }
      if (socket.writableNeedDrain) socket.on('drain', done).on('close', done)
      else resolve()
    })
  }

  /** Cuts the connection, so that what was written is not taken for a whole answer. */
  cut(): void {
    this.#socket.destroy()
  }

  /** The connection is gone. */
  left(): void {
    this.#presence.closed(this.#state === 'ended')
  }

  #writeJoined(body: Uint8Array): void {
    const head = this.#head
    this.#head = ''
    const message = Buffer.allocUnsafe(head.length + body.length)
    message.write(head, 'latin1')
    message.set(body, head.length)
    this.#socket.write(message)
  }

  #flushHead(): void {
    if (this.#head === '' || this.hasLeft) return
    this.#socket.write(this.#head, 'latin1')
    this.#head = ''
  }

  /** What is written in one turn goes out together. */
  #corked(): void {
    const socket = this.#socket
    if (socket.writableCorked > 0) return
    socket.cork()
    process.nextTick(() => socket.uncork())
  }
}
