import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type RequestOptions,
} from 'node:http'
import type { Timers } from '../runtime/timers.ts'

/** A ledger that does not take the connection within this time counts as unreachable. */
const CONNECT_TIMEOUT_MS = 3_000
/** The ledger takes up to 16 KiB of headers from a vendor and adds its own. */
const MAX_ANSWER_HEADER_BYTES = 32 * 1024
/** A peer that vanished without a word is noticed by TCP keep-alive about 10 s after this much silence. */
const KEEP_ALIVE_PROBE_MS = 5_000

export interface LedgerRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body: Uint8Array
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal
}

export interface LedgerAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Throws when the answer is cut. */
  readonly body: AsyncIterable<Uint8Array>
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

/** What opens connections to the ledger and keeps them. */
export interface Dialer {
  readonly agent: HttpAgent
  readonly open: typeof httpRequest
}

/** TLS is loaded only where it is spoken: it costs a Pod about 6 MiB. */
export async function dialerOf({ isTls, caPem }: LedgerAddress): Promise<Dialer> {
  const keepAlive = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_PROBE_MS, scheduling: 'lifo' } as const
  if (!isTls) return { agent: new HttpAgent(keepAlive), open: httpRequest }
  const https = await import('node:https')
  const agent = new https.Agent({ ...keepAlive, ...(caPem === undefined ? {} : { ca: caPem }) })
  return { agent, open: https.request }
}

/** Keep-alive connections over `node:http`. */
export function connectLedger(address: LedgerAddress, timers: Timers): LedgerLink {
  const dialing = dialerOf(address)
  const place: RequestOptions =
    address.socketPath === undefined
      ? { host: address.host, port: address.port }
      : { socketPath: address.socketPath, host: address.host }
  return { ask: async (request) => ask(request, { dialer: await dialing, place, timers }) }
}

function ask(
  request: LedgerRequest,
  { dialer, place, timers }: { dialer: Dialer; place: RequestOptions; timers: Timers },
): Promise<LedgerAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, signal } = request
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const headers = withLength(request)
    const outgoing = dialer.open({
      ...place,
      agent: dialer.agent,
      method,
      path,
      headers,
      maxHeaderSize: MAX_ANSWER_HEADER_BYTES,
    })
    const abort = () => outgoing.destroy()
    signal?.addEventListener('abort', abort, { once: true })
    outgoing.on('socket', (socket) => {
      socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS)
      if (!socket.connecting) return
      const cancel = timers.after(CONNECT_TIMEOUT_MS, () => outgoing.destroy(new Error('connect timed out')))
      socket.once('connect', cancel)
      socket.once('close', cancel)
    })
    outgoing.on('response', (answer) => {
      answer.once('close', () => signal?.removeEventListener('abort', abort))
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer })
    })
    outgoing.on('error', (fault) => {
      signal?.removeEventListener('abort', abort)
      reject(signal?.aborted ? signal.reason : new LedgerUnreachable(fault.message, { cause: fault }))
    })
    outgoing.end(request.body)
  })
}

/** Reads an answer to its end. Throws `LedgerUnreachable` when it is cut. */
export async function readBody(answer: LedgerAnswer): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of answer.body) chunks.push(chunk)
  } catch (fault) {
    throw new LedgerUnreachable('the answer was cut', { cause: fault })
  }
  return chunks.length === 1 && Buffer.isBuffer(chunks[0]) ? chunks[0] : Buffer.concat(chunks)
}

function withLength({ method, headers, body }: LedgerRequest): OutgoingHttpHeaders {
  const isBodiless = body.length === 0 && (method === 'GET' || method === 'HEAD')
  return isBodiless ? { ...headers } : { ...headers, 'content-length': String(body.length) }
}
