import type { Ends } from './connection-watch.ts'

/** One line of `/proc/net/tcp` or `tcp6`: where its two ends are, and bytes that wait. */
interface SocketLine {
  readonly state: string
  /** Sent and not acknowledged by the other end. */
  readonly sendQueueBytes: number
  /** Received and not read by the process. */
  readonly receiveQueueBytes: number
}

const ESTABLISHED = '01'
/** We have closed our side and the app has not; the FIN counts as one unread byte until it is read. */
const CLOSE_WAIT = '08'

/** The kernel's socket tables, read once. */
export class SocketTable {
  readonly #lines = new Map<string, SocketLine>()

  /** Texts of `/proc/net/tcp` and `tcp6`, either may be empty. */
  constructor(...tables: readonly string[]) {
    for (const table of tables) {
      for (const line of table.split('\n').slice(1)) {
        const [, local = '', remote = '', state = '', queues = ''] = line.trim().split(/\s+/)
        const [send = '', receive = ''] = queues.split(':')
        this.#lines.set(`${canonical(local)} ${canonical(remote)}`, {
          state,
          sendQueueBytes: Number.parseInt(send, 16),
          receiveQueueBytes: Number.parseInt(receive, 16),
        })
      }
    }
  }

  /** Undefined when the table does not have the app's end. */
  unreadBytes(ends: Ends): number | undefined {
    const app = endOf(ends.appAddress, ends.appPort)
    const us = endOf(ends.ourAddress, ends.ourPort)
    const line = this.#lines.get(`${app} ${us}`)
    return line === undefined || (line.state !== ESTABLISHED && line.state !== CLOSE_WAIT)
      ? undefined
      : line.receiveQueueBytes
  }

  /** E3. An empty receive queue proves something only once all our bytes have arrived in it. */
  hasRead(ends: Ends): boolean {
    const us = this.#lines.get(`${endOf(ends.ourAddress, ends.ourPort)} ${endOf(ends.appAddress, ends.appPort)}`)
    return us?.sendQueueBytes === 0 && this.unreadBytes(ends) === 0
  }
}

/** `0100007F:1F90` → `7f000001:8080`; an IPv4 address mapped into IPv6 (Java's sockets) becomes the IPv4 one. */
function canonical(end: string): string {
  const [hex = '', port = ''] = end.split(':')
  const words = hex.match(/.{8}/g) ?? []
  const address = words
    .map((word) => (word.match(/../g) ?? []).reverse().join(''))
    .join('')
    .toLowerCase()
  const plain = address.startsWith(MAPPED_PREFIX) ? address.slice(MAPPED_PREFIX.length) : address
  return `${plain}:${Number.parseInt(port, 16)}`
}

const MAPPED_PREFIX = '00000000000000000000ffff'

/** We listen on loopback addresses only, so there are two. */
function endOf(address: string, port: number): string {
  const plain = address.replace(/^::ffff:/, '')
  return plain === '::1' ? `${'0'.repeat(31)}1:${port}` : `${hexOfIpv4(plain)}:${port}`
}

function hexOfIpv4(address: string): string {
  return address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
}
