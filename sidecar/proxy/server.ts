import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { REFUSALS, type Refusal, refusal, refusalBody, refusalHeaders } from '../../contract/refusals.ts'
import { isLeftToAnswer } from '../../runtime/malformed.ts'
import { ConnectionWatch } from './evidence/connection-watch.ts'

/** Room for the claims below the 16 KiB at which the ledger's own parser answers 431. */
const MAX_HEADER_BYTES = 7 * 1024
/** Node looks every half minute, so a head that does not end is given up between one minute and one and a half. */
const HEAD_WITHIN_MS = 60_000

export interface Listening {
  /** Answers one request. Must not reject. */
  onRequest(request: IncomingMessage, response: ServerResponse, watch: ConnectionWatch): void
  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
}

/** An HTTP/1.1 server for apps in the same Pod: strict about framing, and watching who reads what. Not listening yet. */
export function createAppServer({ onRequest, onUpgrade }: Listening): Server {
  const watches = new WeakMap<Socket, ConnectionWatch>()
  const server = createServer({
    insecureHTTPParser: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Closing an idle connection would look to us as if the app had left an answer unread.
    keepAliveTimeout: 0,
    headersTimeout: HEAD_WITHIN_MS,
    // A body has a minute once it has room; how long it waits for that no server can say beforehand.
    requestTimeout: 0,
    // Refused by us, with a code, where Node would answer without one.
    requireHostHeader: false,
    // Java's client offers HTTP/2 on every plain request; such an offer may be ignored.
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
  })
  server.on('connection', (socket) => watches.set(socket, new ConnectionWatch(socket)))
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const watch = watches.get(request.socket)
    if (watch !== undefined) onRequest(request, response, watch)
  }
  server.on('request', handle)
  server.on('checkContinue', handle)
  server.on('checkExpectation', handle)
  server.on('upgrade', (request, socket, head) => onUpgrade(request, socket as Socket, head))
  server.on('connect', (_request, socket) =>
    refuseRaw(socket as Socket, refusal('request_malformed', 'CONNECT is not for this proxy.')),
  )
  server.on('clientError', (fault: NodeJS.ErrnoException, socket) => onMalformed(fault, socket as Socket))
  return server
}

/** Writes a refusal on a socket that no response object serves, and closes it. */
export function refuseRaw(socket: Socket, refused: Refusal): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = refusalBody(refused)
  const headers = { ...refusalHeaders(refused), 'content-length': Buffer.byteLength(body), connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${REFUSALS[refused.code].status} Refused\r\n${lines.join('')}\r\n${body}`)
  socket.once('finish', () => socket.destroy())
}

/** Conflicting lengths, bad chunks, broken lines. */
function onMalformed(fault: NodeJS.ErrnoException, socket: Socket): void {
  if (isLeftToAnswer(fault, socket)) return
  refuseRaw(socket, refusal('request_malformed', malformation(fault)))
}

function malformation({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'HPE_HEADER_OVERFLOW') return `The headers are over the limit of ${MAX_HEADER_BYTES} bytes.`
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'The headers did not come to their end within a minute.'
  return `Not well-formed HTTP/1.1: ${message}`
}
