import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { REFUSALS } from '../../contract/refusal-catalogue.ts'
import type { Addressed } from '../../ledger/call/address.ts'
import type { CallRequest, SentBody } from '../../ledger/call/call-request.ts'
import { readText } from '../../ledger/call/request-text.ts'
import { callRequest, type RoomyRequest } from '../../ledger/wire.ts'
import { BodyRoom } from '../../runtime/body-room.ts'
import { systemTimers } from '../../runtime/timers.ts'

const KIB = 1024
const LIMIT = 400 * KIB

describe('large bodies at the ledger', () => {
  let server: Server
  const read: { readonly body: SentBody; readonly asked: RoomyRequest }[] = []
  let tell: () => void
  /** Each body's end of patience. */
  const tooLate: (() => void)[] = []

  beforeEach(async () => {
    read.length = 0
    tooLate.length = 0
    tell = () => {}
    const timers = {
      ...systemTimers,
      after(_delayMs: number, action: () => void) {
        tooLate.push(action)
        tell()
        return () => {}
      },
    }
    const intake = { bodies: new BodyRoom(250 * KIB), timers }
    server = createServer((incoming, response) => {
      const asked = callRequest(incoming, response, intake)
      void asked.readBody(LIMIT).then(
        (body) => {
          read.push({ body, asked })
          tell()
        },
        () => asked.leaveRoom(),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const open = () => {
    const { port } = server.address() as AddressInfo
    return request({ port, method: 'POST', agent: false }).on('error', () => {})
  }
  const post = (bytes: number) => open().end(Buffer.alloc(bytes))
  /** Says that so much will come. */
  const begin = (bytes: number) => {
    const begun = open().setHeader('content-length', bytes)
    begun.flushHeaders()
    return begun
  }
  const until = async (count: number) => {
    while (read.length < count) await new Promise<void>((resolve) => (tell = resolve))
  }
  const sizes = () => read.map(({ body }) => (Buffer.isBuffer(body) ? body.length / KIB : body))

  it('are read when those before them are done with, and small ones at once', async () => {
    post(200 * KIB)
    await until(1)
    post(100 * KIB)
    post(10 * KIB)
    await until(2)
    expect(sizes()).to.deep.equal([200, 10])
    read[0]?.asked.leaveRoom()
    await until(3)
    expect(sizes()).to.deep.equal([200, 10, 100])
  })

  it('one that is too large takes no room, and one that breaks off gives its own back', async () => {
    post(LIMIT + 1)
    await until(1)
    const broken = begin(240 * KIB)
    broken.write(Buffer.alloc(100 * KIB), () => broken.destroy())
    post(240 * KIB)
    await until(2)
    expect(sizes()).to.deep.equal(['too_large', 240])
  })

  it('one that does not come to its end in time gives its room back when that was said', async () => {
    begin(240 * KIB)
    while (tooLate.length === 0) await new Promise<void>((resolve) => (tell = resolve))
    post(200 * KIB)
    tooLate[0]?.()
    await until(1)
    expect(sizes()).to.deep.equal(['too_slow'])
    read[0]?.asked.leaveRoom()
    await until(2)
    expect(sizes()).to.deep.equal(['too_slow', 200])
  })

  it('408 body_too_slow: whoever sent it is told so, and may send it again', async () => {
    const asked = { method: 'POST', headers: {}, repeated: [], readBody: async () => 'too_slow' }
    const addressed = { policy: { maxBodyBytes: LIMIT }, path: '/v1/charges', query: '' }
    const refused = await readText(asked as unknown as CallRequest, addressed as Addressed)
    expect(refused).to.have.property('code', 'body_too_slow')
    expect(REFUSALS.body_too_slow).to.include({ status: 408, isRetryable: true })
  })
})
