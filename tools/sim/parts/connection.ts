import { Duplex } from 'node:stream'
import type { Incarnation } from '../incarnation.ts'
import type { Arrivals } from './arrivals.ts'

export const PROXY_PORT = 8080

type Arriving =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'fin' }
  | { readonly kind: 'reset' }

/** What the app's process is told of its end of a connection. */
export interface AppSide {
  onReadable(): void
  /** The sidecar's side has ended; nothing more will come. */
  onEnd(): void
}

/**
 * A TCP connection on one machine: what one side writes is in the other's kernel at once, but its process learns of it
 * when the scheduler lets it. The sidecar reads a connection from the turn after it took it, so what came with it may be
 * overtaken. Closing with unread bytes, and writing to who has closed, is answered with a reset.
 */
export class Connection {
  readonly socket: SidecarSocket
  readonly appPort: number
  readonly #app: Incarnation
  readonly #sidecar: Incarnation
  readonly #side: AppSide
  /** Bytes in the app's receive queue. */
  #unread: Buffer[] = []
  readonly #arrivals: Arrivals
  /** What came before the sidecar took the connection; null: it reads it. */
  #early: Arriving[] | null = []
  #hasAppClosed = false
  #hasSidecarEnded = false
  /** A reset has reached the sidecar's kernel. */
  #isReset = false
  #isTold = false

  constructor(
    ends: { app: Incarnation; sidecar: Incarnation; arrivals: Arrivals; appPort: number },
    { side, onTaken }: { readonly side: AppSide; readonly onTaken: (socket: Duplex) => void },
  ) {
    this.#app = ends.app
    this.#sidecar = ends.sidecar
    this.#arrivals = ends.arrivals
    this.#side = side
    this.appPort = ends.appPort
    this.socket = new SidecarSocket(this, ends.appPort)
    ends.arrivals.take(() => {
      const early = this.#early ?? []
      this.#early = null
      onTaken(this.socket)
      for (const arriving of early) this.#arrive(arriving)
    })
  }

  get unreadBytes(): number {
    return this.#unread.reduce((sum, { length }) => sum + length, 0)
  }

  /** Open on both sides. */
  get isOpen(): boolean {
    return !this.#hasAppClosed && !this.#hasSidecarEnded
  }

  /** A line of the kernel's socket table for each end that there still is. */
  tableLines(): string[] {
    const app = `0100007F:${hex(this.appPort, 4)}`
    const us = `0100007F:${hex(PROXY_PORT, 4)}`
    const queue = (bytes: number) => `00000000:${hex(bytes, 8)}`
    const appState = this.#hasSidecarEnded ? '08' : '01'
    const fin = this.#hasSidecarEnded ? 1 : 0
    const lines: string[] = []
    if (!this.#hasAppClosed) lines.push(`0: ${app} ${us} ${appState} ${queue(this.unreadBytes + fin)}`)
    lines.push(`1: ${us} ${app} 01 ${queue(0)}`)
    return lines
  }

  write(bytes: Buffer): void {
    if (this.#hasSidecarEnded || !this.#sidecar.isAlive) this.#tellApp()
    else this.#arrive({ kind: 'data', bytes })
  }

  /** The app's process takes all that lies in its queue. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#unread)
    this.#unread = []
    return bytes
  }

  /** The app's process closes it, or ends. */
  close(): void {
    if (this.#hasAppClosed) return
    const isUnread = this.#unread.length > 0
    this.#hasAppClosed = true
    this.#unread = []
    this.#reset(isUnread ? 'reset' : 'fin')
  }

  #reset(kind: 'fin' | 'reset'): void {
    if (kind === 'reset') this.#isReset = true
    this.#arrive({ kind })
  }

  /** The sidecar's process has crashed: its kernel closes what it had open. */
  sidecarGone(): void {
    this.#hasSidecarEnded = true
    this.#tellApp()
  }

  sidecarWrites(bytes: Buffer, done: (fault?: Error) => void): void {
    this.#sidecar
      .systemCall('app.write', () => {
        if (this.#isReset) throw Object.assign(new Error('write ECONNRESET'), { code: 'ECONNRESET' })
        if (bytes.length === 0) return
        if (this.#hasAppClosed) {
          this.#reset('reset')
          return
        }
        this.#unread.push(bytes)
        this.#app.wake(this.#sidecar.stage.delayMs(this.#app.chance), () => {
          if (this.#unread.length > 0) this.#side.onReadable()
        })
      })
      .then(
        () => done(),
        (fault: unknown) => done(fault as Error),
      )
  }

  /** Nobody is there any more: Node keeps what reads from an open socket for ever. */
  discard(): void {
    this.socket.destroy()
  }

  sidecarEnds(): void {
    if (this.#hasSidecarEnded) return
    this.#hasSidecarEnded = true
    this.#tellApp()
  }

  #tellApp(): void {
    if (this.#isTold) return
    this.#isTold = true
    this.#app.wake(this.#sidecar.stage.delayMs(this.#app.chance), () => {
      // What arrived before is read before.
      if (this.#unread.length > 0) this.#side.onReadable()
      if (!this.#hasAppClosed) this.#side.onEnd()
    })
  }

  #arrive(arriving: Arriving): void {
    if (this.#early === null) this.#arrivals.take(() => this.#deliver(arriving))
    else this.#early.push(arriving)
  }

  #deliver(arriving: Arriving): void {
    if (this.socket.destroyed) return
    switch (arriving.kind) {
      case 'data':
        this.socket.push(arriving.bytes)
        return
      case 'fin':
        this.socket.push(null)
        return
      case 'reset':
        this.socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
    }
  }
}

/** The sidecar's end, as Node's HTTP server takes it. */
class SidecarSocket extends Duplex {
  readonly remoteAddress = '127.0.0.1'
  readonly remotePort: number
  readonly localAddress = '127.0.0.1'
  readonly localPort = PROXY_PORT
  readonly #connection: Connection

  constructor(connection: Connection, appPort: number) {
    super({ allowHalfOpen: true })
    this.#connection = connection
    this.remotePort = appPort
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (fault?: Error) => void): void {
    this.#connection.sidecarWrites(chunk, done)
  }

  override _final(done: () => void): void {
    this.#connection.sidecarEnds()
    done()
  }

  override _destroy(fault: Error | null, done: (fault: Error | null) => void): void {
    this.#connection.sidecarEnds()
    done(fault)
  }

  setTimeout(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
