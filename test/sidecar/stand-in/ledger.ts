import { mkdtempSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { AnswerNote, CallClaims, SeenFact, SeenReport } from '../../../contract/call.ts'
import { parseClaims, parseSeenReport } from '../../../contract/claims.schema.ts'
import { decodeClaims, encodeNote } from '../../../contract/claims-header.ts'
import type { ExchangeAnswer, ExchangeRequest, SidecarTerms } from '../../../contract/exchange.ts'
import { asHistoryId, asKeyId, asPodUid, asRunUid } from '../../../contract/ids.ts'
import { REFUSALS, type Refusal, refusal, refusalBody, refusalHeaders } from '../../../contract/refusals.ts'

/** A call as it reached the ledger. */
export interface Arrived {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly claims: CallClaims
  /** Answers as the vendor would. `note` is completed: definite, not replayed, the occurrence that is due. */
  answer(
    status: number,
    body: string | Uint8Array,
    more?: { note?: Partial<AnswerNote>; headers?: Record<string, string> },
  ): void
  refuse(refused: Refusal, note?: Partial<AnswerNote>): void
  /** Resets the connection without an answer. */
  cut(): void
  readonly response: ServerResponse
  /** The note that `answer` would send. */
  noteFor(note?: Partial<AnswerNote>): string
}

export const TERMS: SidecarTerms = {
  digestVersion: 1,
  appKeys: 'auto',
  maxBodyBytes: 64 * 1024,
  vendors: [
    { name: 'stripe', type: 'stripe', routes: [] },
    {
      name: 'geocode',
      type: 'generic',
      routes: [
        { match: 'POST /v1/lookup', kind: 'mutating', core: ['/address'] },
        { match: 'POST /v1/upload', kind: 'read', core: [] },
        { match: 'POST /v1/chat', kind: 'llm', core: [] },
      ],
    },
  ],
}

/** Speaks the ledger's side of the contract: it numbers calls by what was seen, and does what a test tells it to do. */
export class StandInLedger {
  readonly calls: Arrived[] = []
  readonly seen: SeenFact[] = []
  readonly reports: SeenReport[] = []
  readonly exchanges: { readonly purpose: string; readonly life?: number; readonly token: string }[] = []
  historyId = asHistoryId('history-1')
  life = 1
  credentialLifeMs = 600_000
  terms = TERMS
  refusesExchange: Refusal | null = null
  /** A credential under which reports are refused as expired. */
  expired = ''
  /** Renewals are answered when a test says so, with what held when they were asked; null: at once. */
  lateRenewals: (() => void)[] | null = null
  /** Exchanges to come whose connection is reset instead of an answer. */
  exchangesToCut = 0
  /** What becomes of each call; by default it succeeds with its claims as the body. */
  onCall: (call: Arrived) => void = (call) => call.answer(200, JSON.stringify({ id: `obj_${this.calls.length}` }))
  /** What becomes of a connection that is to change its protocol. */
  onUpgrade: (socket: Duplex) => void = (socket) => socket.destroy()
  readonly #server: Server
  readonly #upgraded: Duplex[] = []
  #waiting: { test: () => boolean; resolve: () => void }[] = []

  private constructor() {
    this.#server = createServer({ maxHeaderSize: 16 * 1024 }, (request, response) => {
      void this.#serve(request, response)
    })
    this.#server.on('upgrade', (_request, socket) => {
      this.#upgraded.push(socket)
      this.onUpgrade(socket)
    })
  }

  static async start(port = 0): Promise<StandInLedger> {
    const ledger = new StandInLedger()
    await ledger.listen(port)
    return ledger
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  close(): Promise<void> {
    for (const socket of this.#upgraded) socket.destroy()
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  /** Resolves once `test` holds; looked at after everything that reaches the ledger. */
  until(test: () => boolean): Promise<void> {
    if (test()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ test, resolve }))
  }

  exchangeAnswer(): ExchangeAnswer {
    return {
      credential: `pod-credential-${this.exchanges.length}`,
      expiresAtMs: Date.now() + this.credentialLifeMs,
      keyId: asKeyId('key_1'),
      runUid: asRunUid('run-1'),
      podUid: asPodUid('pod-1'),
      index: 0,
      life: this.life,
      historyId: this.historyId,
      sidecar: this.terms,
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      return
    }
    this.#answer(request, response, Buffer.concat(chunks).toString())
    this.#waiting = this.#waiting.filter(({ test, resolve }) => {
      if (!test()) return true
      resolve()
      return false
    })
  }

  #answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    if (request.url === '/vault/keys/exchange') return this.#exchange(request, response, body)
    if (request.url === '/seen') {
      if (request.headers.authorization === `Bearer ${this.expired}`) refuse(response, refusal('credential_expired'))
      else this.#seen(response, body)
      return
    }
    const claims = parseClaims(decodeClaims(String(request.headers['jobcap-claims'])))
    if (claims === undefined) throw new Error(`claims do not parse: ${request.headers['jobcap-claims']}`)
    const call = this.#arrived(request, response, { body, claims })
    if (claims.historyId === this.historyId) this.seen.push(...claims.seen)
    this.calls.push(call)
    if (claims.historyId === this.historyId) return this.onCall(call)
    response.writeHead(409, { 'jobcap-note': call.noteFor({ control: 'new_history', definite: false }) }).end()
  }

  #arrived(
    request: IncomingMessage,
    response: ServerResponse,
    { body, claims }: { body: string; claims: CallClaims },
  ): Arrived {
    const { method = '', url = '', headers } = request
    const noteFor = (note: Partial<AnswerNote> = {}) => {
      const n = claims.ord === null || claims.identity.key?.kind === 'named' ? {} : { n: this.#occurrence(claims) }
      return encodeNote({ historyId: this.historyId, definite: true, replayed: false, ...n, ...note })
    }
    return {
      method,
      url,
      headers,
      body,
      claims,
      response,
      noteFor,
      answer: (status, text, { note = {}, headers: more = {} } = {}) =>
        void response
          .writeHead(status, {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
            'jobcap-note': noteFor(note),
            ...more,
          })
          .end(text),
      refuse: (refused, note) =>
        void response
          .writeHead(REFUSALS[refused.code].status, {
            ...refusalHeaders(refused),
            'jobcap-note': encodeNote({ historyId: this.historyId, definite: false, replayed: false, ...note }),
          })
          .end(refusalBody(refused)),
      cut: () => void request.socket.resetAndDestroy(),
    }
  }

  /** Rule 5: the smallest number not seen. */
  #occurrence({ life, identity }: CallClaims): number {
    const seen = new Set(
      this.seen.filter((fact) => fact.life === life && fact.digest === identity.digest).map(({ n }) => n),
    )
    let n = 1
    while (seen.has(n)) n += 1
    return n
  }

  #exchange(request: IncomingMessage, response: ServerResponse, body: string): void {
    const { purpose, life } = JSON.parse(body) as ExchangeRequest
    this.exchanges.push({ purpose, ...(life && { life }), token: String(request.headers.authorization) })
    if (this.exchangesToCut > 0) {
      this.exchangesToCut -= 1
      request.socket.resetAndDestroy()
      return
    }
    if (purpose === 'begin') this.life += 1
    const refused = this.refusesExchange
    if (refused !== null) return refuse(response, refused)
    const answer = JSON.stringify(this.exchangeAnswer())
    const send = () => void response.writeHead(200).end(answer)
    if (purpose === 'renew' && this.lateRenewals !== null) this.lateRenewals.push(send)
    else send()
  }

  #seen(response: ServerResponse, body: string): void {
    const report = parseSeenReport(JSON.parse(body))
    if (report === undefined) throw new Error(`a report does not parse: ${body}`)
    if (report.historyId !== this.historyId) {
      const note: AnswerNote = { historyId: this.historyId, definite: false, replayed: false, control: 'new_history' }
      response.writeHead(409, { 'jobcap-note': encodeNote(note) }).end()
      return
    }
    this.reports.push(report)
    this.seen.push(...report.seen)
    response.writeHead(200).end(JSON.stringify({ historyId: this.historyId }))
  }
}

function refuse(response: ServerResponse, refused: Refusal): void {
  response.writeHead(REFUSALS[refused.code].status, refusalHeaders(refused)).end(refusalBody(refused))
}

export function newStateDir(): string {
  return mkdtempSync(join(tmpdir(), 'jobcap-sidecar-'))
}
