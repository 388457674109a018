import type { LoopbackProbe } from '../../../sidecar/proxy/evidence/receive-queues.ts'

const ENDS = { appAddress: '127.0.0.1', appPort: 40_000, ourAddress: '127.0.0.1', ourPort: 40_001 } as const
const BYTES = 6

/** The connection by which a sidecar finds out whether this machine's kernel shows receive queues. */
export class SocketProbe {
  readonly #showsQueues: boolean
  #isUnread = false

  constructor(showsQueues: boolean) {
    this.#showsQueues = showsQueues
  }

  tableLine(): string {
    const queue = this.#showsQueues && this.#isUnread ? BYTES : 0
    const [app, us] = [ENDS.appPort.toString(16), ENDS.ourPort.toString(16)]
    return `9: 0100007F:${app} 0100007F:${us} 01 00000000:${queue.toString(16)}`
  }

  async start(): Promise<LoopbackProbe> {
    this.#isUnread = true
    return {
      ends: ENDS,
      bytes: BYTES,
      read: async () => {
        this.#isUnread = false
      },
      close: () => {},
    }
  }
}
