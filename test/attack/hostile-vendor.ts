import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { systemTimers } from '../../runtime/timers.ts'

/** Writes whatever it likes as the answer to one request, given as text. */
export type Misbehaviour = (socket: Socket, request: string) => void

/** A vendor that keeps to no promise, byte by byte. The header `x-case` of a call says how it is to be answered. */
export class HostileVendor {
  readonly url: string
  readonly #server: Server
  readonly #cases = new Map<string, Misbehaviour>()
  readonly #sockets = new Set<Socket>()
  readonly #hits = new Map<string, number>()
  #waiting: { name: string; resolve: () => void }[] = []

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (socket) => this.#serve(socket))
  }

  static async start(): Promise<HostileVendor> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new HostileVendor(server)
  }

  /** Calls with `x-case: <name>` are answered so. */
  on(name: string, misbehave: Misbehaviour): void {
    this.#cases.set(name, misbehave)
  }

  /** How many requests came with this `x-case`. */
  hits(name: string): number {
    return this.#hits.get(name) ?? 0
  }

  /** Resolves when a request has come with this `x-case`. */
  reached(name: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.hits(name) > 0) resolve()
      else this.#waiting.push({ name, resolve })
    })
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    let received = ''
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      const end = endOfRequest(received)
      if (end === undefined) return
      const request = received.slice(0, end)
      received = received.slice(end)
      const name = /^x-case: (\S+)/im.exec(request)?.[1] ?? ''
      this.#hits.set(name, this.hits(name) + 1)
      for (const waiter of this.#waiting) if (waiter.name === name) waiter.resolve()
      this.#waiting = this.#waiting.filter((waiter) => waiter.name !== name)
      const misbehave = this.#cases.get(name)
      if (misbehave === undefined) throw new Error(`no misbehaviour is named ${name}`)
      misbehave(socket, request)
    })
  }
}

/** An answer with a JSON body; `lines` are further header lines. */
export function jsonAnswer(body: object, lines: readonly string[] = [], status = '200 OK'): string {
  const text = JSON.stringify(body)
  const head = [`HTTP/1.1 ${status}`, 'content-type: application/json', `content-length: ${text.length}`, ...lines]
  return `${head.join('\r\n')}\r\n\r\n${text}`
}

/** Writes part after part, each on its own; `nextPart` undefined ends it, and so does the connection's end. */
export function drip(socket: Socket, everyMs: number, nextPart: () => string | undefined): void {
  const cancel = systemTimers.every(everyMs, () => {
    const part = nextPart()
    if (part === undefined || socket.destroyed) cancel()
    else socket.write(part)
  })
}

function endOfRequest(received: string): number | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const end = headEnd + 4 + Number(/^content-length: (\d+)/im.exec(received)?.[1] ?? 0)
  return received.length < end ? undefined : end
}
