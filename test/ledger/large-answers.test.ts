import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import type { CallClient } from '../../ledger/call/call-request.ts'
import { callRequest, wholeCallRequest } from '../../ledger/wire.ts'
import { BodyRoom } from '../../runtime/body-room.ts'
import { type RunningServer, startHttpServer } from '../../runtime/http-server.ts'
import { systemTimers } from '../../runtime/timers.ts'

/** More than the kernel takes of what nobody reads. */
const LARGE_BYTES = 64 * 1024 * 1024

describe('a large answer at the ledger', () => {
  let server: RunningServer
  let app: Socket
  let answering: Promise<CallClient>

  beforeEach(async () => {
    let take: (client: CallClient) => void
    answering = new Promise((resolve) => (take = resolve))
    server = await startHttpServer({
      listen: { host: '127.0.0.1', port: 0 },
      handler: (request, response) =>
        take(callRequest(request, response, { bodies: new BodyRoom(0), timers: systemTimers }).client),
      whole: () => (request, reply) => take(wholeCallRequest(request, reply).client),
    })
    app = connect((server.address as { port: number }).port, '127.0.0.1')
    app.on('error', () => {})
    await once(app, 'connect')
  })
  afterEach(async () => {
    app.destroy()
    await server.drain()
  })

  /** Whether all of it has left, as of now. */
  const answer = async () => {
    const client = await answering
    client.head(200, { 'content-length': String(LARGE_BYTES) })
    client.end(Buffer.alloc(LARGE_BYTES))
    const told = { isFlushed: false, flushed: client.flushed() }
    void told.flushed.then(() => {
      told.isFlushed = true
    })
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate)
    return told
  }

  for (const [how, method] of [
    ["by Node's server", 'GET'],
    ['read whole', 'POST'],
  ] as const) {
    const ask = () => app.write(`${method} /openai/v1/embeddings HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`)

    it(`is held until it was taken: a request ${how}`, async () => {
      ask()
      const told = await answer()
      expect(told.isFlushed).to.equal(false)
      app.resume()
      await told.flushed
    })

    it(`is held no longer when nobody is there to take it: a request ${how}`, async () => {
      ask()
      const told = await answer()
      expect(told.isFlushed).to.equal(false)
      app.destroy()
      await told.flushed
    })
  }
})
