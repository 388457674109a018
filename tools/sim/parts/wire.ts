import { EventEmitter } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

export interface WireRequest {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface WireAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** False: the connection was cut within it. */
  readonly isWhole: boolean
}

/** One answer on its way: all of it at once, or its head, then what is written, then how it ended. */
export interface AnswerWay {
  onAnswer(answer: WireAnswer): void
  onHead(head: Pick<WireAnswer, 'status' | 'headers'>): void
  onPart(part: Buffer): void
  onEnd(isWhole: boolean): void
}

/** Hands one request to the ledger's own listener. Returns what tells it that whoever asked has left. */
export function serveWire(listener: RequestListener, request: WireRequest, way: AnswerWay): () => void {
  const response = new WireResponse(way)
  listener(incoming(request), response as unknown as ServerResponse)
  return () => response.leave()
}

/** As much of Node's message as the ledger's listener reads. */
function incoming({ method, target, headers, body }: WireRequest): IncomingMessage {
  const stream = Readable.from(body.length === 0 ? [] : [body])
  return Object.assign(stream, {
    method,
    url: target,
    headers,
    rawHeaders: Object.entries(headers).flat(),
  }) as unknown as IncomingMessage
}

/** As much of Node's answer as the ledger writes to. */
class WireResponse extends EventEmitter {
  headersSent = false
  destroyed = false
  writableFinished = false
  readonly writableNeedDrain = false
  /** As much as tells whether anything has gone out. */
  readonly socket = { destroyed: false, bytesWritten: 0 }
  #status = 0
  readonly #headers: Record<string, string> = {}
  #body: Buffer = Buffer.alloc(0)
  readonly #way: AnswerWay
  #isFlushed = false

  constructor(way: AnswerWay) {
    super()
    this.#way = way
  }

  setHeader(name: string, value: string): this {
    this.#headers[name.toLowerCase()] = value
    return this
  }

  writeHead(status: number, headers: Readonly<Record<string, string>> = {}): this {
    this.headersSent = true
    this.#status = status
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value)
    return this
  }

  /** From now on it goes out as it is written. */
  flushHeaders(): void {
    if (this.#isFlushed) return
    this.#isFlushed = true
    this.socket.bytesWritten += 1
    this.#way.onHead({ status: this.#status, headers: this.#headers })
  }

  write(chunk: Uint8Array | string, encoding: BufferEncoding = 'utf8'): boolean {
    this.flushHeaders()
    this.#way.onPart(bytesOf(chunk, encoding))
    return true
  }

  end(chunk?: Uint8Array | string, encoding?: BufferEncoding): this {
    if (chunk !== undefined && this.#isFlushed) this.write(chunk, encoding)
    else if (chunk !== undefined) this.#body = bytesOf(chunk, encoding)
    this.#finish(true)
    return this
  }

  destroy(): this {
    this.destroyed = true
    this.#finish(false)
    return this
  }

  /** Whoever asked has gone. */
  leave(): void {
    if (this.writableFinished || this.destroyed) return
    this.destroyed = true
    this.emit('close')
  }

  #finish(isWhole: boolean): void {
    if (this.writableFinished) return
    this.writableFinished = isWhole
    this.socket.bytesWritten += 1
    if (this.#isFlushed) this.#way.onEnd(isWhole)
    else this.#way.onAnswer({ status: this.#status, headers: this.#headers, body: this.#body, isWhole })
    this.emit('close')
  }
}

function bytesOf(chunk: Uint8Array | string, encoding: BufferEncoding | undefined): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk)
}
