import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { callRequest, type RoomyRequest } from '../../ledger/wire.ts'
import { BodyRoom } from '../../runtime/body-room.ts'

const KIB = 1024
const LIMIT = 400 * KIB

describe('large bodies at the ledger', () => {
  let server: Server
  const read: { readonly bytes: number; readonly asked: RoomyRequest }[] = []
  let tell: () => void

  beforeEach(async () => {
    read.length = 0
    tell = () => {}
    const bodies = new BodyRoom(250 * KIB)
    server = createServer((incoming, response) => {
      const asked = callRequest(incoming, response, bodies)
      void asked.readBody(LIMIT).then(
        (body) => {
          read.push({ bytes: body.length, asked })
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

  const post = (bytes: number) => {
    const sent = request({ port: (server.address() as AddressInfo).port, method: 'POST', agent: false })
    sent.on('error', () => {}).end(Buffer.alloc(bytes))
    return sent
  }
  const until = async (count: number) => {
    while (read.length < count) await new Promise<void>((resolve) => (tell = resolve))
  }
  const sizes = () => read.map(({ bytes }) => bytes / KIB)

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
    const broken = request({ port: (server.address() as AddressInfo).port, method: 'POST', agent: false })
    broken.on('error', () => {})
    broken.setHeader('content-length', 240 * KIB)
    broken.write(Buffer.alloc(100 * KIB), () => broken.destroy())
    post(240 * KIB)
    await until(2)
    expect(read[0]?.bytes).to.equal('too_large'.length)
    expect(read[1]?.bytes).to.equal(240 * KIB)
  })
})
