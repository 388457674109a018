import { connect as connectPlain, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Timers } from '../../runtime/timers.ts'
import type { LeavingSignal } from '../leaving.ts'
import { LinkConnection, type ReceivedAnswer } from './connection.ts'

/** A ledger that does not take the connection within this time counts as unreachable. */
const CONNECT_TIMEOUT_MS = 3_000
/** A peer that vanished without a word is noticed by TCP keep-alive about 10 s after this much silence. */
export const KEEP_ALIVE_PROBE_MS = 5_000
/** All connections read into one buffer, since what is read is taken out of it at once. Bytes. */
const READ_BUFFER_BYTES = 64 * 1024

/** Where connections go. */
export interface LinkPlace {
  readonly isTls: boolean
  readonly socketPath?: string
  readonly host: string
  readonly port: number
  readonly caPem?: string
}

/** Connections to one place, kept open, the one used last first. */
export class LinkConnections {
  readonly #place: LinkPlace
  readonly #timers: Timers
  readonly #free: LinkConnection[] = []
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)

  constructor(place: LinkPlace, timers: Timers) {
    this.#place = place
    this.#timers = timers
  }

  /** Rejects with the socket's fault, with a `BadAnswer`, or with the signal's reason. */
  send(head: string, body: Uint8Array, signal: LeavingSignal | undefined): Promise<ReceivedAnswer> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const free = this.#freeOne()
    return free === undefined ? this.#sendAnew(head, body, signal) : free.send({ head, body, signal })
  }

  async #sendAnew(head: string, body: Uint8Array, signal: LeavingSignal | undefined): Promise<ReceivedAnswer> {
    const connection = await this.#open()
    if (!signal?.aborted) return connection.send({ head, body, signal })
    this.#free.push(connection)
    throw signal.reason
  }

  #freeOne(): LinkConnection | undefined {
    for (let one = this.#free.pop(); one !== undefined; one = this.#free.pop()) if (one.isUsable) return one
    return undefined
  }

  async #open(): Promise<LinkConnection> {
    let connection: LinkConnection | null = null
    const onread = {
      buffer: this.#buffer,
      callback: (bytes: number) => {
        connection?.received(this.#buffer.subarray(0, bytes))
        return true
      },
    }
    const { socket, readyEvent } = await this.#dial(onread)
    socket.setNoDelay(true)
    connection = new LinkConnection(socket, (free) => this.#free.push(free))
    await ready(socket, readyEvent, this.#timers)
    socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS)
    return connection
  }

  /** TLS is loaded only where it is spoken: it costs a Pod about 6 MiB. */
  async #dial(onread: {
    buffer: Buffer
    callback(bytes: number): boolean
  }): Promise<{ socket: Socket; readyEvent: 'connect' | 'secureConnect' }> {
    const { isTls, socketPath, host, port, caPem } = this.#place
    if (!isTls) {
      const place = socketPath === undefined ? { host, port } : { path: socketPath }
      return { socket: connectPlain({ ...place, onread }), readyEvent: 'connect' }
    }
    const { connect } = await import('node:tls')
    const ca = caPem === undefined ? {} : { ca: caPem }
    // Node's documents name `onread` for TLS too; its types do not yet.
    const options: ConnectionOptions & { onread: typeof onread } = { ...{ host, port, onread }, ...ca }
    const socket = connect(isAddress(host) ? options : { ...options, servername: host })
    return { socket, readyEvent: 'secureConnect' }
  }
}

/** An address names no server: RFC 6066, section 3. The certificate is held against the host all the same. */
function isAddress(host: string): boolean {
  return host.includes(':') || /^[0-9.]+$/.test(host)
}

function ready(socket: Socket, event: 'connect' | 'secureConnect', timers: Timers): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('connect timed out')))
    const onFault = (fault: Error) => {
      cancel()
      reject(fault)
    }
    const onClose = () => onFault(new Error('the connection was closed before it stood'))
    socket.once('error', onFault)
    socket.once('close', onClose)
    socket.once(event, () => {
      cancel()
      socket.off('error', onFault)
      socket.off('close', onClose)
      resolve()
    })
  })
}
