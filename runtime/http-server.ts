import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Drainer, type RequestHandler } from './drainer.ts'
import { answerMalformed } from './malformed.ts'
import type { WholeConnectionOptions } from './whole-connection.ts'

/** Where a server listens: a TCP address or the path of a Unix socket. */
export type ListenAddress = { host: string; port: number } | { socketPath: string }

/** Node waits two minutes for a handshake, and after the end of its server for ever for the rest of a request. */
const STALLED_MS = 10_000

/** PEM texts. */
export interface TlsPair {
  readonly certPem: string
  readonly keyPem: string
}

export interface HttpServerOptions {
  listen: ListenAddress
  handler: RequestHandler
  /**
   * Who answers requests that come whole and in the plainest form: these are read and answered on the socket, for a third of
   * what Node's server takes. Without it, and for all others, `handler` does.
   */
  whole?: WholeConnectionOptions['handlerOf']
  /** PEM texts. Without them the server speaks plain HTTP. */
  tls?: TlsPair
  /** How long an idle connection is kept. Default 95 000 ms: longer than the API server's and most clients' own. */
  keepAliveTimeoutMs?: number
  /** How long a peer may be silent in its TLS handshake, and in the midst of a request or answer while the server drains. Default 10 000 ms. */
  stalledMs?: number
  /** Size of all request headers together. Default 16 KiB (Node's); above it Node answers 431. */
  maxHeaderBytes?: number
}

export interface RunningServer {
  readonly server: Server
  /** The bound address, with the real port where 0 was asked for. */
  readonly address: ListenAddress
  /** Another certificate, from the next connection on. Without effect on a server that speaks plain HTTP. */
  useTls(tls: TlsPair): void
  /**
   * From now on each answer is the last of its connection. Nothing is closed that is idle, and new connections are taken:
   * so a client that keeps connections never writes into one that is being closed. Resolves when none is open.
   */
  retire(): Promise<void>
  /**
   * Stops listening, closes idle connections, resolves when the last request has ended. Whoever then is silent in the
   * midst of a request, or does not take his answer, is cut off.
   */
  drain(): Promise<void>
}

/** Binds and listens. Rejects with the socket's error (`EADDRINUSE`, `EACCES`) when it cannot. */
export async function startHttpServer(options: HttpServerOptions): Promise<RunningServer> {
  const drainer = new Drainer(options.handler, options.stalledMs ?? STALLED_MS)
  const server = create({ ...options, handler: drainer.handler })
  const idleMs = options.keepAliveTimeoutMs ?? 95_000
  const connected = options.tls === undefined ? 'connection' : 'secureConnection'
  if (options.whole !== undefined) readWhole(server, connected, { handlerOf: options.whole, idleMs, drainer })
  server.on(connected, (socket: Socket) => drainer.hold(socket))
  server.on('clientError', answerMalformed)
  // Without a handshake an answer waits for good, and a drain with it.
  server.on('tlsClientError', (_fault: Error, socket: Socket) => socket.destroy())
  server.keepAliveTimeout = idleMs
  server.headersTimeout = server.keepAliveTimeout + 5_000
  // A call may wait minutes for its vendor; deadlines are the journeys' own.
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const listening = () => {
      server.off('error', reject)
      resolve()
    }
    if ('socketPath' in options.listen) server.listen(options.listen.socketPath, listening)
    else server.listen(options.listen.port, options.listen.host, listening)
  })
  return {
    server,
    address: boundAddress(server, options.listen),
    useTls({ certPem, keyPem }) {
      if (server instanceof HttpsServer) server.setSecureContext({ cert: certPem, key: keyPem })
    },
    retire: () => drainer.retire(),
    drain: () => drainer.drain(server),
  }
}

function create(options: HttpServerOptions): Server {
  const limits = { maxHeaderSize: options.maxHeaderBytes ?? 16 * 1024, requireHostHeader: true }
  if (options.tls === undefined) return createHttpServer(limits, options.handler)
  return createHttpsServer(
    {
      ...limits,
      handshakeTimeout: options.stalledMs ?? STALLED_MS,
      cert: options.tls.certPem,
      key: options.tls.keyPem,
    },
    options.handler,
  )
}

/** Puts a reader of whole requests before Node's own, which gets what the reader does not take. */
function readWhole(
  server: Server,
  connected: 'connection' | 'secureConnection',
  { handlerOf, idleMs, drainer }: Pick<WholeConnectionOptions, 'handlerOf' | 'idleMs'> & { readonly drainer: Drainer },
): void {
  const nodes = server.listeners(connected)
  server.removeAllListeners(connected)
  const handOver = (socket: Socket) => {
    for (const listener of nodes) listener.call(server, socket)
  }
  server.on(connected, (socket: Socket) => {
    drainer.read(socket, { handlerOf, idleMs, handOver })
  })
}

function boundAddress(server: Server, asked: ListenAddress): ListenAddress {
  if ('socketPath' in asked) return asked
  const { port } = server.address() as AddressInfo
  return { host: asked.host, port }
}
