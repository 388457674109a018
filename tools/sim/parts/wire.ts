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

/** Hands one request to the ledger's own listener. Returns what tells it that whoever asked has left. */
export function serveWire(
  listener: RequestListener,
  request: WireRequest,
  onAnswer: (answer: WireAnswer) => void,
): () => void {
  const response = new WireResponse(onAnswer)
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
  #status = 0
  readonly #headers: Record<string, string> = {}
  readonly #chunks: Buffer[] = []
  readonly #onAnswer: (answer: WireAnswer) => void

  constructor(onAnswer: (answer: WireAnswer) => void) {
    super()
    this.#onAnswer = onAnswer
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

  write(chunk: Uint8Array | string, encoding: BufferEncoding = 'utf8'): boolean {
    this.#chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk))
    return true
  }

  end(chunk?: Uint8Array | string, encoding?: BufferEncoding): this {
    if (chunk !== undefined) this.write(chunk, encoding)
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
    this.#onAnswer({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks), isWhole })
    this.emit('close')
  }
}
