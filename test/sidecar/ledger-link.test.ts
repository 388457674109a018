import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { expect } from 'chai'
import { systemTimers } from '../../runtime/timers.ts'
import {
  connectLedger,
  type LedgerLink,
  LedgerUnreachable,
  parseLedgerAddress,
  readBody,
} from '../../sidecar/ledger-link.ts'

const pem = (name: string) => readFileSync(new URL(`../ledger/fixtures/${name}.pem`, import.meta.url), 'utf8')
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** A ledger of bytes: what it got, and what it does with each piece that comes. */
class ByteLedger {
  readonly sockets: Socket[] = []
  received = ''
  onRequest: (socket: Socket) => void = (socket) => socket.write(OK)
  readonly #server: Server

  constructor(hasTls = false) {
    const accept = (socket: Socket) => {
      this.sockets.push(socket)
      socket.on('error', () => {})
      let request = ''
      socket.on('data', (chunk) => {
        const text = chunk.toString('latin1')
        this.received += text
        request += text
        const [head = '', ...body] = request.split('\r\n\r\n')
        if (body.join('\r\n\r\n').length < Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0)) return
        request = ''
        this.onRequest(socket)
      })
    }
    this.#server = hasTls ? createTlsServer({ cert: pem('cert'), key: pem('key') }, accept) : createServer(accept)
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
  }
}

