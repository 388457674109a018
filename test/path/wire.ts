import { rmSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { CallClaims } from '../../contract/call.ts'
import { decodeClaims } from '../../contract/claims-header.ts'
import { CLAIMS_HEADER } from '../../contract/headers.ts'

/** A call as the sidecar sent it. */
export interface Carried {
  readonly claims: CallClaims
  /** Sends it once more, as a network that repeats a packet would. */
  sendCopy(): Promise<{ status: number; refused: string | undefined }>
}

/**
 * `lose_answer`: the ledger gets the request, and its answer is lost. `lose_request`: the ledger never hears of it;
 * `sendCopy` may deliver it late.
 */
export type Mishap = 'lose_answer' | 'lose_request'

/** The hop between one sidecar and the ledger, as a network that loses things. */
export class Wire {
  readonly address: string
  /** All calls that came by, exchanges and reports of seen facts left out. */
  readonly calls: Carried[] = []
  readonly #server: Server
  readonly #ledgerSocket: string
  readonly #mishaps: Mishap[] = []
  #isDown = false
  #waiters: { count: number; resolve: () => void }[] = []

  private constructor(socketPath: string, ledgerSocket: string) {
    this.address = `unix:${socketPath}`
    this.#ledgerSocket = ledgerSocket
    this.#server = createServer((request, response) => {
      this.#carry(request, response).catch(() => response.destroy())
    })
  }

  static async open(socketPath: string, ledgerSocket: string): Promise<Wire> {
    rmSync(socketPath, { force: true })
    const wire = new Wire(socketPath, ledgerSocket)
    await new Promise<void>((resolve) => wire.#server.listen(socketPath, resolve))
    return wire
  }

  /** Befalls the next call. */
  next(mishap: Mishap): void {
    this.#mishaps.push(mishap)
  }

  /** From now on nothing arrives. */
  cut(): void {
    this.#isDown = true
  }

  mend(): void {
    this.#isDown = false
  }

  /** Resolves when so many calls have come by. */
  reached(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ count, resolve })
      this.#tell()
    })
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const claims = request.headers[CLAIMS_HEADER]
    const isCall = typeof claims === 'string'
    const mishap = isCall ? this.#mishaps.shift() : undefined
    if (isCall) this.#keep(decodeClaims(claims) as CallClaims, request, body)
    if (this.#isDown || mishap === 'lose_request') {
      request.socket.destroy()
      return
    }
    const answer = await this.#forward(request, body)
    const answerBody: Buffer[] = []
    for await (const chunk of answer) answerBody.push(chunk as Buffer)
    if (mishap === 'lose_answer') {
      request.socket.destroy()
      return
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    response.end(Buffer.concat(answerBody))
  }

  #keep(claims: CallClaims, request: IncomingMessage, body: Buffer): void {
    this.calls.push({
      claims,
      sendCopy: async () => {
        const answer = await this.#forward(request, body)
        answer.resume()
        const refused = answer.headers['jobcap-refused']
        return { status: answer.statusCode ?? 0, refused: typeof refused === 'string' ? refused : undefined }
      },
    })
    this.#tell()
  }

  #forward({ method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        { socketPath: this.#ledgerSocket, method, path: url, headers, agent: false },
        resolve,
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  #tell(): void {
    const told = this.#waiters.filter(({ count }) => this.calls.length >= count)
    this.#waiters = this.#waiters.filter((waiter) => !told.includes(waiter))
    for (const { resolve } of told) resolve()
  }
}
