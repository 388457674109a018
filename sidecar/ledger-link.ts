import { Agent as HttpAgent, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { headerText } from '../runtime/header-text.ts'
import type { Timers } from '../runtime/timers.ts'
import type { LeavingSignal } from './leaving.ts'
import { KEEP_ALIVE_PROBE_MS, LinkConnections } from './link/connections.ts'

export interface LedgerRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body: Uint8Array
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: LeavingSignal
}

export interface LedgerAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** All of a small one, or what still comes; that throws when the answer is cut. */
  readonly body: Buffer | AsyncIterable<Uint8Array>
}

/** The network between this Pod and its ledger. */
export interface LedgerLink {
  /** Resolves with the head of the answer. Throws `LedgerUnreachable`, or the signal's reason. */
  ask(request: LedgerRequest): Promise<LedgerAnswer>
}

/** No answer came: nothing is known about what the ledger did with the request. */
export class LedgerUnreachable extends Error {
  override readonly name = 'LedgerUnreachable'
}

/** Where the ledger is, as `node:http` and the proxy library take it. */
export interface LedgerAddress {
  readonly isTls: boolean
  /** Either a socket path, or host and port. */
  readonly socketPath?: string
  readonly host: string
  readonly port: number
  /** PEM of the only certificate authority that is trusted; without it the system's. */
  readonly caPem?: string
}

/** Reads `https://host[:port]`, `http://host[:port]` or `unix:/path`. Undefined when it is none of these. */
export function parseLedgerAddress(url: string, caPem?: string): LedgerAddress | undefined {
  if (url.startsWith('unix:/'))
    return { isTls: false, socketPath: url.slice('unix:'.length), host: 'localhost', port: 0 }
  if (!URL.canParse(url)) return undefined
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const isTls = protocol === 'https:'
  if (!isTls && protocol !== 'http:') return undefined
  if (pathname !== '/' || search !== '') return undefined
  return {
    isTls,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    ...(caPem === undefined ? {} : { caPem }),
  }
}

/** What keeps the proxy library's connections. TLS is loaded only where it is spoken: it costs a Pod about 6 MiB. */
export async function agentOf({ isTls, caPem }: LedgerAddress): Promise<HttpAgent> {
  const keepAlive = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_PROBE_MS, scheduling: 'lifo' } as const
  if (!isTls) return new HttpAgent(keepAlive)
  const https = await import('node:https')
  return new https.Agent({ ...keepAlive, ...(caPem === undefined ? {} : { ca: caPem }) })
}

/** Keep-alive connections with an HTTP client of our own: `node:http`'s takes three times the time of a call. */
export function connectLedger(address: LedgerAddress, timers: Timers): LedgerLink {
  const connections = new LinkConnections(address, timers)
  const host = hostOf(address)
  return {
    async ask(request) {
      const { body, signal } = request
      try {
        return await connections.send(headOf(request, host), body, signal)
      } catch (fault) {
        if (signal?.aborted) throw signal.reason
        throw new LedgerUnreachable((fault as Error).message, { cause: fault })
      }
    },
  }
}

/** Reads an answer to its end. Throws `LedgerUnreachable` when it is cut. */
export async function readBody(answer: LedgerAnswer): Promise<Buffer> {
  if (Buffer.isBuffer(answer.body)) return answer.body
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of answer.body) chunks.push(chunk)
  } catch (fault) {
    throw new LedgerUnreachable('the answer was cut', { cause: fault })
  }
  return chunks.length === 1 && Buffer.isBuffer(chunks[0]) ? chunks[0] : Buffer.concat(chunks)
}

function hostOf({ host, port, isTls }: LedgerAddress): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === 0 || port === (isTls ? 443 : 80) ? name : `${name}:${port}`
}

/** All of a request but its body. */
function headOf({ method, path, headers, body }: LedgerRequest, host: string): string {
  if (UNFIT_TARGET.test(method) || UNFIT_TARGET.test(path)) throw new Error(`not a request line: ${method} ${path}`)
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${headerText(headers)}`
  const isBodiless = body.length === 0 && (method === 'GET' || method === 'HEAD')
  return isBodiless ? `${head}\r\n` : `${head}content-length: ${body.length}\r\n\r\n`
}

/** What could end a request line, or is no byte of its own. */
const UNFIT_TARGET = /[^\x21-\xff]/
