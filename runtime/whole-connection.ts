import type { Socket } from 'node:net'
import { systemClock } from './clock.ts'
import { WholeReply } from './whole-reply.ts'
import { readWholeRequest, type WholeHead, type WholeRequest } from './whole-request.ts'

/** A request may come in pieces this long; then its time is Node's to limit. */
const WHOLE_WITHIN_MS = 10_000

export type WholeHandler = (request: WholeRequest, reply: WholeReply) => void

export interface WholeConnectionOptions {
  /** Who answers this request; undefined: whoever has what is not taken here. */
  handlerOf(head: WholeHead): WholeHandler | undefined
  /** Takes the connection as if it were new, its first bytes unread. */
  handOver(socket: Socket): void
  /** Whether the server is about to go. */
  isLeaving(): boolean
  /** How long the connection may be idle. */
  idleMs: number
}

/**
 * A connection whose requests are read straight off the socket, as long as each is whole and plain. With the first one that
 * is not it is handed over for good, with all that came of it.
 */
export class WholeConnection {
  readonly socket: Socket
  readonly #options: WholeConnectionOptions
  /** Read, and not answered or being answered. */
  #pieces: Buffer[] = []
  #size = 0
  /** Before so many bytes there can be no whole request. */
  #needed = 0
  #tornAtMs = 0
  #reply: WholeReply | null = null

  constructor(socket: Socket, options: WholeConnectionOptions) {
    this.socket = socket
    this.#options = options
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose).on('error', this.#onError)
    socket.setTimeout(options.idleMs).on('timeout', this.#onIdle)
  }

  get isAnswering(): boolean {
    return this.#reply !== null
  }

  /** Unless a request is being answered. */
  closeIdle(): void {
    this.#onIdle()
  }

  readonly #onData = (part: Buffer): void => {
    this.#pieces.push(part)
    this.#size += part.length
    // Nothing of the next request is looked at, or asked for, before the answer to this one.
    if (this.#reply !== null) this.socket.pause()
    else if (this.#size >= this.#needed) this.#read(this.#taken())
  }

  #read(bytes: Buffer): void {
    const read = readWholeRequest(bytes)
    switch (read.kind) {
      case 'other':
        this.#handOver(bytes)
        return
      case 'more':
        this.#keep(bytes, read.bytes)
        return
      case 'whole': {
        const handler = this.#options.handlerOf(read.request)
        if (handler === undefined) this.#handOver(bytes)
        else this.#answer(handler, read.request)
      }
    }
  }

  #keep(bytes: Buffer, needed: number): void {
    const nowMs = systemClock.monotonicMs()
    if (this.#tornAtMs === 0) this.#tornAtMs = nowMs
    if (nowMs - this.#tornAtMs > WHOLE_WITHIN_MS) {
      this.#handOver(bytes)
      return
    }
    this.#pieces.push(bytes)
    this.#size = bytes.length
    this.#needed = needed
  }

  #answer(handler: WholeHandler, request: WholeRequest): void {
    this.#tornAtMs = 0
    const reply = new WholeReply(this.socket, { isLast: this.#options.isLeaving, ended: this.#onAnswered })
    this.#reply = reply
    handler(request, reply)
  }

  readonly #onAnswered = (): void => {
    this.#reply = null
    if (this.#options.isLeaving()) this.socket.destroySoon()
    // Requests that do not wait for their turn are none of ours.
    else if (this.#size > 0) this.#handOver(this.#taken())
  }

  #taken(): Buffer {
    const [only] = this.#pieces
    const bytes = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#size = 0
    this.#needed = 0
    return bytes
  }

  #handOver(bytes: Buffer): void {
    const socket = this.socket
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).off('error', this.#onError)
    socket.setTimeout(0).off('timeout', this.#onIdle)
    socket.pause()
    socket.unshift(bytes)
    this.#options.handOver(socket)
    socket.resume()
  }

  /** Whoever is silent in the midst of a request is Node's to deal with. */
  readonly #onIdle = (): void => {
    if (this.#reply !== null) return
    if (this.#size > 0) this.#handOver(this.#taken())
    else this.socket.destroy()
  }

  /** As Node has it: who ends the connection wants no answer. */
  readonly #onEnd = (): void => {
    this.socket.destroy()
  }

  readonly #onClose = (): void => {
    this.#reply?.left()
  }

  /** What cuts a connection closes it. */
  readonly #onError = (): void => {}
}