describe('the link to the ledger', () => {
  let ledger: ByteLedger
  let link: LedgerLink

  async function start({ hasTls = false, caPem = pem('cert') } = {}): Promise<void> {
    ledger = new ByteLedger(hasTls)
    const port = await ledger.listen()
    const address = parseLedgerAddress(`${hasTls ? 'https' : 'http'}://127.0.0.1:${port}`, hasTls ? caPem : undefined)
    if (address === undefined) throw new Error('no address')
    link = connectLedger(address, systemTimers)
  }

  beforeEach(() => start())
  afterEach(() => ledger.close())

  const ask = (signal?: AbortSignal, body = 'a=1') =>
    link.ask({
      method: 'POST',
      path: '/stripe/v1/x?y=1',
      headers: { 'x-a': 'é', 'x-b': ['1', '2'], 'x-c': undefined },
      body: Buffer.from(body),
      ...(signal === undefined ? {} : { signal }),
    })
  const bodyOf = async (asking: ReturnType<LedgerLink['ask']>) => (await readBody(await asking)).toString()
  const outcome = (asking: Promise<unknown>) =>
    asking.then(
      () => 'answered',
      (fault: Error) => fault.name,
    )

  it('sends what was asked, framed by a length, and nothing of an undefined header', async () => {
    expect(await bodyOf(ask())).to.equal('ok')
    const port = (ledger.sockets[0]?.address() as AddressInfo).port
    expect(ledger.received).to.equal(
      `POST /stripe/v1/x?y=1 HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-a: é\r\nx-b: 1\r\nx-b: 2\r\ncontent-length: 3\r\n\r\na=1`,
    )
  })

  it('uses a connection again, and never for a second request before the answer to the first has ended', async () => {
    const held: Socket[] = []
    ledger.onRequest = (socket) => held.push(socket)
    const asked = [bodyOf(ask()), bodyOf(ask())]
    while (held.length < 2) await new Promise((resolve) => setImmediate(resolve))
    expect(ledger.sockets).to.have.length(2)
    for (const socket of held) socket.write(OK)
    expect(await Promise.all(asked)).to.deep.equal(['ok', 'ok'])
    ledger.onRequest = (socket) => socket.write(OK)
    for (let at = 0; at < 5; at += 1) await bodyOf(ask())
    expect(ledger.sockets).to.have.length(2)
  })

  it('does not use a connection again that the ledger closes, ended, or said more on than was asked', async () => {
    const endings: readonly { answer: string; then?: (socket: Socket) => void }[] = [
      { answer: 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok' },
      { answer: OK, then: (socket) => socket.end() },
      { answer: OK, then: (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil') },
    ]
    for (const [at, { answer, then }] of endings.entries()) {
      ledger.onRequest = (socket) => socket.write(answer)
      expect(await bodyOf(ask())).to.equal('ok')
      const socket = ledger.sockets[at] as Socket
      then?.(socket)
      if (!socket.destroyed) await once(socket, 'close')
    }
    ledger.onRequest = (socket) => socket.write(OK)
    expect(await bodyOf(ask())).to.equal('ok')
    expect(ledger.sockets).to.have.length(4)
  })

  const cuts: readonly [string, string][] = [
    ['before any byte', ''],
    ['in the head', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['in a body of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok'],
    ['in a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok'],
    ['between chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n'],
    ['before the end of the chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n'],
    ['at the end of a body whose length nobody told', 'HTTP/1.1 200 OK\r\n\r\nok'],
  ]
  for (const [where, text] of cuts) {
    it(`takes no answer for whole that is cut ${where}`, async () => {
      for (const cut of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
        ledger.onRequest = (socket) => (text === '' ? cut(socket) : socket.write(text, () => cut(socket)))
        expect(await outcome(bodyOf(ask()))).to.equal('LedgerUnreachable')
      }
    })
  }

  it('refuses an answer that could be read in two ways, and the connection with it', async () => {
    ledger.onRequest = (socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok')
    const fault = await ask().catch((thrown: unknown) => thrown)
    expect(fault).to.be.instanceOf(LedgerUnreachable)
    expect(String(fault)).to.contain('both a length and chunks')
    await once(ledger.sockets[0] as Socket, 'close')
  })

  it('waits for the end of chunks, and uses the connection again after it', async () => {
    ledger.onRequest = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
      for (const byte of '5\r\nhello\r\n0\r\n\r\n') socket.write(byte)
    }
    expect(await bodyOf(ask())).to.equal('hello')
    expect(await bodyOf(ask())).to.equal('hello')
    expect(ledger.sockets).to.have.length(1)
  })

  it('holds a sender back who is faster than the reader, and loses nothing of a large body', async () => {
    const size = 8 * 1024 * 1024
    ledger.onRequest = (socket) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n${'x'.repeat(size)}`)
    const answer = await ask()
    const socket = ledger.sockets[0] as Socket
    // It stops by itself once kernel and link are full, with most of the body still in the sender's memory.
    for (let left = -1; left !== socket.writableLength; ) {
      left = socket.writableLength
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(socket.writableLength).to.be.above(0)
    expect((await readBody(answer)).length).to.equal(size)
  })

  it('ends the connection when nobody waits any more, before, during and after the head', async () => {
    const gone = new Error('gone')
    const before = new AbortController()
    before.abort(gone)
    expect(await ask(before.signal).catch((fault: unknown) => fault)).to.equal(gone)
    expect(ledger.sockets).to.have.length(0)

    const waiting = new AbortController()
    ledger.onRequest = () => waiting.abort(gone)
    expect(await ask(waiting.signal).catch((fault: unknown) => fault)).to.equal(gone)
    await once(ledger.sockets[0] as Socket, 'close')

    const reading = new AbortController()
    ledger.onRequest = (socket) => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n')
    const answer = await ask(reading.signal)
    reading.abort(gone)
    expect(await outcome(readBody(answer))).to.equal('LedgerUnreachable')
    await once(ledger.sockets[1] as Socket, 'close')
  })

  it('ends the connection of an answer whose reader stops early', async () => {
    ledger.onRequest = (socket) => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n')
    const { body } = await ask()
    for await (const _ of body as AsyncIterable<Uint8Array>) break
    await once(ledger.sockets[0] as Socket, 'close')
  })

  it('puts nothing into a head that could end a line', async () => {
    const request = { method: 'POST', path: '/a', headers: {}, body: Buffer.alloc(0) }
    for (const bad of [
      { ...request, path: '/a b' },
      { ...request, path: '/a\r\nx: 1' },
      { ...request, method: 'GET /x' },
      { ...request, headers: { 'x-a': 'b\r\nc: d' } },
      { ...request, headers: { 'x-a': 'b\nc' } },
      { ...request, headers: { 'x-a': 'ű' } },
      { ...request, headers: { 'x a': 'b' } },
    ]) {
      expect(await outcome(link.ask(bad)), JSON.stringify(bad)).to.equal('LedgerUnreachable')
    }
    expect(ledger.received).to.equal('')
  })

  it('says that nobody is there', async () => {
    ledger.close()
    expect(await outcome(ask())).to.equal('LedgerUnreachable')
  })

  describe('over TLS', () => {
    afterEach(() => ledger.close())

    it('reads and writes, and uses a connection again', async () => {
      ledger.close()
      await start({ hasTls: true })
      for (let at = 0; at < 3; at += 1) expect(await bodyOf(ask(undefined, 'b'.repeat(100_000)))).to.equal('ok')
      expect(ledger.sockets).to.have.length(1)
      expect(ledger.received).to.contain(`content-length: 100000\r\n\r\n${'b'.repeat(1000)}`)
    }).timeout(10_000)

    it('speaks only to a ledger whose certificate is from the authority that was given', async () => {
      ledger.close()
      await start({ hasTls: true, caPem: '' })
      expect(await outcome(ask())).to.equal('LedgerUnreachable')
      expect(ledger.received).to.equal('')
    })

    it('does not take a cut for the end', async () => {
      ledger.close()
      await start({ hasTls: true })
      ledger.onRequest = (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n')
      expect(await outcome(bodyOf(ask()))).to.equal('LedgerUnreachable')
    })
  })
})
