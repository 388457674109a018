import { expect } from 'chai'
import { connectLedger, parseLedgerAddress } from '../../sidecar/ledger-link.ts'
import { AppConnection, type RawAnswer } from './stand-in/app.ts'
import { CallSetting } from './stand-in/call-setting.ts'

describe('a request that is not numbered, and where each one goes', () => {
  let setting: CallSetting

  beforeEach(async () => {
    setting = await CallSetting.make()
  })
  afterEach(() => setting.close())

  it('finds its vendor by prefix, by host name and by a port of its own', async () => {
    await setting.start()
    const ask = async (path: string, host: string, place: [number, string?] = [setting.port]): Promise<RawAnswer> => {
      const app = await AppConnection.open(...place)
      setting.apps.push(app)
      return app.send(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`).answer()
    }
    await ask('/stripe/v1/charges?limit=3', 'localhost:8080')
    await ask('/v1/charges', 'Stripe.localhost:8080')
    await ask('/v1/charges', '127.0.0.1', [await setting.sidecar.listen({ vendor: 'stripe' })])
    await ask('/v1/charges', 'stripe.localhost', [await setting.sidecar.listen({ host: '::1' }), '::1'])
    expect(setting.ledger.calls.map(({ url }) => url)).to.deep.equal([
      '/stripe/v1/charges?limit=3',
      '/stripe/v1/charges',
      '/stripe/v1/charges',
      '/stripe/v1/charges',
    ])
    const refused = await ask('/twilio/x', 'localhost')
    expect(refused).to.include({ status: 404 })
    expect(refused.body).to.include('stripe, geocode').and.include('vendor_unknown')
    const bare = await ask('/v1/charges', 'localhost')
    expect(bare.body).to.include('A path begins with one, such as /stripe/')
  })

  it('of a stripe-go that rejects all answers under a prefix is not sent there, for its app would pay again', async () => {
    await setting.start()
    const ask = async (major: number, path: string, host: string): Promise<RawAnswer> => {
      const app = await setting.open()
      const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: Stripe/v1 GoBindings/${major}.5.1\r\n`
      return app.send(`${head}content-length: 0\r\n\r\n`).answer()
    }
    const refused = await ask(82, '/stripe/v1/charges', 'localhost:8080')
    expect(refused.headers['jobcap-refused']).to.equal('request_malformed')
    expect(refused.body).to.include('set the URL of its backend to http://stripe.localhost:8080')
    await ask(81, '/stripe/v1/charges', 'localhost:8080')
    await ask(82, '/v1/charges', 'stripe.localhost:8080')
    expect(setting.ledger.calls).to.have.length(2)
  })

  it('that reads is not numbered, carries no facts and needs no evidence', async () => {
    await setting.start()
    const app = await setting.open()
    const answer = await app.send('GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n').answer()
    expect(answer.status).to.equal(200)
    expect(answer.headers).to.not.have.property('jobcap-note')
    expect(setting.ledger.calls[0]?.claims).to.deep.include({ ord: null, seen: [], open: [] })
    expect((await setting.sidecar.proxy.started).unread.size).to.equal(0)
  })

  it('that reads is sent again while the ledger is away', async () => {
    await setting.start()
    setting.ledger.onCall = (call) => (setting.ledger.calls.length < 3 ? call.cut() : call.answer(200, '[]'))
    const app = await setting.open()
    expect((await app.send('GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n').answer()).body).to.equal('[]')
  })

  it('that reads is asked for three times where the vendor breaks its answer off, and then given up', async () => {
    await setting.start()
    setting.ledger.onCall = ({ response }) =>
      void response.writeHead(200, { 'content-length': '10' }).write('half', () => response.socket?.end())
    const app = await setting.open()
    const answer = await app.send('GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n').answer()
    expect(answer.headers).to.include({ 'jobcap-refused': 'vendor_unreachable', 'x-should-retry': 'true' })
    expect(setting.ledger.calls).to.have.length(3)
  })

  it('that reads gets all of a long answer whose length nobody has said', async () => {
    await setting.start()
    const [first, last] = ['x'.repeat(100_000), 'y'.repeat(100_000)]
    setting.ledger.onCall = ({ response }) => void response.writeHead(200).write(first, () => response.end(last))
    const app = await setting.open()
    const answer = await app.send('GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n').answer()
    expect(answer.body === first + last, `${answer.body.length} bytes`).to.equal(true)
  })

  it('that reads is given up when its app leaves', async () => {
    await setting.start()
    setting.hold()
    const app = await setting.open()
    app.send('GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n')
    await setting.ledger.until(() => setting.held.length === 1)
    const { gate } = await setting.sidecar.proxy.started
    expect(gate.inside).to.equal(1)
    app.socket.end()
    await setting.sidecar.until(async () => gate.inside === 0)
  })

  it('that changes its protocol on a free route is joined with the ledger, our headers taken off', async () => {
    await setting.start()
    setting.ledger.onUpgrade = (socket) => {
      socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\njobcap-note: {}\r\n\r\n')
      socket.on('data', (chunk) => socket.write(`echo ${String(chunk)}`))
    }
    const app = await setting.open()
    app.send('GET /stripe/v1/events HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    const answer = await app.answer()
    expect(answer.status).to.equal(101)
    expect(answer.headers).to.not.have.property('jobcap-note')
    app.send('hello')
    await app.until((text) => text === 'echo hello')
  })

  it('that changes its protocol ends with its app alone, also one that breaks off', async () => {
    await setting.start()
    const ended: string[] = []
    setting.ledger.onUpgrade = (socket) => {
      socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
      socket.resume().on('end', () => ended.push('left'))
    }
    const app = await setting.open()
    app.send('GET /stripe/v1/events HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    expect((await app.answer()).status).to.equal(101)
    app.socket.resetAndDestroy()
    await setting.sidecar.until(async () => ended.length === 1)
    const other = await setting.open()
    expect((await other.send('GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n').answer()).status).to.equal(200)
  })

  it('finds a ledger behind a Unix socket', async () => {
    await setting.start()
    const { createServer, connect } = await import('node:net')
    const path = `${setting.sidecar.stateDir}/setting.ledger.sock`
    const bridge = createServer((inner) => void inner.pipe(connect(setting.ledger.port, '127.0.0.1')).pipe(inner))
    await new Promise<void>((resolve) => bridge.listen(path, resolve))
    const address = parseLedgerAddress(`unix:${path}`)
    if (address === undefined) expect.fail('the address does not parse')
    const link = connectLedger(address, setting.sidecar.effects.timers)
    const answer = await link.ask({
      method: 'POST',
      path: '/seen',
      headers: {},
      body: Buffer.from(JSON.stringify({ historyId: 'history-1', seen: [] })),
    })
    expect(answer.status).to.equal(200)
    bridge.close()
  })
})
