import { request } from 'node:http'
import { expect } from 'chai'
import { asDigest, asHistoryId } from '../../contract/ids.ts'
import { REFUSALS, refusal } from '../../contract/refusals.ts'
import { AppConnection } from './stand-in/app.ts'
import { type Arrived, StandInLedger } from './stand-in/ledger.ts'
import { SidecarUnderTest } from './stand-in/sidecar.ts'
import { TestTime } from './stand-in/time.ts'

const BODY = 'amount=5&currency=usd&customer=cus_1'
const BEGIN = 'POST /_jobcap/begin HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n'

describe('the sidecar and its Pod', () => {
  let ledger: StandInLedger
  let sidecar: SidecarUnderTest
  let port: number
  let apps: AppConnection[]

  const open = async () => {
    const app = await AppConnection.open(port)
    apps.push(app)
    return app
  }
  const start = async (effects: Parameters<typeof SidecarUnderTest.start>[1] = {}) => {
    sidecar = await SidecarUnderTest.start(ledger, effects)
    port = await sidecar.listen()
    return sidecar.proxy.started
  }

  beforeEach(async () => {
    ledger = await StandInLedger.start()
    apps = []
  })

  afterEach(async () => {
    for (const app of apps) app.socket.destroy()
    sidecar.close()
    await ledger.close()
  })

  it('begins a new life once no call is out and all evidence is in, and hands that in first', async () => {
    await start()
    await sidecar.proved
    const held: Arrived[] = []
    ledger.onCall = (call) => held.push(call)
    const [app, beginner] = [await open(), await open()]
    app.post(BODY)
    await ledger.until(() => held.length === 1)
    beginner.send(BEGIN)
    held[0]?.answer(200, '{}')
    await app.answer()
    expect(await beginner.answer()).to.include({ status: 200, body: '{"life":2}' })
    expect(ledger.seen).to.deep.include({ life: 1, digest: held[0]?.claims.identity.digest, n: 1, token: null })
    app.post(BODY)
    await ledger.until(() => held.length === 2)
    expect(held[1]?.claims).to.deep.include({ life: 2, ord: { boot: 1, seq: 2 } })
    expect(JSON.parse((await sidecar.file('renewed.json')) ?? '').answer).to.include({ life: 2 })
  })

  it('forgets what was read in earlier lives when a new one begins', async () => {
    const { deliveries } = await start()
    await (await open()).post(BODY).answer()
    const bytes = async () => ((await sidecar.file('deliveries.jsonl')) ?? '').length
    for (let n = 1; (await bytes()) < 100_000; n += 1) {
      const room = deliveries.room({ life: 1, digest: asDigest('a'.repeat(64)), lane: 'lane', token: null })
      if (room !== null) deliveries.seen(deliveries.delivering(room, n))
    }
    expect((await (await open()).send(BEGIN).answer()).body).to.equal('{"life":2}')
    expect(await bytes()).to.be.below(100)
  })

  it('lets calls that come while a new life begins belong to it', async () => {
    await start()
    const held: Arrived[] = []
    ledger.onCall = (call) => held.push(call)
    const [app, beginner, late] = [await open(), await open(), await open()]
    app.post(BODY)
    await ledger.until(() => held.length === 1)
    beginner.send(BEGIN)
    const { gate } = await sidecar.proxy.started
    await sidecar.until(async () => gate.isShut)
    late.post('amount=9&currency=usd&customer=cus_2')
    held[0]?.refuse(refusal('vendor_unreachable'))
    await beginner.answer()
    await ledger.until(() => held.length === 2)
    expect(held[1]?.claims.life).to.equal(2)
  })

  it('refuses to begin when a call stays out', async () => {
    const time = new TestTime()
    await start({ clock: time, timers: time })
    const held: Arrived[] = []
    ledger.onCall = (call) => held.push(call)
    const [app, beginner] = [await open(), await open()]
    app.post(BODY)
    await ledger.until(() => held.length === 1)
    beginner.send(BEGIN)
    const { gate } = await sidecar.proxy.started
    await sidecar.until(async () => gate.isShut)
    time.advance(10_000)
    const answer = await beginner.answer()
    expect(answer.headers).to.include({ 'jobcap-refused': 'begin_too_early', 'x-should-retry': 'true' })
    expect(gate.isShut).to.equal(false)
  })

  for (const [what, meet, code] of [
    ['the ledger refuses', () => void (ledger.refusesExchange = refusal('key_revoked')), 'key_revoked'],
    ['the ledger does not answer', () => void (ledger.exchangesToCut = 1), 'ledger_unreachable'],
  ] as const) {
    it(`begins no life where ${what}, and calls go on in the one before`, async () => {
      await start()
      meet()
      const begun = await (await open()).send(BEGIN).answer()
      expect(begun.headers).to.include({ 'jobcap-refused': code })
      await (await open()).post(BODY).answer()
      expect(ledger.calls[0]?.claims.life).to.equal(1)
    })
  }

  it('renews its credential at about half its life, with the token as it then is, and keeps it for a restart', async () => {
    const time = new TestTime()
    await start({ clock: time, timers: time })
    time.advance(260_000)
    expect(ledger.exchanges).to.deep.equal([])
    time.advance(80_000)
    await ledger.until(() => ledger.exchanges.length === 1)
    expect(ledger.exchanges).to.deep.equal([{ purpose: 'renew', life: 1, token: 'Bearer pod-token' }])
    await sidecar.until(async () => (await sidecar.file('renewed.json'))?.includes('pod-credential-1') === true)
    await (await open()).post(BODY).answer()
    expect(ledger.calls[0]?.headers.authorization).to.equal('Bearer pod-credential-1')
  })

  for (const [what, offMs] of [
    ['behind', -300_000],
    ['ahead of', 300_000],
  ] as const) {
    it(`renews in time where the node's clock is five minutes ${what} the ledger's`, async () => {
      const time = new TestTime()
      const clock = { nowMs: () => Date.now() + offMs, monotonicMs: () => time.monotonicMs() }
      await start({ clock, timers: time })
      // The ledger's credential lives 600 s by the ledger's own clock.
      time.advance(590_000)
      await ledger.until(() => ledger.exchanges.length === 1)
      await sidecar.until(async () => (await sidecar.file('renewed.json'))?.includes('pod-credential-1') === true)
      await (await open()).post(BODY).answer()
      expect(ledger.calls[0]?.headers.authorization).to.equal('Bearer pod-credential-1')
    })
  }

  it('stays in the life that has begun when a renewal of the one before is answered late', async () => {
    const time = new TestTime()
    await start({ clock: time, timers: time })
    ledger.lateRenewals = []
    time.advance(340_000)
    await ledger.until(() => ledger.lateRenewals?.length === 1)
    expect((await (await open()).send(BEGIN).answer()).body).to.equal('{"life":2}')
    const { credentials } = await sidecar.proxy.started
    const renewal = credentials.renew()
    for (const answer of ledger.lateRenewals) answer()
    await renewal
    await (await open()).post(BODY).answer()
    expect(ledger.calls[0]?.claims).to.include({ life: 2 })
    expect(ledger.exchanges.map(({ purpose, life }) => [purpose, life])).to.deep.equal([
      ['renew', 1],
      ['begin', 1],
    ])
  })

  it('serves with the old credential when the renewal is refused, and asks again', async () => {
    const time = new TestTime()
    await start({ clock: time, timers: time })
    ledger.refusesExchange = refusal('pod_token_invalid')
    time.advance(340_000)
    await ledger.until(() => ledger.exchanges.length === 1)
    expect((await (await open()).post(BODY).answer()).status).to.equal(200)
    expect(ledger.calls[0]?.headers.authorization).to.equal('Bearer pod-credential-0')
    await sidecar.until(async () => {
      time.advance(1_000)
      return ledger.exchanges.length > 1
    })
  })

  it('renews at once when the ledger calls the credential expired, and sends the same call again', async () => {
    await start()
    ledger.onCall = (call) =>
      ledger.calls.length === 1 ? call.refuse(refusal('credential_expired')) : call.answer(200, '{}')
    expect((await (await open()).post(BODY).answer()).status).to.equal(200)
    expect(ledger.calls.map(({ claims }) => claims.ord?.seq)).to.deep.equal([1, 1])
    expect(ledger.exchanges.map(({ purpose }) => purpose)).to.deep.equal(['renew'])
  })

  it('waits for a ledger that renews it when the credential has expired and the first asking gets no answer', async () => {
    await start()
    ledger.onCall = (call) =>
      call.headers.authorization === 'Bearer pod-credential-0'
        ? call.refuse(refusal('credential_expired'))
        : call.answer(200, '{}')
    ledger.exchangesToCut = 1
    expect((await (await open()).post(BODY).answer()).status).to.equal(200)
    expect(ledger.exchanges).to.have.length(2)
    expect(ledger.calls.map(({ claims }) => claims.ord?.seq)).to.deep.equal([1, 1, 1])
  })

  it('waits for a ledger that renews it when the first one asked is only starting', async () => {
    await start()
    ledger.refusesExchange = refusal('ledger_not_ready')
    ledger.onCall = (call) => {
      if (ledger.exchanges.length > 0) ledger.refusesExchange = null
      if (call.headers.authorization !== 'Bearer pod-credential-0') call.answer(200, '{}')
      else call.refuse(refusal('credential_expired'))
    }
    expect((await (await open()).post(BODY).answer()).status).to.equal(200)
    expect(ledger.exchanges).to.have.length(2)
  })

  for (const code of ['store_unavailable', 'key_revoked', 'pod_ending'] as const) {
    it(`says ${code} when the credential has expired and is not renewed for it`, async () => {
      await start()
      ledger.onCall = (call) => call.refuse(refusal('credential_expired'))
      ledger.refusesExchange = refusal(code)
      const { status, headers } = await (await open()).post(BODY).answer()
      expect([status, headers['jobcap-refused']]).to.deep.equal([REFUSALS[code].status, code])
    })
  }

  it('lets what was seen go out by itself when no call carries it', async () => {
    const time = new TestTime()
    await start({ clock: time, timers: time })
    const app = await open()
    await app.post(BODY).answer()
    app.socket.end()
    const { facts } = await sidecar.proxy.started
    await sidecar.until(async () => facts.some(2).length === 1)
    time.advance(1_000)
    await ledger.until(() => ledger.reports.length === 1)
    expect(ledger.reports[0]?.seen.map(({ n }) => n)).to.deep.equal([1])
  })

  it('says again what a store took and then lost, although the answer to the call that said it came afterwards', async () => {
    await start()
    const app = await open()
    await app.post(BODY).answer()
    const held: Arrived[] = []
    ledger.onCall = (call) => held.push(call)
    const second = app.post(BODY)
    await ledger.until(() => held.length === 1)
    expect(held[0]?.claims.seen.map(({ n }) => n)).to.deep.equal([1])
    ledger.historyId = asHistoryId('history-2')
    ledger.seen.length = 0
    const { facts } = await sidecar.proxy.started
    await facts.learnHistory(ledger.historyId)
    held[0]?.answer(200, '{}', { note: { n: 2 } })
    await second.answer()
    app.post(BODY)
    await ledger.until(() => held.length === 2)
    expect(held[1]?.claims.seen.map(({ n }) => n)).to.have.members([1, 2])
  })

  it('says again what was seen where the call that carried it was refused before anything was recorded', async () => {
    const time = new TestTime()
    await start({ clock: time, timers: time })
    const app = await open()
    await app.post(BODY).answer()
    ledger.onCall = (call) => call.refuse(refusal('endpoint_not_allowed'))
    await app.post(BODY).answer()
    await app.post(BODY).answer()
    expect(ledger.calls.slice(1).map(({ claims }) => claims.seen.map(({ n }) => n))).to.deep.equal([[1], [1]])
  })

  it('hands in what was seen once more where the store has gone back behind it meanwhile', async () => {
    await start()
    await sidecar.proved
    await (await open()).post(BODY).answer()
    ledger.historyId = asHistoryId('history-2')
    expect(await sidecar.proxy.farewell()).to.equal(0)
    expect(ledger.reports.map(({ historyId }) => historyId)).to.deep.equal(['history-2'])
    expect(ledger.seen.map(({ n }) => n)).to.deep.equal([1])
  })

  it('hands in what was seen under a newer credential when its own has expired', async () => {
    await start()
    await sidecar.proved
    ledger.expired = 'pod-credential-0'
    await (await open()).post(BODY).answer()
    expect(await sidecar.proxy.farewell()).to.equal(0)
    expect(ledger.seen.map(({ n }) => n)).to.deep.equal([1])
    expect(ledger.exchanges.map(({ purpose }) => purpose)).to.deep.equal(['renew'])
  })

  it('hands in what was seen, lets a call in flight end, and hands in what was seen of that', async () => {
    await start()
    await sidecar.proved
    const held: Arrived[] = []
    const app = await open()
    await app.post(BODY).answer()
    ledger.onCall = (call) => held.push(call)
    app.post('amount=9&currency=usd&customer=cus_2')
    await ledger.until(() => held.length === 1)
    const leaving = sidecar.proxy.farewell()
    await ledger.until(() => ledger.reports.length === 1)
    held[0]?.answer(200, '{"id":"last"}')
    expect((await app.answer()).body).to.equal('{"id":"last"}')
    expect(await leaving).to.equal(0)
    expect(ledger.seen.map(({ digest }) => digest)).to.include(held[0]?.claims.identity.digest)
  })

  it('keeps a Node app’s pooled connections alive, which prove the reading of the answers before', async () => {
    await start()
    const { Agent } = await import('node:http')
    const agent = new Agent({ keepAlive: true })
    const post = () =>
      new Promise<void>((resolve) => {
        const outgoing = request({ port, host: '127.0.0.1', path: '/stripe/v1/payment_intents', method: 'POST', agent })
        outgoing.setHeader('content-type', 'application/x-www-form-urlencoded')
        outgoing.on('response', (answer) => answer.resume().on('end', resolve))
        outgoing.end(BODY)
      })
    for (let call = 0; call < 20; call += 1) await post()
    expect(ledger.calls.map(({ claims }) => claims.seen.map(({ n }) => n)).slice(1)).to.deep.equal(
      Array.from({ length: 19 }, (_, at) => [at + 1]),
    )
    agent.destroy()
  })
})
