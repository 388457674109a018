import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Node keeps the answer that is next on its socket. */
type AnsweringSocket = Duplex & { readonly _httpMessage?: ServerResponse | null }

/**
 * Node's parser has refused what came. True where nothing is to be said of that: an answer that has begun would be spoilt,
 * so the connection is cut; and what came behind a whole request, a byte too many of its body say, is no reason to tell
 * whoever sent it that this was refused: it gets its own answer, which is the last.
 */
export function isLeftToAnswer(fault: NodeJS.ErrnoException, socket: AnsweringSocket): boolean {
  const next = socket._httpMessage
  if (fault.code === 'ECONNRESET' || next?.headersSent === true) {
    socket.destroy()
    return true
  }
  if (next?.req.complete !== true) return false
  next.setHeader('connection', 'close')
  return true
}

/** As Node answers by itself; anything else gets 400. */
const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** For a server whose clients get no refusals of ours. */
export function answerMalformed(fault: NodeJS.ErrnoException, socket: AnsweringSocket): void {
  if (isLeftToAnswer(fault, socket)) return
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const status = STATUS_LINES[fault.code ?? ''] ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`, () => socket.destroy())
}
