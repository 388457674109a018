import { expect } from 'chai'
import { asDigest, asHistoryId } from '../../contract/ids.ts'
import { refusal } from '../../contract/refusals.ts'
import { connectLedger, parseLedgerAddress } from '../../sidecar/ledger-link.ts'
import { AppConnection, type RawAnswer } from './stand-in/app.ts'
import { type Arrived, newStateDir, StandInLedger } from './stand-in/ledger.ts'
import { SidecarUnderTest } from './stand-in/sidecar.ts'
import { TestTime } from './stand-in/time.ts'

const form = (amount: number, customer = 'cus_1', more = '') =>
  `amount=${amount}&currency=usd&customer=${customer}${more}`

describe('a call through the sidecar', () => {
  let ledger: StandInLedger
  let sidecar: SidecarUnderTest
  let port: number
  let held: Arrived[]
  let apps: AppConnection[]

  const open = async () => {
    const app = await AppConnection.open(port)
    apps.push(app)
    return app
  }
  const start = async (effects: Parameters<typeof SidecarUnderTest.start>[1] = {}) => {
    sidecar = await SidecarUnderTest.start(ledger, effects)
    port = await sidecar.listen()
    await sidecar.proxy.started
  }
  const hold = () => {
    ledger.onCall = (call) => held.push(call)
  }
  const nth = (at: number): Arrived => held[at] ?? expect.fail(`call ${at} has not come`)

  beforeEach(async () => {
    ledger = await StandInLedger.start()
    held = []
    apps = []
  })

  afterEach(async () => {
    for (const app of apps) app.socket.destroy()
    sidecar.close()
    await ledger.close()
  })

  it('reaches the ledger with the untouched body, the Pod credential and its claims', async () => {
    await start()
    const app = await open()
    app.post(form(5), {
      headers: 'authorization: Bearer sk_of_the_app\r\nx-kept: yes\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\n',
    })
    await app.answer()
    const [call] = ledger.calls
    expect(call?.url).to.equal('/stripe/v1/payment_intents')
    expect(call?.body).to.equal(form(5))
    expect(call?.headers).to.include({ authorization: 'Bearer pod-credential-0', 'x-kept': 'yes' })
    expect(call?.headers).to.not.have.any.keys('x-hop', 'jobcap-note')
    expect(call?.claims).to.deep.include({
      historyId: 'history-1',
      life: 1,
      ord: { boot: 1, seq: 1 },
      seen: [],
      delivery: { intactSinceBoot: 1, delivering: [] },
      saysDiverged: false,
      open: [],
    })
    expect(call?.claims.identity).to.include({ route: 'POST /v1/payment_intents', kind: 'mutating', key: null })
  })

  it('is answered with the vendor’s status, headers and body; a replay is marked and our note taken off', async () => {
    await start()
    ledger.onCall = (call) =>
      call.answer(402, '{"error":{}}', {
        note: { replayed: true, callId: 'call_1' },
        headers: { 'request-id': 'req_1', 'jobcap-x': 'no' },
      })
    const app = await open()
    const answer = await app.post(form(5)).answer()
    expect(answer).to.include({ status: 402, body: '{"error":{}}' })
    expect(answer.headers).to.include({ 'request-id': 'req_1', 'jobcap-replayed': 'true', 'jobcap-call-id': 'call_1' })
    expect(answer.headers).to.not.have.any.keys('jobcap-note', 'jobcap-x')
  })

  it('waits for its turn behind a call to the same counterparty, while other calls pass', async () => {
    await start()
    hold()
    const [first, second, other] = [await open(), await open(), await open()]
    first.post(form(5))
    await ledger.until(() => held.length === 1)
    second.post(form(5, 'cus_1', '&metadata[at]=2'))
    other.post(form(7))
    await ledger.until(() => held.length === 2)
    expect(nth(1).body).to.equal(form(7))
    nth(0).refuse(refusal('vendor_unreachable'))
    await ledger.until(() => held.length === 3)
    expect(nth(2).claims.ord).to.deep.equal({ boot: 1, seq: 3 })
    expect(nth(2).claims.identity.core).to.equal(nth(0).claims.identity.core)
  })

  it('is dropped unsent when its app leaves while it waits', async () => {
    await start()
    hold()
    const [first, second, third] = [await open(), await open(), await open()]
    first.post(form(5))
    await ledger.until(() => held.length === 1)
    second.post(form(5))
    third.post(form(5, 'cus_9'))
    await ledger.until(() => held.length === 2)
    second.socket.destroy()
    const last = await open()
    last.post(form(5))
    nth(0).refuse(refusal('vendor_unreachable'))
    await first.answer()
    await ledger.until(() => held.length === 3)
    nth(2).answer(200, '{}')
    expect((await last.answer()).status).to.equal(200)
    expect(held).to.have.length(3)
  })

  it('under a named key waits for the answer to the same key, and needs no evidence', async () => {
    await start()
    hold()
    const key = { headers: 'idempotency-key: invoice-7\r\n' }
    const [first, second] = [await open(), await open()]
    first.post(form(5), key)
    await ledger.until(() => held.length === 1)
    second.post(form(5), key)
    expect(nth(0).claims.identity.key).to.deep.equal({ kind: 'named', value: 'invoice-7' })
    nth(0).answer(200, '{"id":"a"}')
    await ledger.until(() => held.length === 2)
    expect(nth(1).claims.ord).to.deep.equal({ boot: 1, seq: 2 })
    nth(1).answer(200, '{"id":"a"}')
    expect((await second.answer()).body).to.equal('{"id":"a"}')
    expect(await sidecar.file('deliveries.jsonl')).to.not.include('["d",')
  })

  it('on an LLM route runs beside identical ones and lists which are open', async () => {
    await start()
    hold()
    const [first, second] = [await open(), await open()]
    const chat = { path: '/geocode/v1/chat' }
    first.post('q=1', chat)
    await ledger.until(() => held.length === 1)
    second.post('q=1', chat)
    await ledger.until(() => held.length === 2)
    expect(nth(0).claims.open).to.deep.equal([])
    expect(nth(1).claims.open).to.deep.equal([{ boot: 1, seq: 1 }])
  })

  it('is sent again under the same ord when the ledger dies with it', async () => {
    await start()
    ledger.onCall = (call) => (ledger.calls.length < 3 ? call.cut() : call.answer(200, '{"id":"pi_1"}'))
    const app = await open()
    expect((await app.post(form(5)).answer()).body).to.equal('{"id":"pi_1"}')
    expect(ledger.calls.map(({ claims }) => claims.ord?.seq)).to.deep.equal([1, 1, 1])
    expect(new Set(ledger.calls.map(({ body }) => body)).size).to.equal(1)
  })

  it('is sent again when a short answer is cut, before anything of it reached the app', async () => {
    await start()
    ledger.onCall = (call) => {
      if (ledger.calls.length > 1) return call.answer(200, '{"id":"whole"}')
      call.response.writeHead(200, { 'content-length': '14', 'jobcap-note': call.noteFor() })
      call.response.write('{"id"', () => call.cut())
    }
    const app = await open()
    expect((await app.post(form(5)).answer()).body).to.equal('{"id":"whole"}')
  })

  it('is refused as retryable after 20 s without a ledger', async () => {
    const time = new TestTime({ hurries: true })
    await start({ clock: time, timers: time })
    const before = time.monotonicMs()
    await ledger.close()
    const answer = await (await open()).post(form(5)).answer()
    expect(answer.status).to.equal(503)
    expect(answer.headers).to.include({ 'jobcap-refused': 'ledger_unreachable', 'stripe-should-retry': 'true' })
    expect(time.monotonicMs() - before).to.be.within(18_000, 20_000)
    await ledger.listen(0)
  })

  it('is sent again to a ledger that is not ready yet', async () => {
    const time = new TestTime({ hurries: true })
    await start({ clock: time, timers: time })
    ledger.onCall = (call) =>
      ledger.calls.length < 4 ? call.refuse(refusal('ledger_not_ready')) : call.answer(200, '{}')
    expect((await (await open()).post(form(5)).answer()).status).to.equal(200)
    expect(ledger.calls.map(({ claims }) => claims.ord?.seq)).to.deep.equal([1, 1, 1, 1])
  })

  it('is judged again, under the same ord and with all that was ever seen, when the store lost something', async () => {
    await start()
    const app = await open()
    await app.post(form(1)).answer()
    await app.post(form(2)).answer()
    // Both are seen and confirmed by now but the last; the store then forgets.
    await app.post(form(3)).answer()
    ledger.historyId = asHistoryId('history-2')
    ledger.seen.length = 0
    const answer = await app.post(form(4)).answer()
    expect(answer.status).to.equal(200)
    const [lost, again] = ledger.calls.slice(-2)
    expect(lost?.claims.ord).to.deep.equal(again?.claims.ord)
    expect(again?.claims.historyId).to.equal('history-2')
    expect(new Set(ledger.seen.map(({ digest }) => digest)).size).to.equal(3)
  })

  it('sends seen facts that do not fit into its claims ahead, and goes once they are confirmed', async () => {
    await start()
    const { facts } = await sidecar.proxy.started
    hold()
    const app = await open()
    app.post(form(5))
    await ledger.until(() => held.length === 1)
    const lane = `core ${nth(0).claims.identity.core?.slice(0, 16)}`
    for (let n = 1; n <= 100; n += 1) facts.add({ life: 1, digest: asDigest('a'.repeat(64)), n, token: null }, lane)
    nth(0).refuse(refusal('vendor_unreachable'))
    await app.answer()
    app.post(form(5))
    await ledger.until(() => held.length === 2)
    expect(ledger.reports.map(({ seen }) => seen.length)).to.deep.equal([100])
    expect(nth(1).claims.seen).to.deep.equal([])
  })

  it('told to wait lets others of its counterparty go, and asks again with a new ord when one ends', async () => {
    await start()
    hold()
    const [first, second] = [await open(), await open()]
    first.post(form(5, 'cus_1', '&metadata[at]=1'))
    await ledger.until(() => held.length === 1)
    second.post(form(5, 'cus_1', '&metadata[at]=2'))
    nth(0).refuse(refusal('call_in_progress'), { control: 'wait' })
    await ledger.until(() => held.length === 2)
    expect(nth(1).body).to.include('at]=2')
    nth(1).answer(200, '{}')
    await second.answer()
    second.socket.end()
    await ledger.until(() => held.length === 3)
    expect(nth(2).body).to.include('at]=1')
    expect(nth(2).claims).to.deep.include({ ord: { boot: 1, seq: 3 }, saysDiverged: false })
    expect(nth(2).claims.seen).to.have.length(1)
  })

  it('says so after 2 s in which all that is open was told to wait', async () => {
    const time = new TestTime()
    await start({ clock: time, timers: time })
    ledger.onCall = (call) =>
      call.claims.saysDiverged
        ? call.refuse(refusal('replay_divergence'))
        : call.refuse(refusal('call_in_progress'), { control: 'wait' })
    const app = await open()
    app.post(form(5))
    const { turns } = await sidecar.proxy.started
    await sidecar.until(async () => turns.toldToWait === 1)
    time.advance(1_999)
    expect(ledger.calls).to.have.length(1)
    time.advance(1)
    expect((await app.answer()).headers['jobcap-refused']).to.equal('replay_divergence')
    expect(ledger.calls.map(({ claims }) => claims.ord?.seq)).to.deep.equal([1, 2])
  })

  it('is refused, retryably, behind an answer unread for 30 s', async () => {
    const time = new TestTime()
    await start({ clock: time, timers: time })
    const stalled = await AppConnection.openStalled(port)
    apps.push(stalled)
    stalled.post(form(5))
    const { turns, unread } = await sidecar.proxy.started
    await sidecar.until(async () => unread.size === 1 && turns.size === 1)
    await sidecar.until(async () => ((await sidecar.file('deliveries.jsonl')) ?? '').includes('["d",'))
    const second = await open()
    second.post(form(5))
    await sidecar.until(async () => turns.size === 2)
    time.advance(30_000)
    const answer = await second.answer()
    expect(answer.headers).to.include({ 'jobcap-refused': 'earlier_call_unread', 'x-should-retry': 'true' })
  })

  it('after a crash of the sidecar names what was being delivered, and nothing that was read', async () => {
    await start()
    const app = await open()
    await app.post(form(1)).answer()
    await app.post(form(2)).answer()
    // As if it had been killed now: the second answer is written, and whether it is read is unknown.
    const { stateDir } = sidecar
    const memory = (await sidecar.file('deliveries.jsonl')) ?? ''
    const { cpSync } = await import('node:fs')
    const killed = newStateDir()
    cpSync(stateDir, killed, { recursive: true })
    expect(memory).to.include('["s",')
    app.socket.destroy()
    sidecar.close()
    await start({ stateDir: killed })
    const again = await open()
    await again.post(form(1)).answer()
    await again.post(form(2)).answer()
    const [one, two] = ledger.calls.slice(-2)
    expect(one?.claims).to.deep.include({ ord: { boot: 2, seq: 1 }, delivery: { intactSinceBoot: 1, delivering: [] } })
    expect(two?.claims.delivery).to.deep.equal({ intactSinceBoot: 1, delivering: [1] })
  })

  it('after the loss of the delivery file clears nothing of older boots', async () => {
    const stateDir = newStateDir()
    const { writeFileSync } = await import('node:fs')
    writeFileSync(`${stateDir}/boot`, '4')
    writeFileSync(`${stateDir}/deliveries.jsonl`, '["boot",4]\nnonsense\n')
    await start({ stateDir })
    await (await open()).post(form(1)).answer()
    expect(ledger.calls[0]?.claims).to.deep.include({
      ord: { boot: 5, seq: 1 },
      delivery: { intactSinceBoot: 5, delivering: [] },
    })
  })

  it('of more than 64 KiB is answered as it comes, with its length, and its last piece only once that is written down', async () => {
    await start()
    const big = 'x'.repeat(300_000)
    ledger.onCall = (call) => call.answer(200, big)
    const answer = await (await open()).post(form(5)).answer()
    expect(answer.headers['content-length']).to.equal('300000')
    expect(answer.body).to.equal(big)
    expect(await sidecar.file('deliveries.jsonl')).to.match(/^\["[ds]",/m)
  })

  it('streams events as they come', async () => {
    await start()
    hold()
    const app = await open()
    app.post('q=1', { path: '/geocode/v1/chat' })
    await ledger.until(() => held.length === 1)
    const { response } = nth(0)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'jobcap-note': nth(0).noteFor() })
    response.write('data: 1\n\n')
    await app.until((text) => text.includes('data: 1'))
    response.end('data: 2\n\n')
    expect((await app.answer()).body).to.equal('data: 1\n\ndata: 2\n\n')
  })

  it('holds the last word of a stream until its end, so that an app which closes there has read it all', async () => {
    await start()
    hold()
    const chat = { path: '/geocode/v1/chat' }
    const app = await open()
    app.post('q=1', chat)
    await ledger.until(() => held.length === 1)
    const { response } = nth(0)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'jobcap-note': nth(0).noteFor() })
    response.write('data: 1\n\ndata: [DONE]\n\n')
    let got = ''
    const hasCome = (part: string) =>
      app.until((text) => {
        got = text
        return text.includes(part)
      })
    await hasCome('data: 1\n\n')
    expect(got).to.not.include('[DONE]')
    response.end()
    await hasCome('[DONE]')
    expect(got).to.match(/\r\ndata: \[DONE\]\n\n\r\n0\r\n\r\n$/)
    app.socket.end()
    await app.ended()
    const next = await open()
    next.post('q=1', chat)
    await ledger.until(() => held.length === 2)
    expect(nth(1).claims.seen.map(({ n }) => n)).to.deep.equal([1])
  })

  it('whose long answer is cut ends the app’s connection, and is not counted as answered', async () => {
    await start()
    hold()
    const app = await open()
    app.post(form(5))
    await ledger.until(() => held.length === 1)
    nth(0).response.writeHead(200, { 'content-length': '300000', 'jobcap-note': nth(0).noteFor() })
    nth(0).response.write('x'.repeat(200_000), () => nth(0).cut())
    await app.ended()
    const next = await open()
    next.post(form(5))
    await ledger.until(() => held.length === 2)
    expect(nth(1).claims.seen).to.deep.equal([])
    expect(await sidecar.file('deliveries.jsonl')).to.not.include('["d",')
  })

  it('finds its vendor by prefix, by host name and by a port of its own', async () => {
    await start()
    const ask = async (path: string, host: string, place: [number, string?] = [port]): Promise<RawAnswer> => {
      const app = await AppConnection.open(...place)
      apps.push(app)
      return app.send(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`).answer()
    }
    await ask('/stripe/v1/charges?limit=3', 'localhost:8080')
    await ask('/v1/charges', 'Stripe.localhost:8080')
    await ask('/v1/charges', '127.0.0.1', [await sidecar.listen({ vendor: 'stripe' })])
    await ask('/v1/charges', 'stripe.localhost', [await sidecar.listen({ host: '::1' }), '::1'])
    expect(ledger.calls.map(({ url }) => url)).to.deep.equal([
      '/stripe/v1/charges?limit=3',
      '/stripe/v1/charges',
      '/stripe/v1/charges',
      '/stripe/v1/charges',
    ])
    const refused = await ask('/twilio/x', 'localhost')
    expect(refused).to.include({ status: 404 })
    expect(refused.body).to.include('stripe, geocode').and.include('vendor_unknown')
  })

  it('that reads is not numbered, carries no facts and needs no evidence', async () => {
    await start()
    const app = await open()
    const answer = await app.send('GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n').answer()
    expect(answer.status).to.equal(200)
    expect(answer.headers).to.not.have.property('jobcap-note')
    expect(ledger.calls[0]?.claims).to.deep.include({ ord: null, seen: [], open: [] })
    expect((await sidecar.proxy.started).unread.size).to.equal(0)
  })

  it('that reads is sent again while the ledger is away', async () => {
    await start()
    ledger.onCall = (call) => (ledger.calls.length < 3 ? call.cut() : call.answer(200, '[]'))
    const app = await open()
    expect((await app.send('GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n').answer()).body).to.equal('[]')
  })

  it('that reads is given up when its app leaves', async () => {
    await start()
    hold()
    const app = await open()
    app.send('GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n')
    await ledger.until(() => held.length === 1)
    const { gate } = await sidecar.proxy.started
    expect(gate.inside).to.equal(1)
    app.socket.end()
    await sidecar.until(async () => gate.inside === 0)
  })

  it('that changes its protocol on a free route is joined with the ledger, our headers taken off', async () => {
    await start()
    ledger.onUpgrade = (socket) => {
      socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\njobcap-note: {}\r\n\r\n')
      socket.on('data', (chunk) => socket.write(`echo ${String(chunk)}`))
    }
    const app = await open()
    app.send('GET /stripe/v1/events HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    const answer = await app.answer()
    expect(answer.status).to.equal(101)
    expect(answer.headers).to.not.have.property('jobcap-note')
    app.send('hello')
    await app.until((text) => text === 'echo hello')
  })

  it('finds a ledger behind a Unix socket', async () => {
    await start()
    const { createServer, connect } = await import('node:net')
    const path = `${sidecar.stateDir}/ledger.sock`
    const bridge = createServer((inner) => void inner.pipe(connect(ledger.port, '127.0.0.1')).pipe(inner))
    await new Promise<void>((resolve) => bridge.listen(path, resolve))
    const address = parseLedgerAddress(`unix:${path}`)
    if (address === undefined) expect.fail('the address does not parse')
    const link = connectLedger(address, sidecar.effects.timers)
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
