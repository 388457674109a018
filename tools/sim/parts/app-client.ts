import type { Incarnation } from '../incarnation.ts'
import type { AppSide, Connection } from './connection.ts'

export interface AppAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type AppResult = AppAnswer | { readonly failure: 'refused' | 'cut' | 'timed out' }

export interface AppRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly timeoutMs: number
  readonly keepsAlive: boolean
  /** Of a stream: what it ends with for whoever reads it, who then closes the connection, whatever may follow. */
  readonly closesAt?: string
}

/** Opens a connection to the sidecar; undefined when nobody listens. */
export type Dial = (side: AppSide) => Connection | undefined

const DIAL_MS = 0.05

/** An app's HTTP client: HTTP/1.1, one request at a time on a connection, idle ones used again. */
export class AppClient {
  readonly #app: Incarnation
  readonly #dial: Dial
  readonly #idle: Wire[] = []
  readonly #all = new Set<Wire>()

  constructor(app: Incarnation, dial: Dial) {
    this.#app = app
    this.#dial = dial
  }

  async request(request: AppRequest): Promise<AppResult> {
    const wire = await this.#connect()
    if (wire === undefined) return { failure: 'refused' }
    const result = await wire.exchange(request, this.#app)
    const isClosed = request.closesAt !== undefined || !request.keepsAlive
    if ('failure' in result || isClosed || result.headers['connection'] === 'close') this.#drop(wire)
    else this.#idle.push(wire)
    return result
  }

  /** The process has ended: its kernel closes everything. */
  closeAll(): void {
    for (const wire of this.#all) wire.close()
    this.#all.clear()
  }

  async #connect(): Promise<Wire | undefined> {
    for (let wire = this.#idle.pop(); wire !== undefined; wire = this.#idle.pop()) {
      if (wire.isUsable) return wire
      this.#drop(wire)
    }
    return this.#app.effect(
      'app.connect',
      () => {
        const made = new Wire()
        const connection = this.#dial(made)
        if (connection === undefined) return undefined
        made.connection = connection
        this.#all.add(made)
        return made
      },
      DIAL_MS,
    )
  }

  #drop(wire: Wire): void {
    wire.close()
    this.#all.delete(wire)
  }
}

/** One connection and the answer that is being read from it. */
class Wire implements AppSide {
  connection: Connection | undefined
  #received = Buffer.alloc(0)
  #onResult: ((result: AppResult) => void) | null = null
  #closesAt: string | undefined
  #hasEnded = false

  get isUsable(): boolean {
    return !this.#hasEnded && this.connection?.isOpen === true
  }

  exchange(request: AppRequest, app: Incarnation): Promise<AppResult> {
    return new Promise((resolve) => {
      const cancel = app.wake(request.timeoutMs, () => this.#end({ failure: 'timed out' }))
      this.#received = Buffer.alloc(0)
      this.#closesAt = request.closesAt
      this.#onResult = (result) => {
        cancel()
        resolve(result)
      }
      void app.effect('app.send', () => this.connection?.write(requestBytes(request)))
    })
  }

  onReadable(): void {
    if (this.connection === undefined) return
    this.#received = Buffer.concat([this.#received, this.connection.take()])
    const answer = parseAnswer(this.#received, this.#closesAt)
    if (answer !== undefined) this.#end(answer)
  }

  onEnd(): void {
    this.#hasEnded = true
    this.#end({ failure: 'cut' })
  }

  close(): void {
    this.#hasEnded = true
    this.connection?.close()
  }

  #end(result: AppResult): void {
    const tell = this.#onResult
    this.#onResult = null
    tell?.(result)
  }
}

function requestBytes({ path, headers, body, keepsAlive }: AppRequest): Buffer {
  const all = {
    host: 'localhost:8080',
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    ...(keepsAlive ? {} : { connection: 'close' }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

/** Undefined until it is whole, or has come to what its reader closes at. */
function parseAnswer(bytes: Buffer, closesAt: string | undefined): AppAnswer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const rest = bytes.subarray(headEnd + 4)
  // An informational answer goes before the real one.
  if (status === 100) return parseAnswer(rest, closesAt)
  if (headers['transfer-encoding'] === 'chunked') {
    const { body, isWhole } = readChunks(rest)
    const isEnough = isWhole || (closesAt !== undefined && body.includes(closesAt))
    return isEnough ? { status, headers, body } : undefined
  }
  const length = Number(headers['content-length'] ?? 0)
  if (rest.length < length) return undefined
  return { status, headers, body: rest.toString('utf8', 0, length) }
}

/** As far as they have come. */
function readChunks(bytes: Buffer): { readonly body: string; readonly isWhole: boolean } {
  let body = ''
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return { body, isWhole: false }
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const end = lineEnd + 2 + size
    body += bytes.toString('utf8', lineEnd + 2, Math.min(end, bytes.length))
    if (bytes.length < end + 2) return { body, isWhole: false }
    if (size === 0) return { body, isWhole: true }
    at = end + 2
  }
}
