import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect } from 'chai'
import { systemFiles } from '../../sidecar/files.ts'
import { ConnectionWatch, type Verdict } from '../../sidecar/proxy/evidence/connection-watch.ts'
import { AppConnection } from './stand-in/app.ts'
import { type Arrived, StandInLedger } from './stand-in/ledger.ts'
import { SidecarUnderTest } from './stand-in/sidecar.ts'

const BODY = 'amount=500&currency=usd&customer=cus_1'

/** A kernel without socket tables, as on macOS: E1 and E2 must do. */
const WITHOUT_TABLES = {
  files: {
    ...systemFiles,
    read: (path: string) => (path.startsWith('/proc/') ? Promise.resolve('') : systemFiles.read(path)),
  },
}

describe('evidence that an answer was read, on real sockets', () => {
  let ledger: StandInLedger
  let sidecar: SidecarUnderTest
  let port: number

  const start = async (effects = {}) => {
    sidecar = await SidecarUnderTest.start(ledger, effects)
    port = await sidecar.listen()
  }

  beforeEach(async () => {
    ledger = await StandInLedger.start()
  })

  afterEach(async () => {
    sidecar.close()
    await ledger.close()
  })

  /** The same call again, on a connection of its own: what the ledger is told about the first answer. */
  const seenByNext = async () => {
    const before = ledger.calls.length
    const next = await AppConnection.open(port)
    next.post(BODY)
    await next.answer()
    next.socket.destroy()
    return ledger.calls[before]?.claims.seen.map(({ n }) => n)
  }

  it('E1: a further request on the connection says that the answer before it was read', async () => {
    await start(WITHOUT_TABLES)
    const app = await AppConnection.open(port)
    for (let times = 1; times <= 3; times += 1) await app.post(BODY).answer()
    expect(ledger.calls.map(({ claims }) => claims.seen.map(({ n }) => n))).to.deep.equal([[], [1], [2]])
    app.socket.destroy()
  })

  it('E1 does not count where requests are sent ahead of answers', async () => {
    await start(WITHOUT_TABLES)
    const held: Arrived[] = []
    ledger.onCall = (call) => held.push(call)
    const app = await AppConnection.open(port)
    app.post(BODY).post(BODY)
    await ledger.until(() => held.length === 1)
    held[0]?.answer(200, '{}')
    await app.answer()
    app.post('amount=1&currency=usd&customer=cus_other')
    await ledger.until(() => held.length === 2)
    expect(held[1]?.body).to.include('cus_other')
    expect(held[1]?.claims.seen).to.deep.equal([])
    app.socket.destroy()
  })

  it('E2: closing after the last byte says that the answer was read', async () => {
    await start(WITHOUT_TABLES)
    const app = await AppConnection.open(port)
    await app.post(BODY).answer()
    app.socket.end()
    expect(await seenByNext()).to.deep.equal([1])
  })

  it('E2 holds for a client that asked to close the connection', async () => {
    await start(WITHOUT_TABLES)
    const app = await AppConnection.open(port)
    const answer = await app.post(BODY, { headers: 'connection: close\r\n' }).answer()
    expect(answer.headers['connection']).to.equal('close')
    await app.ended()
    app.socket.end()
    expect(await seenByNext()).to.deep.equal([1])
  })

  it('a client that resets the connection with the answer unread has not seen it', async () => {
    await start(WITHOUT_TABLES)
    const app = await AppConnection.openStalled(port)
    app.post(BODY)
    await ledger.until(() => ledger.calls.length === 1)
    await deliveryWritten()
    app.socket.resetAndDestroy()
    expect(await seenByNext()).to.deep.equal([])
  })

  it('a client that leaves while the vendor works has not seen the answer, and its repeat is the same call', async () => {
    await start(WITHOUT_TABLES)
    const held: Arrived[] = []
    ledger.onCall = (call) => held.push(call)
    const app = await AppConnection.open(port)
    app.post(BODY)
    await ledger.until(() => held.length === 1)
    app.socket.destroy()
    const repeat = await AppConnection.open(port)
    repeat.post(BODY)
    await ledger.until(() => held.length === 2)
    expect(held[1]?.claims).to.deep.include({ seen: [], ord: { boot: 1, seq: 2 } })
    repeat.socket.destroy()
  })

  it('an answer that we break off, because the app sends what is no request, is unseen', async () => {
    await start(WITHOUT_TABLES)
    const held: Arrived[] = []
    ledger.onCall = (call) => held.push(call)
    const app = await AppConnection.open(port)
    app.post(BODY)
    await ledger.until(() => held.length === 1)
    held[0]?.response.writeHead(200, { 'content-length': '300000', 'jobcap-note': held[0].noteFor() })
    held[0]?.response.write('x'.repeat(200_000))
    await app.until((text) => text.length > 100_000)
    app.send('no request\r\n\r\n')
    await app.ended()
    const next = await AppConnection.open(port)
    next.post(BODY)
    await ledger.until(() => held.length === 2)
    expect(held[1]?.claims.seen).to.deep.equal([])
    next.socket.destroy()
  })

  it('E3: an answer in the receive queue is unread, and seen once the app takes it, with no byte sent', async () => {
    await start()
    await sidecar.proved
    const app = await AppConnection.openStalled(port)
    app.post(BODY)
    await deliveryWritten()
    const second = await AppConnection.open(port)
    second.post(BODY)
    await looks(sidecar, 3)
    expect(ledger.calls).to.have.length(1)
    app.socket.resume()
    await second.answer()
    expect(ledger.calls[1]?.claims.seen.map(({ n }) => n)).to.deep.equal([1])
    app.socket.destroy()
    second.socket.destroy()
  })

  it('E3 holds over ::1 too', async () => {
    await start()
    const port6 = await sidecar.listen({ host: '::1' })
    await sidecar.proved
    const app = await AppConnection.open(port6, '::1')
    await app.post(BODY).answer()
    expect(await seenByNext()).to.deep.equal([1])
    app.socket.destroy()
  })

  it('E3: whoever began to wait while it was being proved is not forgotten', async () => {
    const { promise: letLook, resolve: look } = Promise.withResolvers<void>()
    const read = async (path: string) => {
      if (path.startsWith('/proc/')) await letLook
      return systemFiles.read(path)
    }
    await start({ files: { ...systemFiles, read } })
    const first = await AppConnection.open(port)
    await first.post(BODY).answer()
    const second = await AppConnection.open(port)
    second.post(BODY)
    await sidecar.until(async () => (await sidecar.proxy.started).turns.wanted().length === 1)
    look()
    expect((await second.answer()).status).to.equal(200)
    first.socket.destroy()
    second.socket.destroy()
  })

  it('a kernel that shows no queues is noticed, and then nothing but E1 and E2 counts', async () => {
    await start(WITHOUT_TABLES)
    expect(await sidecar.proved).to.equal(false)
  })

  /** The file says so just before the last byte is written. */
  async function deliveryWritten(): Promise<void> {
    await sidecar.until(async () => ((await sidecar.file('deliveries.jsonl')) ?? '').includes('["d",'))
  }
})

