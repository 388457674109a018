import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

/** RFC 6455, 1.3. */
const HANDSHAKE_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const BINARY_FRAME = 0x82
const CLOSE = 8

export interface StandInKubelet {
  readonly port: number
  /** What the API server asked of it. */
  readonly asked: readonly string[]
  stop(): void
}

/**
 * The one thing that a kubelet is asked here: the API server's port-forward over WebSocket, to a port of this machine.
 * `pki`: folder of the API server's own certificate, which it does not judge a kubelet's by.
 */
export async function startKubelet(pki: string): Promise<StandInKubelet> {
  const asked: string[] = []
  const open = new Set<Duplex>()
  const server = createServer({
    cert: readFileSync(join(pki, 'apiserver.crt')),
    key: readFileSync(join(pki, 'apiserver.key')),
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const url = new URL(request.url ?? '', 'https://kubelet')
    asked.push(`${request.method} ${url.pathname}`)
    open.add(socket)
    forward(request, socket, Number(url.searchParams.get('ports') ?? url.searchParams.get('port')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    stop() {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}

function forward(request: IncomingMessage, socket: Duplex, port: number): void {
  const key = String(request.headers['sec-websocket-key'])
  const accept = createHash('sha1').update(`${key}${HANDSHAKE_GUID}`).digest('base64')
  const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
  const chosen = [`Sec-WebSocket-Accept: ${accept}`, 'Sec-WebSocket-Protocol: v4.channel.k8s.io']
  socket.write(`${[...head, ...chosen].join('\r\n')}\r\n\r\n`)
  // Each channel begins with the port: 0 is the data, 1 what went wrong.
  const portBytes = Buffer.from([port % 256, port >> 8])
  for (const channel of [0, 1]) socket.write(frame(Buffer.concat([Buffer.from([channel]), portBytes])))
  const target = connect(port, '127.0.0.1')
  target.on('data', (bytes: Buffer) => socket.write(frame(Buffer.concat([Buffer.from([0]), bytes]))))
  target.on('error', () => socket.end())
  target.on('end', () => socket.end())
  socket.on('error', () => target.destroy())
  socket.on('close', () => target.destroy())
  let rest = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes])
    for (let read = readFrame(rest); read !== undefined; read = readFrame(rest)) {
      rest = rest.subarray(read.length)
      if (read.opcode === CLOSE) target.end()
      else target.write(read.payload.subarray(1))
    }
  })
}

function frame(payload: Buffer): Buffer {
  if (payload.length < 126) return Buffer.concat([Buffer.from([BINARY_FRAME, payload.length]), payload])
  const head = Buffer.from([BINARY_FRAME, 127, 0, 0, 0, 0, 0, 0, 0, 0])
  head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}

/** A client's frame, which is masked; undefined while it is not whole. */
function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
  if (bytes.length < 2) return undefined
  const short = (bytes[1] ?? 0) & 0x7f
  const size = { 126: 2, 127: 8 }[short] ?? 0
  const head = 2 + size + 4
  if (bytes.length < head) return undefined
  const long = size === 2 ? bytes.readUInt16BE(2) : size === 8 ? Number(bytes.readBigUInt64BE(2)) : short
  if (bytes.length < head + long) return undefined
  const mask = bytes.subarray(head - 4, head)
  const payload = Buffer.from(bytes.subarray(head, head + long).map((byte, at) => byte ^ (mask[at % 4] ?? 0)))
  return { opcode: (bytes[0] ?? 0) & 0x0f, payload, length: head + long }
}
