import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { ProxyServer } from 'http-proxy'
import { JOBCAP_HEADER_PREFIX, REFUSED_HEADER } from '../../contract/headers.ts'
import type { LeavingSignal } from '../leaving.ts'
import { agentOf, type LedgerAddress, type LedgerAnswer, LedgerUnreachable } from '../ledger-link.ts'

const CONNECT_TIMEOUT_MS = 3_000

export interface PassedRequest {
  /** With the query. */
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  /** A body at hand, or what was read of it and where the rest comes from. */
  readonly body: Uint8Array | { readonly first: Uint8Array; readonly rest: Readable }
  /** Aborted when the app has left. */
  readonly gone: LeavingSignal
}

/** The door of the proxy library: what goes through to the ledger without being collected. */
export interface Passthrough {
  /** Throws `LedgerUnreachable` when no answer came, or the signal's reason. */
  ask(request: IncomingMessage, response: ServerResponse, passed: PassedRequest): Promise<LedgerAnswer>
  /** Joins the app's connection with one to the ledger. */
  upgrade(
    request: IncomingMessage,
    socket: Socket,
    passed: Omit<PassedRequest, 'body' | 'gone'> & { head: Buffer },
  ): Promise<void>
}

/** The library is loaded at the first request that needs it: most Pods only make paid calls. */
export function createPassthrough(address: LedgerAddress): Passthrough {
  const waiting = new WeakMap<IncomingMessage, (answer: IncomingMessage) => void>()
  let loading: Promise<ProxyServer> | undefined
  const load = () => {
    loading ??= loadProxy(address, (request, answer) => waiting.get(request)?.(answer))
    return loading
  }
  return {
    async ask(request, response, passed) {
      const proxy = await load()
      // The library adds its listeners again at each sending.
      request.setMaxListeners(0)
      response.setMaxListeners(0)
      return new Promise((resolve, reject) => {
        // When the app leaves the library says nothing more.
        passed.gone.addEventListener('abort', () => reject(passed.gone.reason), { once: true })
        waiting.set(request, (answer) =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer }),
        )
        const { body, bodyHeaders } = bodyOf(passed.body, request)
        readdress(request, passed.path, { ...passed.headers, ...bodyHeaders })
        proxy.web(request, response, { buffer: body }, (fault) => reject(new LedgerUnreachable(fault.message)))
      })
    },
    async upgrade(request, socket, { path, headers, head }) {
      const proxy = await load()
      const { upgrade, connection } = request.headers
      readdress(request, path, { ...headers, upgrade, connection })
      proxy.ws(request, socket, head, {}, () => socket.destroy())
    },
  }
}

async function loadProxy(
  address: LedgerAddress,
  onAnswer: (request: IncomingMessage, answer: IncomingMessage) => void,
): Promise<ProxyServer> {
  const { isTls, host, port, socketPath, caPem } = address
  const { createProxyServer } = await import('http-proxy')
  const agent = await agentOf(address)
  const target = {
    protocol: isTls ? 'https:' : 'http:',
    host,
    port,
    ...(socketPath === undefined ? {} : { socketPath }),
    ...(caPem === undefined ? {} : { ca: caPem }),
  }
  const connectTimeout = CONNECT_TIMEOUT_MS
  const proxy = createProxyServer({
    target,
    agent,
    connectTimeout,
    selfHandleResponse: true,
    toProxy: true,
    prependPath: false,
  })
  // An app that breaks its joined connection off. Without a listener the library throws, which ends the process.
  proxy.on('error', (_fault, _request, socket) => void socket.destroy())
  proxy.on('proxyRes', (answer, request) => onAnswer(request, answer))
  proxy.on('proxyReqWs', (outgoing) => {
    outgoing.prependListener('response', stripOurs)
    outgoing.prependListener('upgrade', stripOurs)
  })
  return proxy
}

/** The library copies target and headers from the request. */
function readdress(request: IncomingMessage, path: string, headers: OutgoingHttpHeaders): void {
  request.url = path
  request.headers = headers as IncomingMessage['headers']
}

function bodyOf(
  body: PassedRequest['body'],
  { method, headers }: IncomingMessage,
): { body: Readable; bodyHeaders: OutgoingHttpHeaders } {
  if ('rest' in body) {
    const length = headers['content-length']
    const bodyHeaders = length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': length }
    return { body: Readable.from(joined(body.first, body.rest)), bodyHeaders }
  }
  const isBodiless = body.length === 0 && (method === 'GET' || method === 'HEAD')
  return {
    body: Readable.from(body.length === 0 ? [] : [body]),
    bodyHeaders: isBodiless ? {} : { 'content-length': String(body.length) },
  }
}

async function* joined(first: Uint8Array, rest: Readable): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first
  for await (const chunk of rest) yield chunk as Uint8Array
}

function stripOurs({ headers }: IncomingMessage): void {
  for (const name of Object.keys(headers)) {
    if (name.startsWith(JOBCAP_HEADER_PREFIX) && name !== REFUSED_HEADER) delete headers[name]
  }
}