async function looks(sidecar: SidecarUnderTest, count: number): Promise<void> {
  const from = sidecar.looks
  await sidecar.until(async () => sidecar.looks >= from + count)
}

describe('a FIN that lies unread in our kernel while we write', () => {
  const judged = async (leave: (client: ReturnType<typeof connect>) => void, headers = '') => {
    const verdict = Promise.withResolvers<Verdict>()
    const server = createServer((_request, response) => {
      const watch = watches.shift()
      watch?.requestArrived(response, () => {})
      watch?.follow(response, { onWritten: () => {}, onVerdict: verdict.resolve })
      // The kernel has the FIN now; our loop has not read it yet.
      leave(client)
      response.end('answer')
    })
    const watches: ConnectionWatch[] = []
    server.on('connection', (socket) => watches.push(new ConnectionWatch(socket)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
    client.write(`GET / HTTP/1.1\r\nhost: a\r\n${headers}\r\n`)
    const said = await verdict.promise
    server.close()
    server.closeAllConnections()
    client.destroy()
    return said
  }

  it('is told from one that came after: the app had closed, so it has not seen the answer', async () => {
    expect(await judged((client) => client.destroy())).to.equal('unseen')
  })

  it('is told from one that came after on a connection that we close as well', async () => {
    expect(await judged((client) => client.destroy(), 'connection: close\r\n')).to.equal('unseen')
  })

  it('does not make an answer unseen that is read afterwards', async () => {
    expect(await judged((client) => client.once('data', () => client.end()))).to.equal('seen')
  })
})
