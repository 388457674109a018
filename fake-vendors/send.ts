import { type ServerResponse, STATUS_CODES } from 'node:http'
import { Readable } from 'node:stream'
import type { Timers } from '../runtime/timers.ts'
import type { Fault } from './faults.ts'
import type { Answer } from './vendor.ts'

const GARBAGE = '\u0016\u0003\u0001 this is not HTTP\r\n\r\n'

/** Sends the answer as it should be. */
export function send(response: ServerResponse, answer: Answer): void {
  if (answer.parts !== undefined) {
    sendParts(response, answer, answer.parts())
    return
  }
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': String(body.length) })
  response.end(body)
}

/** Part by part, no faster than the client reads. */
function sendParts(response: ServerResponse, answer: Answer, parts: Iterable<string>): void {
  response.writeHead(answer.status, answer.headers)
  const source = Readable.from(parts)
  response.once('close', () => source.destroy())
  source.pipe(response)
}

/** So many bytes of the body, then a reset, or the end as if that were all. */
export function sendCut(response: ServerResponse, answer: Answer, cut: Extract<Fault, { kind: 'cut' }>): void {
  const body = bodyOf(answer).subarray(0, cut.afterBytes)
  const isAll = cut.how === 'end'
  response.writeHead(answer.status, answer.headers)
  response.write(body, () => (isAll ? response.end() : response.socket?.resetAndDestroy()))
}

/** All of an answer that comes in parts; only for short ones. */
function bodyOf({ body, parts }: Answer): Buffer {
  return Buffer.from(parts === undefined ? body : [...parts()].join(''))
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
  const body = bodyOf(answer)
  const { socket } = response
  const half = body.subarray(0, Math.floor(body.length / 2))
  socket?.write(Buffer.concat([head(answer, body.length), half]), () => socket.resetAndDestroy())
}

/** A Content-Length that is wrong by `byBytes`, the whole body, then the end of the connection. */
export function sendWrongLength(response: ServerResponse, answer: Answer, byBytes: number): void {
  const body = bodyOf(answer)
  response.socket?.end(Buffer.concat([head(answer, Math.max(0, body.length + byBytes)), body]))
}

/** The right answer, a few bytes at a time. Stops when the client leaves. */
export async function sendSlowly(
  response: ServerResponse,
  answer: Answer,
  pace: Extract<Fault, { kind: 'drip' }> & { timers: Timers },
): Promise<void> {
  const body = bodyOf(answer)
  const length = answer.parts === undefined ? { 'Content-Length': String(body.length) } : {}
  response.writeHead(answer.status, { ...answer.headers, ...length })
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
