import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { answerMalformed } from './malformed.ts'
import { PassingMap } from './passing-map.ts'
import { WholeConnection, type WholeConnectionOptions } from './whole-connection.ts'

/** Where a server listens: a TCP address or the path of a Unix socket. */
export type ListenAddress = { host: string; port: number } | { socketPath: string }

/** PEM texts. */
export interface TlsPair {
  readonly certPem: string
  readonly keyPem: string
}

export interface HttpServerOptions {
  listen: ListenAddress
  handler: (request: IncomingMessage, response: ServerResponse) => void
  /**
   * Who answers requests that come whole and in the plainest form: these are read and answered on the socket, for a third of
   * what Node's server takes. Without it, and for all others, `handler` does.
   */
  whole?: WholeConnectionOptions['handlerOf']
  /** PEM texts. Without them the server speaks plain HTTP. */
  tls?: TlsPair
  /** How long an idle connection is kept. Default 95 000 ms: longer than the API server's and most clients' own. */
  keepAliveTimeoutMs?: number
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
  /** Stops listening, closes idle connections, resolves when the last request has ended. */
  drain(): Promise<void>
}

/** Binds and listens. Rejects with the socket's error (`EADDRINUSE`, `EACCES`) when it cannot. */
export async function startHttpServer(options: HttpServerOptions): Promise<RunningServer> {
  const drainer = new Drainer(options.handler)
  const server = create({ ...options, handler: drainer.handler })
  const idleMs = options.keepAliveTimeoutMs ?? 95_000
  const connected = options.tls === undefined ? 'connection' : 'secureConnection'
  if (options.whole !== undefined) readWhole(server, connected, { handlerOf: options.whole, idleMs, drainer })
  server.on(connected, (socket: Socket) => drainer.hold(socket))
  server.on('clientError', answerMalformed)
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
  return createHttpsServer({ ...limits, cert: options.tls.certPem, key: options.tls.keyPem }, options.handler)
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

/** Sees to it that no connection stays open, idle, after an answer that it gets once the server is about to go. */
class Drainer {
  readonly handler: HttpServerOptions['handler']
  readonly #open = new PassingMap<number, ServerResponse>()
  #lastId = 0
  readonly #connections = new Set<Socket>()
  readonly #whole = new Set<WholeConnection>()
  readonly #empty = Promise.withResolvers<void>()
  #isLeaving = false

  constructor(handler: HttpServerOptions['handler']) {
    this.handler = (request, response) => {
      this.#lastId += 1
      const id = this.#lastId
      this.#open.set(id, response)
      response.once('close', () => this.#open.take(id))
      if (this.#isLeaving) closeAfter(response)
      handler(request, response)
    }
  }

  hold(socket: Socket): void {
    this.#connections.add(socket)
    socket.once('close', () => {
      this.#connections.delete(socket)
      if (this.#isLeaving && this.#connections.size === 0) this.#empty.resolve()
    })
  }

  read(socket: Socket, options: Omit<WholeConnectionOptions, 'isLeaving'>): void {
    const handOver = (handed: Socket) => {
      this.#whole.delete(connection)
      options.handOver(handed)
    }
    const connection = new WholeConnection(socket, { ...options, handOver, isLeaving: () => this.#isLeaving })
    this.#whole.add(connection)
    socket.once('close', () => this.#whole.delete(connection))
  }

  retire(): Promise<void> {
    this.#leave()
    return this.#connections.size === 0 ? Promise.resolve() : this.#empty.promise
  }

  drain(server: Server): Promise<void> {
    this.#leave()
    return new Promise((resolve) => {
      server.close(() => resolve())
      server.closeIdleConnections()
      for (const connection of this.#whole) connection.closeIdle()
    })
  }

  #leave(): void {
    this.#isLeaving = true
    for (const response of this.#open.values()) closeAfter(response)
  }
}

function closeAfter(response: ServerResponse): void {
  const { socket } = response
  if (response.headersSent) response.once('finish', () => socket?.end())
  else response.shouldKeepAlive = false
}
