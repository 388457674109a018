import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { ask, exchange } from '../../ledger/vendor-client/exchange.ts'
import type { Keeping } from '../../ledger/vendor-client/kept-answer.ts'
import type { VendorNetwork, VendorRequest } from '../../ledger/vendor-client/network.ts'
import { createUndiciNetwork } from '../../ledger/vendor-client/undici-network.ts'
import { GrowingRoom } from '../../runtime/growing-room.ts'
import { systemTimers } from '../../runtime/timers.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')

const keeping = (maxBytes: number): Keeping => ({ maxBytes, place: new GrowingRoom(maxBytes).open() })

describe('the way out to vendors', () => {
  let network: VendorNetwork
  const closing: (() => void)[] = []
  beforeEach(() => {
    network = createUndiciNetwork(systemTimers)
  })
  afterEach(async () => {
    await network.close()
    for (const close of closing.splice(0)) close()
  })

  const listen = async (server: Pick<Server, 'listen' | 'close' | 'address'>): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    closing.push(() => server.close())
    return (server.address() as AddressInfo).port
  }
  const post = (origin: string, more: Partial<VendorRequest> = {}): VendorRequest => ({
    origin,
    method: 'POST',
    target: '/v1/things',
    headers: {},
    body: Buffer.from('a=1'),
    idleMs: 5_000,
    onFreshConnection: false,
    ...more,
  })

  const connectionsOfThree = async (onFreshConnection: boolean) => {
    let connections = 0
    const server = createHttpServer((request, response) => request.resume().on('end', () => response.end('ok')))
    server.on('connection', () => {
      connections += 1
    })
    const origin = `http://127.0.0.1:${await listen(server)}`
    for (let at = 0; at < 3; at += 1) {
      const result = await exchange(network, post(origin, { onFreshConnection }), keeping(100))
      expect(result.kind).to.equal('answered')
    }
    return connections
  }

  it('a call that must not be repeated has a connection of its own; others share', async () => {
    expect(await connectionsOfThree(true)).to.equal(3)
    expect(await connectionsOfThree(false)).to.be.below(3)
  })

  it('what fails before a byte of the request left is "not sent": refused, unknown name, untrusted certificate', async () => {
    const files = { cert: readFileSync(join(FIXTURES, 'cert.pem')), key: readFileSync(join(FIXTURES, 'key.pem')) }
    const untrusted = await listen(createHttpsServer(files, (_, response) => response.end()))
    const origins = ['http://127.0.0.1:9', 'http://no-such-vendor.invalid', `https://127.0.0.1:${untrusted}`]
    for (const origin of origins) {
      const result = await exchange(network, post(origin), keeping(100))
      expect(result.kind, origin).to.equal('not_sent')
    }
  })

  it('what breaks later is "lost": a reset, an answer that is not HTTP, a cut body, silence', async () => {
    const ENDS: Readonly<Record<string, string | null>> = {
      reset: null,
      garbage: 'hello\r\n\r\n',
      cut: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf',
    }
    for (const [name, answer] of Object.entries(ENDS)) {
      const server = createTcpServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => (answer === null ? socket.resetAndDestroy() : socket.end(answer)))
      })
      const result = await exchange(network, post(`http://127.0.0.1:${await listen(server as Server)}`), keeping(100))
      expect(result.kind, name).to.equal('lost')
    }
    const silent = createTcpServer((socket) => socket.on('error', () => {}).resume())
    const origin = `http://127.0.0.1:${await listen(silent as Server)}`
    const result = await exchange(network, post(origin, { idleMs: 50 }), keeping(100))
    expect(result).to.deep.equal({ kind: 'lost', reason: 'the vendor did not answer in time' })
  })

  it('an answer above the limit counts as lost', async () => {
    const origin = `http://127.0.0.1:${await listen(createHttpServer((_, response) => response.end('x'.repeat(101))))}`
    expect((await exchange(network, post(origin), keeping(100))).kind).to.equal('lost')
  })

  it('answers that are kept share their room, and each comes to its end', async () => {
    const size = 8 * 1024 * 1024
    const server = createHttpServer((request, response) => {
      response.write(Buffer.alloc(128 * 1024))
      if (request.url === '/first') rest.push(() => response.end(Buffer.alloc(size)))
      else response.end(Buffer.alloc(size))
      asked.push(request.url ?? '')
    })
    const rest: (() => void)[] = []
    const asked: string[] = []
    const origin = `http://127.0.0.1:${await listen(server)}`
    const room = new GrowingRoom(64 * 1024)
    const sizeOf = async (target: string) => {
      const result = await ask(network, post(origin, { target }), { maxBytes: 2 * size, room })
      return result.kind === 'answered' ? result.answer.body.length : result.reason
    }
    const first = sizeOf('/first')
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const second = sizeOf('/second')
    while (asked.length < 2) await new Promise((resolve) => setImmediate(resolve))
    rest[0]?.()
    expect(await Promise.all([first, second])).to.deep.equal([size + 128 * 1024, size + 128 * 1024])
    expect(room.open().add(64 * 1024), 'all is given back').to.equal(true)
  })

  it('an answer has its room until whoever keeps it is done with it, or sends again', async () => {
    const server = createHttpServer((_, response) => response.end(Buffer.alloc(100 * 1024)))
    const origin = `http://127.0.0.1:${await listen(server)}`
    const room = new GrowingRoom(150 * 1024)
    const place = room.open()
    for (let sends = 1; sends <= 2; sends += 1) {
      await exchange(network, post(origin), { maxBytes: 150 * 1024, place })
      expect(room.open().add(0), `${sends}: there is room`).to.equal(true)
    }
    const other = room.open()
    room.open().add(0)
    expect(other.add(70 * 1024), 'the first beyond the room goes on').to.equal(true)
    expect(room.open().add(70 * 1024), 'the next waits').to.equal(false)
    place.empty()
    other.empty()
    expect(room.open().add(70 * 1024)).to.equal(true)
  })

  it('a slow reader slows the vendor: nothing more is handed on before it has drained', async () => {
    const size = 8 * 1024 * 1024
    const server = createHttpServer((_, response) => response.end(Buffer.alloc(size)))
    const origin = `http://127.0.0.1:${await listen(server)}`
    let received = 0
    let whileWaiting = 0
    let isWaiting = false
    const result = await network.send(post(origin, { method: 'GET', body: new Uint8Array() }), {
      head: () => {},
      data(chunk) {
        received += chunk.length
        if (isWaiting) whileWaiting += 1
        isWaiting = true
        return false
      },
      async drained() {
        await new Promise((resolve) => setImmediate(resolve))
        isWaiting = false
      },
    })
    expect(result.kind).to.equal('answered')
    expect([received, whileWaiting]).to.deep.equal([size, 0])
  })
})
