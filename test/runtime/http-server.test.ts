import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { type RunningServer, startHttpServer } from '../../runtime/http-server.ts'

const STALLED_MS = 20

describe('an HTTP server that is about to go', () => {
  let server: RunningServer
  let agent: Agent
  let answer: (response: ServerResponse) => void

  beforeEach(async () => {
    agent = new Agent({ keepAlive: true, maxSockets: 1 })
    answer = (response) => response.end('answered')
    server = await startHttpServer({
      listen: { host: '127.0.0.1', port: 0 },
      handler: (_request, response) => answer(response),
      whole: () => undefined,
      stalledMs: STALLED_MS,
    })
  })
  afterEach(async () => {
    agent.destroy()
    await server.drain()
  })

  /** A connection that says this and no more. */
  const saying = async (text: string) => {
    const { port } = server.address as { port: number }
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.write(text)
    return socket
  }

  /** Which connection it came by, and what is said of that. */
  const ask = async () => {
    const { port } = server.address as { port: number }
    const [answer] = (await once(get({ port, host: '127.0.0.1', agent }), 'response')) as [IncomingMessage]
    const { localPort } = answer.socket
    const text = (await answer.toArray()).join('')
    return { text, localPort, connection: answer.headers.connection }
  }

  it('answers once more on each connection that is kept, and says that it was the last answer', async () => {
    const first = await ask()
    const gone = server.retire()
    const second = await ask()
    expect([first.connection, second.text, second.connection]).to.deep.equal(['keep-alive', 'answered', 'close'])
    expect(second.localPort).to.equal(first.localPort)
    await gone
  })

  it('takes new connections until it drains, for one answer each', async () => {
    await server.retire()
    expect(await ask()).to.include({ text: 'answered', connection: 'close' })
  })

  it('does not wait for the rest of a request that never comes', async () => {
    await saying('GET / HTTP/1.1\r\nhost: x\r\n')
    // What came before this has been read.
    await ask()
    await server.drain()
  })

  it('does not wait for a client that does not take its answer', async () => {
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<ServerResponse>()
    answer = isAsked
    await saying('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    const response = await asked
    const gone = server.drain()
    // More than the sockets between hold.
    response.end(Buffer.alloc(32 * 1024 * 1024))
    await gone
  })

  it('waits for an answer that is not there yet, also after it has cut off whoever is silent', async () => {
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<ServerResponse>()
    answer = isAsked
    const silent = await saying('GET / HTTP/1.1\r\nhost: x\r\n')
    const answered = ask()
    const response = await asked
    const gone = server.drain()
    await new Promise<void>((resolve) => silent.once('close', () => resolve()))
    response.end('late')
    expect((await answered).text).to.equal('late')
    await gone
  })
})

describe('an HTTPS server', () => {
  it('lets go of a connection that never begins its TLS, also while it drains', async () => {
    const read = (file: string) => readFileSync(`test/ledger/fixtures/${file}`, 'utf8')
    const server = await startHttpServer({
      listen: { host: '127.0.0.1', port: 0 },
      handler: (_request, response) => response.end(),
      tls: { certPem: read('cert.pem'), keyPem: read('key.pem') },
      stalledMs: STALLED_MS,
    })
    const { port } = server.address as { port: number }
    const silent = connect(port, '127.0.0.1').on('error', () => {})
    await once(silent, 'connect')
    const drained = server.drain()
    await once(silent.resume(), 'close')
    await drained
  })
})
