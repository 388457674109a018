import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** An app's connection, byte by byte. */
export class AppConnection {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #waiting: (() => void)[] = []
  #hasEnded = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#tell()
    })
    const ended = () => {
      this.#hasEnded = true
      this.#tell()
    }
    socket.on('end', ended).on('close', ended).on('error', ended)
  }

  static async open(port: number, host = '127.0.0.1'): Promise<AppConnection> {
    const socket = connect({ port, host, allowHalfOpen: true })
    await once(socket, 'connect')
    return new AppConnection(socket)
  }

  /** One that reads nothing from its kernel until `socket.resume()`. */
  static async openStalled(port: number): Promise<AppConnection> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    // Before it is connected: later Node would go on reading into a buffer of its own.
    socket.pause()
    const app = new AppConnection(socket)
    await once(socket, 'connect')
    return app
  }

  send(text: string): this {
    this.socket.write(text)
    return this
  }

  /** A form POST to the Stripe stand-in, or elsewhere. */
  post(body: string, { path = '/stripe/v1/payment_intents', headers = '' } = {}): this {
    const type = 'content-type: application/x-www-form-urlencoded\r\n'
    return this.send(
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${type}${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }

  /** The next answer that has a length, is chunked, or ends with the connection. */
  async answer(): Promise<RawAnswer> {
    const at = await this.#find(() => this.#received.indexOf('\r\n\r\n'))
    const head = this.#received.subarray(0, at).toString('latin1')
    const [statusLine = '', ...lines] = head.split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    ) as Record<string, string>
    this.#received = this.#received.subarray(at + 4)
    const body = await this.#body(headers)
    return { status: Number(statusLine.split(' ')[1]), head, headers, body }
  }

  /** Resolves when what has come and is not taken yet satisfies `test`. */
  async until(test: (received: string) => boolean): Promise<void> {
    while (!test(this.#received.toString('latin1'))) await this.#more()
  }

  /** Resolves when our side of the connection has been ended or reset. */
  async ended(): Promise<void> {
    while (!this.#hasEnded) await this.#more()
  }

  async #body(headers: Record<string, string>): Promise<string> {
    if (headers['transfer-encoding'] === 'chunked') {
      const end = await this.#find(() => this.#received.indexOf('0\r\n\r\n'))
      const text = this.#received.subarray(0, end).toString()
      this.#received = this.#received.subarray(end + 5)
      return text.replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '').replace(/\r\n$/, '')
    }
    const length = Number(headers['content-length'] ?? 0)
    await this.#find(() => (this.#received.length >= length ? length : -1))
    const text = this.#received.subarray(0, length).toString()
    this.#received = this.#received.subarray(length)
    return text
  }

  async #find(look: () => number): Promise<number> {
    for (;;) {
      const at = look()
      if (at >= 0) return at
      if (this.#hasEnded)
        throw new Error(`the connection ended before its answer: ${this.#received.toString('latin1')}`)
      await this.#more()
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #tell(): void {
    for (const tell of this.#waiting.splice(0)) tell()
  }
}
