import { connect, type Socket } from 'node:net'

/** Chat completions that are answered with a stream of `events` pieces, `everyMs` apart (0: as fast as they are taken). */
export interface StreamLoad {
  /** Of a loopback address. */
  readonly url: string
  /** Of a chat completion. */
  readonly path: string
  readonly events: number
  readonly everyMs: number
  readonly connections: number
  readonly seconds: number
}

export interface StreamResult {
  readonly calls: number
  readonly callsPerSecond: number
  /** Median time to the first byte of the first event. */
  readonly firstByteUs: number
}

const END = '0\r\n\r\n'
const BEGIN = 'data:'
/** Bytes of an event that a bench vendor sends, at the least. */
const EVENT_BYTES = 200

const MIB = 1024 * 1024
const SLOW_READER_STOPS_MS = 20

let calls = 0

/** Each connection asks again as soon as its stream has ended. Throws when one was refused, cut or too short. */
export async function runStreams(load: StreamLoad): Promise<StreamResult> {
  const { hostname } = new URL(load.url)
  if (hostname !== '127.0.0.1') throw new Error(`bench: ${load.url} is not on this machine's loopback`)
  const begunMs = performance.now()
  const untilMs = begunMs + load.seconds * 1_000
  const firstBytesUs: number[] = []
  await Promise.all(Array.from({ length: load.connections }, () => oneConnection(load, untilMs, firstBytesUs)))
  const sorted = firstBytesUs.toSorted((left, right) => left - right)
  return {
    calls: sorted.length,
    callsPerSecond: (sorted.length * 1_000) / (performance.now() - begunMs),
    firstByteUs: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
  }
}

async function oneConnection(load: StreamLoad, untilMs: number, firstBytesUs: number[]): Promise<void> {
  const { port } = new URL(load.url)
  const socket = connect(Number(port), '127.0.0.1').setNoDelay(true)
  try {
    do firstBytesUs.push(await oneStream(socket, load))
    while (performance.now() < untilMs)
  } finally {
    socket.destroy()
  }
}

/** Microseconds to the first event. */
function oneStream(socket: Socket, load: StreamLoad): Promise<number> {
  const askedMs = performance.now()
  socket.write(requestOf(load))
  return new Promise((resolve, reject) => {
    let firstByteUs = Number.NaN
    let bytes = 0
    let head = ''
    let tail = ''
    const done = () => socket.off('data', onData).off('close', onClose).off('error', onClose)
    const onClose = () => {
      done()
      reject(new Error(`bench: a stream of ${load.url} was cut after ${bytes} bytes: ${head.slice(0, 1_000)}`))
    }
    const onData = (part: Buffer) => {
      bytes += part.length
      if (Number.isNaN(firstByteUs)) {
        head += part.toString('latin1')
        if (head.includes(BEGIN)) firstByteUs = (performance.now() - askedMs) * 1_000
      }
      tail = (tail + part.toString('latin1', Math.max(0, part.length - END.length))).slice(-END.length)
      if (tail !== END) return
      done()
      const isWhole = head.startsWith('HTTP/1.1 200') && bytes > load.events * EVENT_BYTES
      if (isWhole) resolve(firstByteUs)
      else reject(new Error(`bench: ${bytes} bytes are no stream of ${load.events} events: ${head.slice(0, 1_000)}`))
    }
    socket.on('data', onData).once('close', onClose).once('error', onClose)
  })
}

/** One stream whose reader stops for a moment at each MiB; `onRead` then. */
export async function readSlowly(load: StreamLoad, onRead: () => void): Promise<void> {
  const { port } = new URL(load.url)
  const socket = connect(Number(port), '127.0.0.1')
  let atMib = 0
  let bytes = 0
  socket.on('data', (part: Buffer) => {
    bytes += part.length
    if (bytes / MIB < atMib + 1) return
    atMib = Math.floor(bytes / MIB)
    onRead()
    socket.pause()
    setTimeout(() => socket.resume(), SLOW_READER_STOPS_MS)
  })
  await oneStream(socket, load)
  socket.destroy()
}

/** Another text each time. */
function requestOf({ url, path, events, everyMs }: StreamLoad): string {
  calls += 1
  const content = `call ${process.pid} ${calls} events=${events} every=${everyMs}`
  const asked = { model: 'gpt-4o', messages: [{ role: 'user', content }], max_completion_tokens: 10_000, stream: true }
  const body = JSON.stringify(asked)
  const lines = [`POST ${path} HTTP/1.1`, `Host: ${new URL(url).host}`, 'Content-Type: application/json']
  return `${[...lines, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`
}
