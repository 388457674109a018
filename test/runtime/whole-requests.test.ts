import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import { type RunningServer, startHttpServer } from '../../runtime/http-server.ts'
import { afterThisTurn } from '../../runtime/turn.ts'
import type { WholeHandler } from '../../runtime/whole-connection.ts'

const HOST = 'host: localhost\r\n'

/** As our own link writes it. */
const plain = (body: string, more = '') =>
  `POST /stripe/v1/refunds HTTP/1.1\r\n${HOST}${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

describe('whole requests, read straight off the socket', () => {
  let server: RunningServer
  let port: number
  let asked: string[]
  let handle: WholeHandler
  const sockets: Socket[] = []

  beforeEach(async () => {
    asked = []
    handle = ({ method, target, body }, reply) => {
      asked.push(`whole ${method} ${target} ${body}`)
      answer(reply, `whole ${body}`)
    }
    server = await startHttpServer({
      listen: { host: '127.0.0.1', port: 0 },
      keepAliveTimeoutMs: 60_000,
      whole: ({ headers }) => (headers['x-other'] === undefined ? (...given) => handle(...given) : undefined),
      handler: (request, response) => {
        void request.toArray().then((parts) => {
          asked.push(`node ${request.method} ${request.url} ${parts.join('').slice(0, 100)}`)
          response.end('node')
        })
      },
    })
    port = (server.address as { port: number }).port
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await server.drain()
  })

  const answer = (reply: Parameters<WholeHandler>[1], text: string) => {
    reply.head(200, { 'content-length': String(Buffer.byteLength(text)) })
    reply.end(Buffer.from(text))
  }

  const open = async () => {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    await once(socket, 'connect')
    return new Wire(socket)
  }

  it('are answered one after the other on one connection', async () => {
    const wire = await open()
    for (const body of ['a=1', 'a=2', '']) {
      wire.send(plain(body))
      expect(await wire.until(/\r\n\r\nwhole a?=?\d?$/)).to.match(/^HTTP\/1\.1 200 OK\r\ncontent-length: \d\d?\r\n\r\n/)
      wire.forget()
    }
    expect(asked).to.deep.equal(['a=1', 'a=2', ''].map((body) => `whole POST /stripe/v1/refunds ${body}`))
  })

  it('with a byte behind its body gets its own answer, not one to that byte, and the connection ends', async () => {
    const wire = await open()
    wire.send(`${plain('a=1')}x`)
    expect(await wire.until(/node$/)).to.match(/^HTTP\/1\.1 200 OK\r\n(.*\r\n)*connection: close\r\n/i)
    expect(asked).to.deep.equal(['node POST /stripe/v1/refunds a=1'])
  })

  it('may come torn anywhere, byte by byte', async () => {
    const wire = await open()
    for (const byte of plain('amount=1200')) {
      wire.send(byte)
      await new Promise<void>(afterThisTurn)
    }
    await wire.until(/whole amount=1200$/)
    wire.forget()
    wire.send(plain('again'))
    await wire.until(/whole again$/)
    expect(asked).to.have.length(2)
  })

  const OTHERS: Readonly<Record<string, string>> = {
    'a read': `GET /x HTTP/1.1\r\n${HOST}\r\n`,
    'a body in chunks': `POST /x HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n`,
    'a field that came twice': plain('a=1', 'x-a: 1\r\nX-A: 2\r\n'),
    'a wish for the connection': plain('a=1', 'connection: keep-alive\r\n'),
    'a wait for leave to send the body': plain('a=1', 'expect: 100-continue\r\n'),
    'a body over 64 KiB': plain('a'.repeat(65_537)),
    'one that its handler leaves to others': plain('a=1', 'x-other: 1\r\n'),
  }
  for (const [name, text] of Object.entries(OTHERS)) {
    it(`leave ${name}, and all that follows it, to Node's server`, async () => {
      const wire = await open()
      wire.send(plain('first'))
      await wire.until(/whole first$/)
      wire.forget()
      wire.send(text)
      await wire.until(/node(\r\n0\r\n\r\n)?$/)
      wire.forget()
      wire.send(plain('later'))
      await wire.until(/node(\r\n0\r\n\r\n)?$/)
      expect(asked).to.have.length(3)
      expect(asked.map((line) => line.split(' ', 1)[0])).to.deep.equal(['whole', 'node', 'node'])
    })
  }

  const REFUSED: Readonly<Record<string, readonly [text: string, status: number]>> = {
    'two lengths': [plain('a=1', 'content-length: 2\r\n'), 400],
    'a line break of one byte': [plain('a=1', 'x-a: 1\n'), 400],
    'no host': ['POST /x HTTP/1.1\r\ncontent-length: 0\r\n\r\n', 400],
    'a head over 16 KiB': [plain('a=1', `x-a: ${'a'.repeat(20_000)}\r\n`), 431],
    'what is no HTTP': ['hello\r\n\r\n', 400],
  }
  for (const [name, [text, status]] of Object.entries(REFUSED)) {
    it(`leave ${name} to Node's server, which answers ${status}`, async () => {
      const wire = await open()
      wire.send(text)
      await wire.until(new RegExp(`^HTTP/1\\.1 ${status} `))
      expect(asked).to.deep.equal([])
    })
  }

  it('that do not wait for their turn are answered in order, the later ones by Node', async () => {
    const { promise: isAsked, resolve } = Promise.withResolvers<() => void>()
    handle = ({ body }, reply) => {
      asked.push(`whole ${body}`)
      resolve(() => answer(reply, 'whole'))
    }
    const wire = await open()
    wire.send(plain('first'))
    const go = await isAsked
    wire.send(plain('second') + plain('third'))
    go()
    await wire.until(/whole[^]*node[^]*node$/)
    expect(asked).to.deep.equal([
      'whole first',
      'node POST /stripe/v1/refunds second',
      'node POST /stripe/v1/refunds third',
    ])
  })

  it('two of them in one piece are left to Node', async () => {
    const wire = await open()
    wire.send(plain('first') + plain('second'))
    await wire.until(/node[^]*node$/)
    expect(asked).to.have.length(2)
  })

  it('tell their handler when whoever asked has left, and take no answer then', async () => {
    const { promise: hasLeft, resolve } = Promise.withResolvers<Parameters<WholeHandler>[1]>()
    handle = (_, reply) => {
      reply.onLeft(() => resolve(reply))
      wire.socket.end()
    }
    const wire = await open()
    wire.send(plain('a=1'))
    const reply = await hasLeft
    expect(reply.hasLeft).to.equal(true)
    answer(reply, 'too late')
    await reply.drained()
    expect(wire.text).to.equal('')
  })

  it('cut in their body are never handed to anybody', async () => {
    const wire = await open()
    wire.send(plain('amount=1200').slice(0, -3))
    wire.socket.end()
    await once(wire.socket, 'close')
    expect(asked).to.deep.equal([])
  })

  it('may be answered in parts, which go out in chunks, the head without waiting for them', async () => {
    const { promise: isBegun, resolve } = Promise.withResolvers<Parameters<WholeHandler>[1]>()
    handle = (_, reply) => {
      reply.head(200, { 'content-type': 'text/event-stream' })
      resolve(reply)
    }
    const wire = await open()
    wire.send(plain('a=1'))
    const reply = await isBegun
    await wire.until(/transfer-encoding: chunked\r\n\r\n$/)
    reply.write(Buffer.from('data: 1\n\n'))
    await wire.until(/\r\n\r\n9\r\ndata: 1\n\n\r\n$/)
    reply.end()
    await wire.until(/\r\n0\r\n\r\n$/)
  })

  it('are cut where their answer is cut', async () => {
    handle = (_, reply) => {
      reply.head(200, { 'content-length': '10' })
      reply.write(Buffer.from('half'))
      reply.cut()
    }
    const wire = await open()
    wire.send(plain('a=1'))
    await once(wire.socket, 'close')
    expect(wire.text).not.to.include('whole')
  })

  it('give an answer no header that could end a line', async () => {
    let fault: unknown
    handle = (_, reply) => {
      try {
        reply.head(200, { 'x-a': 'a\r\nx-b: b' })
      } catch (thrown) {
        fault = thrown
      }
      answer(reply, 'whole')
    }
    const wire = await open()
    wire.send(plain('a=1'))
    expect(await wire.until(/whole$/)).not.to.include('x-b')
    expect(fault).to.be.instanceOf(TypeError)
  })

  it('are answered while the server drains, and their connections closed with the answer; idle ones at once', async () => {
    const { promise: isAsked, resolve } = Promise.withResolvers<() => void>()
    handle = (_, reply) => resolve(() => answer(reply, 'whole'))
    const [idle, busy] = [await open(), await open()]
    const isIdleGone = once(idle.socket, 'close')
    const isBusyGone = once(busy.socket, 'close')
    busy.send(plain('a=1'))
    const go = await isAsked
    const drained = server.drain()
    await isIdleGone
    go()
    expect(await busy.until(/whole$/)).to.include('connection: close\r\n')
    await isBusyGone
    await drained
  })

  describe('of which nothing comes for a while', () => {
    beforeEach(async () => {
      await server.drain()
      server = await startHttpServer({
        listen: { host: '127.0.0.1', port: 0 },
        keepAliveTimeoutMs: 50,
        whole: () => handle,
        handler: (_, response) => response.end('node'),
      })
      port = (server.address as { port: number }).port
    })

    it('lose their connection between two requests', async () => {
      const wire = await open()
      await once(wire.socket, 'close')
      expect(wire.text).to.equal('')
    })
  })

  describe('whose connection was silent for as long as it may be', () => {
    /** With the server's end of the connection, which tells it by an event. */
    const openBoth = async () => {
      const accepted = once(server.server, 'connection')
      const wire = await open()
      const [socket] = (await accepted) as [Socket]
      return { wire, silent: () => socket.emit('timeout'), isRead: () => once(socket, 'data') }
    }

    it('are left to Node in the midst of one', async () => {
      const { wire, silent, isRead } = await openBoth()
      const text = plain('amount=1200')
      wire.send(text.slice(0, 30))
      await isRead()
      silent()
      wire.send(text.slice(30))
      await wire.until(/node$/)
      expect(asked).to.deep.equal(['node POST /stripe/v1/refunds amount=1200'])
    })

    it('keep it while they are being answered, and lose it after that', async () => {
      const { promise: isAsked, resolve } = Promise.withResolvers<() => void>()
      handle = (_, reply) => resolve(() => answer(reply, 'whole'))
      const { wire, silent } = await openBoth()
      wire.send(plain('a=1'))
      const go = await isAsked
      silent()
      go()
      await wire.until(/whole$/)
      const isClosed = once(wire.socket, 'close')
      silent()
      await isClosed
    })
  })

  it('come over TLS too, and what is none of them goes to Node', async () => {
    await server.drain()
    const cert = readFileSync('test/ledger/fixtures/cert.pem', 'utf8')
    server = await startHttpServer({
      listen: { host: '127.0.0.1', port: 0 },
      tls: { certPem: cert, keyPem: readFileSync('test/ledger/fixtures/key.pem', 'utf8') },
      whole: () => handle,
      handler: (_, response) => response.end('node'),
    })
    const socket = connectTls({ ...(server.address as { host: string; port: number }), ca: cert })
    sockets.push(socket)
    await once(socket, 'secureConnect')
    const wire = new Wire(socket)
    wire.send(plain(`amount=${'1'.repeat(40_000)}`))
    await wire.until(/whole amount=1+$/)
    wire.forget()
    wire.send(`GET /x HTTP/1.1\r\n${HOST}\r\n`)
    await wire.until(/node$/)
  })
})

class Wire {
  readonly socket: Socket
  text = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      this.text += bytes.toString('latin1')
    })
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  forget(): void {
    this.text = ''
  }

  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) {
      if (this.socket.destroyed) throw new Error(`closed, with ${JSON.stringify(this.text)}`)
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')])
    }
    return this.text
  }
}
