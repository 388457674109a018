import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { type RunningServer, startHttpServer } from '../../runtime/http-server.ts'

describe('an HTTP server that is about to go', () => {
  let server: RunningServer
  let agent: Agent

  beforeEach(async () => {
    agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const handler: Parameters<typeof startHttpServer>[0]['handler'] = (_request, response) => response.end('answered')
    server = await startHttpServer({ listen: { host: '127.0.0.1', port: 0 }, handler })
  })
  afterEach(async () => {
    agent.destroy()
    await server.drain()
  })

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
})
