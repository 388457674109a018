// A vendor of streams: chat completion chunks as OpenAI sends them. `node stream-vendor.mjs PORT`.
// A request's body says what comes: `events=N` pieces of text, each a chunk of its own, `every=MS` apart; `every=0`: as fast
// as they are taken. HTTP is read and written by hand, so that this process stays far cheaper than what is measured.
import { createServer } from 'node:net'

const [port] = process.argv.slice(2).map(Number)
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n'
const ABOUT =
  '"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767225600,"model":"gpt-4o","service_tier":"default"'
const CHOICE = '{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}'
const framed = (text) => Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`)
const PIECE = framed(`data: {${ABOUT},"choices":[${CHOICE}],"usage":null}\n\n`)
const MOST_IN_A_WRITE = 256
const MANY = Buffer.concat(Array.from({ length: MOST_IN_A_WRITE }, () => PIECE))

function ending(events) {
  const usage = `{"prompt_tokens":10,"completion_tokens":${events},"total_tokens":${10 + events}}`
  return Buffer.concat([
    framed(`data: {${ABOUT},"choices":[],"usage":${usage}}\n\n`),
    framed('data: [DONE]\n\n'),
    Buffer.from('0\r\n\r\n'),
  ])
}

createServer((socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  let held = ''
  socket.setEncoding('latin1').on('data', (part) => {
    held += part
    const headEnd = held.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(held.slice(0, headEnd))?.[1] ?? 0)
    if (held.length < headEnd + 4 + length) return
    const body = held.slice(headEnd + 4, headEnd + 4 + length)
    held = held.slice(headEnd + 4 + length)
    const events = Number(/events=(\d+)/.exec(body)?.[1] ?? 50)
    const everyMs = Number(/every=(\d+)/.exec(body)?.[1] ?? 0)
    socket.write(HEAD)
    if (everyMs === 0) sendAll(socket, events, events)
    else sendPaced(socket, events, everyMs)
  })
}).listen(port, '127.0.0.1')

function sendAll(socket, events, left) {
  while (left > 0) {
    const now = Math.min(left, MOST_IN_A_WRITE)
    left -= now
    if (socket.write(MANY.subarray(0, now * PIECE.length))) continue
    socket.once('drain', () => sendAll(socket, events, left))
    return
  }
  socket.write(ending(events))
}

function sendPaced(socket, events, everyMs) {
  let left = events
  const timer = setInterval(() => {
    if (left > 0) socket.write(PIECE)
    else socket.write(ending(events))
    left -= 1
    if (left < 0 || socket.destroyed) clearInterval(timer)
  }, everyMs)
}
