import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** `unseen`: the app left before our last byte, or reset the connection. */
export type Verdict = 'seen' | 'unseen'

/** Where a connection's two ends are, as `/proc/net/tcp` names them. */
export interface Ends {
  readonly appAddress: string
  readonly appPort: number
  readonly ourAddress: string
  readonly ourPort: number
}

interface Awaited {
  readonly onWritten: () => void
  readonly onVerdict: (verdict: Verdict) => void
}

const REQUEST_START = /^(?:\r\n)*(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \//
const REQUEST_START_BYTES = 24

/** Watches one connection of an app for evidence that answers written to it were read: E1, E2, and what speaks against it. */
export class ConnectionWatch {
  readonly ends: Ends
  readonly #socket: Socket
  /** Last byte not written yet. */
  readonly #writing = new Map<ServerResponse, Awaited>()
  /** Last byte written, no evidence yet. In order. */
  readonly #unread: Awaited[] = []
  /** Answers of any kind that have not ended: a request that comes meanwhile is pipelined. */
  readonly #open = new Map<ServerResponse, () => void>()
  #isPipelined = false
  #hasAppEnded = false
  /** What has come since our last byte; a request counts only if it begins there. */
  #sinceLastByte = ''

  constructor(socket: Socket) {
    this.#socket = socket
    this.ends = {
      appAddress: socket.remoteAddress ?? '',
      appPort: socket.remotePort ?? 0,
      ourAddress: socket.localAddress ?? '',
      ourPort: socket.localPort ?? 0,
    }
    // Before Node's own listeners, which answer a FIN with one of ours.
    socket.prependListener('data', (chunk: Buffer) => this.#onBytes(chunk))
    socket.prependListener('end', () => this.#onAppEnd())
    socket.on('error', () => this.#judgeUnread('unseen'))
    socket.on('close', () => {
      // Whoever closed it: what was not written whole cannot be read whole.
      this.#giveUpWriting()
      this.#tellOpen()
    })
    closeGently(socket)
  }

  /** The app has ended its side, or both are gone. */
  get isGone(): boolean {
    return this.#hasAppEnded || this.#socket.destroyed
  }

  /** A request has been read; `response` will answer it. `onGone` runs if the app leaves before that has ended. */
  requestArrived(response: ServerResponse, onGone: () => void): void {
    // Its bytes came before the last byte of an earlier answer, so they say nothing about that one, nor will later ones.
    if (this.#open.size > 0) this.#isPipelined = true
    this.#open.set(response, onGone)
    response.once('finish', () => this.#open.delete(response))
    if (this.isGone) this.#tellOpen()
  }

  /** From here on the answer's fate is reported. Call before its first byte is written. */
  follow(response: ServerResponse, awaited: Awaited): void {
    if (this.isGone) {
      awaited.onVerdict('unseen')
      return
    }
    this.#writing.set(response, awaited)
    response.once('finish', () => this.#onLastByte(response))
  }

  /** E3 has been found: the app's receive queue is empty, after all our bytes had reached it. */
  foundRead(onVerdict: Awaited['onVerdict']): void {
    const at = this.#unread.findIndex((awaited) => awaited.onVerdict === onVerdict)
    // What was written before it on the same connection was read before it.
    for (const awaited of this.#unread.splice(0, at + 1)) awaited.onVerdict('seen')
  }

  #onLastByte(response: ServerResponse): void {
    const awaited = this.#writing.get(response)
    if (awaited === undefined) return
    this.#writing.delete(response)
    this.#sinceLastByte = ''
    this.#unread.push(awaited)
    awaited.onWritten()
  }

  /** E1: a further request whose first byte came after our last byte. */
  #onBytes(chunk: Buffer): void {
    if (this.#unread.length === 0 || this.#isPipelined || this.#sinceLastByte.length >= REQUEST_START_BYTES) return
    this.#sinceLastByte += chunk.toString('latin1', 0, REQUEST_START_BYTES)
    if (REQUEST_START.test(this.#sinceLastByte)) this.#judgeUnread('seen')
  }

  /**
   * E2: a FIN after the last byte. One that lay unread in our kernel when we wrote looks the same, but then the app had
   * closed before, its kernel answered our bytes with a reset, and Linux reports that only to a write: so we write nothing.
   */
  #onAppEnd(): void {
    this.#hasAppEnded = true
    const unread = this.#unread.splice(0)
    this.#giveUpWriting()
    this.#tellOpen()
    if (unread.length === 0) return
    const judge = (verdict: Verdict) => unread.forEach(({ onVerdict }) => onVerdict(verdict))
    if (this.#socket.writable) this.#socket.write('', (fault) => judge(fault ? 'unseen' : 'seen'))
    else judge('seen')
  }

  #giveUpWriting(): void {
    const writing = [...this.#writing.values()]
    this.#writing.clear()
    for (const { onVerdict } of writing) onVerdict('unseen')
  }

  #tellOpen(): void {
    const open = [...this.#open.values()]
    this.#open.clear()
    for (const onGone of open) onGone()
  }

  #judgeUnread(verdict: Verdict): void {
    for (const { onVerdict } of this.#unread.splice(0)) onVerdict(verdict)
  }
}

/**
 * After an answer with `Connection: close` Node would destroy the socket as soon as its bytes are handed to the kernel.
 * We only end our side, so that the app's FIN, or its reset, is still heard; before that the probe of `#onAppEnd`.
 */
function closeGently(socket: Socket): void {
  socket.destroySoon = () => {
    if (socket.writable) socket.write('', () => socket.end())
  }
}
