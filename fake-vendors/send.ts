import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Timers } from '../runtime/timers.ts'
import type { Fault } from './faults.ts'
import type { Answer } from './vendor.ts'

const GARBAGE = '\u0016\u0003\u0001 this is not HTTP\r\n\r\n'

/** Sends the answer as it should be. */
export function send(response: ServerResponse, answer: Answer): void {
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': String(body.length) })
  response.end(body)
}

/** Resets the connection without an answer. */
export function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy()
}

/** Bytes that no HTTP client can read. */
export function sendGarbage(response: ServerResponse): void {
  response.socket?.end(GARBAGE)
}

/** The headers and the first half of the body, then a reset. */
export function sendHalf(response: ServerResponse, answer: Answer): void {
  const body = Buffer.from(answer.body)
  const { socket } = response
  const half = body.subarray(0, Math.floor(body.length / 2))
  socket?.write(Buffer.concat([head(answer, body.length), half]), () => socket.resetAndDestroy())
}

/** A Content-Length that is wrong by `byBytes`, the whole body, then the end of the connection. */
export function sendWrongLength(response: ServerResponse, answer: Answer, byBytes: number): void {
  const body = Buffer.from(answer.body)
  response.socket?.end(Buffer.concat([head(answer, Math.max(0, body.length + byBytes)), body]))
}

/** The right answer, a few bytes at a time. Stops when the client leaves. */
export async function sendSlowly(
  response: ServerResponse,
  answer: Answer,
  pace: Extract<Fault, { kind: 'drip' }> & { timers: Timers },
): Promise<void> {
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': String(body.length) })
  for (let at = 0; at < body.length && !response.destroyed; at += pace.chunkBytes) {
    response.write(body.subarray(at, at + pace.chunkBytes))
    await pace.timers.sleep(pace.everyMs)
  }
  response.end()
}

function head(answer: Answer, contentLength: number): Buffer {
  const headers = { ...answer.headers, 'Content-Length': String(contentLength) }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${lines.join('')}\r\n`)
}
