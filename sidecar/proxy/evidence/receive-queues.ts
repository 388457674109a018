import { connect, createServer, type Socket } from 'node:net'
import type { SidecarEffects } from '../effects.ts'
import type { ConnectionWatch, Ends, Verdict } from './connection-watch.ts'
import { SocketTable } from './socket-table.ts'

const LOOK_EVERY_MS = 2
/** A look costs the kernel a walk through its whole socket table (4 ms seen on a machine with much memory): never more than a third of our time. */
const PAUSE_PER_COST = 2

export interface UnreadAnswer {
  readonly watch: ConnectionWatch
  readonly onVerdict: (verdict: Verdict) => void
}

/** E3: looks at the receive queues of the apps' sockets while somebody waits for it. */
export class ReceiveQueues {
  readonly #effects: SidecarEffects
  readonly #wanted: () => readonly UnreadAnswer[]
  #isProved = false
  #isLooking = false

  /** `wanted` tells which answers somebody waits for. */
  constructor(effects: SidecarEffects, wanted: () => readonly UnreadAnswer[]) {
    this.#effects = effects
    this.#wanted = wanted
  }

  /** Proves that this kernel shows unread bytes as such and read ones as read; without that, E1 and E2 must do. */
  async prove(probe: () => Promise<LoopbackProbe> = openLoopbackProbe): Promise<boolean> {
    try {
      const pair = await probe()
      try {
        const shown = (await this.#look()).unreadBytes(pair.ends)
        await pair.read()
        this.#isProved = shown === pair.bytes && (await this.#look()).unreadBytes(pair.ends) === 0
      } finally {
        pair.close()
      }
    } catch (fault) {
      this.#effects.log.debug({ err: fault }, 'the proof of receive queues failed')
    }
    if (!this.#isProved) {
      this.#effects.log.warn(
        'this kernel does not show receive queues: only further requests and closing count as reading',
      )
    }
    // Answers may have been written while this was not known.
    this.wake()
    return this.#isProved
  }

  /** Somebody may have begun to wait. */
  wake(): void {
    if (!this.#isProved || this.#isLooking || this.#wanted().length === 0) return
    this.#isLooking = true
    void this.#lookWhileWanted().finally(() => {
      this.#isLooking = false
    })
  }

  async #lookWhileWanted(): Promise<void> {
    const { clock, timers, log } = this.#effects
    while (this.#wanted().length > 0) {
      const startedMs = clock.monotonicMs()
      try {
        // Taken before the look: an answer written after it would be judged by queues that it had not reached yet.
        const wanted = this.#wanted()
        const table = await this.#look()
        for (const { watch, onVerdict } of wanted) if (table.hasRead(watch.ends)) watch.foundRead(onVerdict)
      } catch (fault) {
        log.warn({ err: fault }, 'the socket tables could not be read')
        return
      }
      const costMs = clock.monotonicMs() - startedMs
      await timers.sleep(Math.max(LOOK_EVERY_MS, PAUSE_PER_COST * costMs))
    }
  }

  async #look(): Promise<SocketTable> {
    const { files } = this.#effects
    const [tcp, tcp6] = await Promise.all([files.read('/proc/net/tcp'), files.read('/proc/net/tcp6')])
    return new SocketTable(tcp ?? '', tcp6 ?? '')
  }
}

/** A connection of ours to ourselves, with bytes on it that nobody has read. */
export interface LoopbackProbe {
  /** The end that has not read, as if it were the app's. */
  readonly ends: Ends
  readonly bytes: number
  /** Reads them. */
  read(): Promise<void>
  close(): void
}

async function openLoopbackProbe(): Promise<LoopbackProbe> {
  const server = createServer({ pauseOnConnect: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const address = server.address()
  const writer = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  const reader = await accepted
  const text = 'unread'
  await new Promise((resolve) => writer.write(text, resolve))
  for (const socket of [reader, writer]) socket.on('error', () => {})
  return {
    ends: {
      appAddress: reader.localAddress ?? '',
      appPort: reader.localPort ?? 0,
      ourAddress: reader.remoteAddress ?? '',
      ourPort: reader.remotePort ?? 0,
    },
    bytes: text.length,
    read: () =>
      new Promise((resolve) => {
        reader.once('data', () => resolve())
        reader.resume()
      }),
    close() {
      reader.destroy()
      writer.destroy()
      server.close()
    },
  }
}
