import { expect } from 'chai'
import { gist } from '../ledger/call.ts'
import { AppConnection } from '../sidecar/stand-in/app.ts'
import { newJob } from './job.ts'
import { broken, World } from './world.ts'

const TOKEN = 'stripe-node-retry-0b1c6a52-2f2e-4a54-9e6f-6f5b7a0f6c11'

describe('failure matrix: the sidecar and the connection of the app', function () {
  this.timeout(60_000)
  let world: World
  before(async () => {
    world = await World.start()
  })
  afterEach(() => world.endTest())
  after(() => world.stop())

  it('sidecar dies before it sent: connection error, nothing recorded; the repeat is the same call', async () => {
    const job = newJob(world)
    const pod = await job.startPod()
    const app = await pod.connect()
    const body = pod.body()
    const head = `POST /stripe/v1/payment_intents HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n`
    app.send(`${head}content-type: application/x-www-form-urlencoded\r\n\r\n${body.slice(0, 10)}`)
    await pod.killSidecar()
    await app.ended()
    expect(await job.count('call.reserved')).to.equal(0)
    await pod.startSidecar()
    expect(gist(await pod.pay())).to.equal('200')
    expect(job.effects()).to.have.length(1)
    await job.expectSettled()
  })

  for (const [what, key] of [
    ['with the same retry token', TOKEN],
    ['without a token', undefined],
  ] as const) {
    it(`sidecar dies after it sent, its answer never handed over: the repeat ${what} gets the record`, async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      const payment = key === undefined ? {} : { key }
      const hold = await world.holdNext()
      const cut = broken(pod.pay(payment))
      await hold.held()
      await pod.killSidecar()
      expect(await cut).to.equal('broken')
      await hold.release()
      await job.reached('call.settled')
      await pod.startSidecar()
      const told = await pod.pay(payment)
      expect(gist(told)).to.equal('200')
      expect(told.headers['jobcap-replayed']).to.equal('true')
      expect(JSON.parse(told.text).id).to.equal(job.effects()[0]?.object)
      expect(job.effects()).to.have.length(1)
      await job.expectSettled()
    })
  }

  it('sidecar dies after it sent, while the vendor still works: the repeat joins the call that is out', async () => {
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const cut = broken(pod.pay())
    await hold.held()
    await pod.restartSidecar()
    expect(await cut).to.equal('broken')
    const repeat = pod.pay()
    await hold.release()
    expect(gist(await repeat)).to.equal('200')
    expect(job.effects()).to.have.length(1)
    expect(await job.count('call.reserved')).to.equal(1)
    await job.expectSettled()
  })

  it('sidecar dies with its answer unread: 409 ambiguous_repeat, and the replacement Pod gets the record', async () => {
    const job = newJob(world)
    const pod = await job.startPod()
    const app = await AppConnection.openStalled(pod.port)
    app.post(pod.body())
    await pod.noted('delivering')
    await pod.restartSidecar()
    const told = await pod.pay()
    expect(gist(told)).to.equal('409 ambiguous_repeat')
    expect(told.headers['stripe-should-retry']).to.equal('false')
    const replacement = await job.replace(pod)
    const again = await replacement.pay()
    expect(gist(again)).to.equal('200')
    expect(JSON.parse(again.text).id).to.equal(job.effects()[0]?.object)
    expect(job.effects()).to.have.length(1)
    await job.expectSettled()
  })

  it('sidecar dies with its answer unread: the repeat with the same retry token gets the record', async () => {
    const job = newJob(world)
    const pod = await job.startPod()
    const app = await AppConnection.openStalled(pod.port)
    app.post(pod.body(), { headers: `idempotency-key: ${TOKEN}\r\n` })
    await pod.noted('delivering')
    await pod.restartSidecar()
    const told = await pod.pay({ key: TOKEN })
    expect(gist(told)).to.equal('200')
    expect(told.headers['jobcap-replayed']).to.equal('true')
    expect(job.effects()).to.have.length(1)
    await job.expectSettled()
  })

  it('sidecar dies between two calls that were read: the next identical call is the next occurrence', async () => {
    const job = newJob(world)
    const pod = await job.startPod()
    expect(gist(await pod.pay())).to.equal('200')
    await pod.noted('seen')
    await pod.restartSidecar()
    expect(gist(await pod.pay())).to.equal('200')
    expect(job.effects()).to.have.length(2)
    await job.expectSettled()
  })

  it("the app's client times out while the vendor works: its repeat joins the same call", async () => {
    const job = newJob(world)
    const pod = await job.startPod()
    const leaving = new AbortController()
    const hold = await world.holdNext()
    const cut = broken(pod.pay({ signal: leaving.signal }))
    await hold.held()
    leaving.abort()
    expect(await cut).to.equal('broken')
    const repeat = pod.pay()
    await hold.release()
    expect(gist(await repeat)).to.equal('200')
    expect(job.effects()).to.have.length(1)
    expect(await job.count('call.reserved')).to.equal(1)
    await job.expectSettled()
  })

  it('the official package times out and repeats by itself: one charge, one answer', async () => {
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    const hold = await world.holdNext()
    const charging = pod.charge(pod.stripe({ timeoutMs: 1_000 }))
    await hold.held()
    await wire.reached(2)
    await hold.release()
    expect(await charging).to.equal(job.effects()[0]?.object)
    expect(job.effects()).to.have.length(1)
    await job.expectSettled()
  })

  it('the app leaves and never comes back: the call settles and nothing stays reserved', async () => {
    const job = newJob(world)
    const pod = await job.startPod()
    const leaving = new AbortController()
    const hold = await world.holdNext()
    const cut = broken(pod.pay({ signal: leaving.signal }))
    await hold.held()
    leaving.abort()
    await cut
    await hold.release()
    await job.reached('call.settled')
    expect(job.effects()).to.have.length(1)
    await job.expectSettled()
  })

  it('the hop to the ledger loses the request: it is sent again under the same number, charged once', async () => {
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    wire.next('lose_request')
    expect(gist(await pod.pay())).to.equal('200')
    const [lost, sent] = wire.calls
    expect(lost?.claims.ord).to.deep.equal(sent?.claims.ord)
    expect((await lost?.sendCopy())?.status, 'the lost one arrives late: the same call').to.equal(200)
    expect(job.effects()).to.have.length(1)
    await job.expectSettled()
  })

  it("the hop to the ledger loses the answer: the record's answer reaches the app", async () => {
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    wire.next('lose_answer')
    const told = await pod.pay()
    expect(gist(told)).to.equal('200')
    expect(JSON.parse(told.text).id).to.equal(job.effects()[0]?.object)
    expect(wire.calls).to.have.length(2)
    expect(job.effects()).to.have.length(1)
    await job.expectSettled()
  })

  it('a late copy of a finished request: 409 stale_request, no effect', async () => {
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    await pod.pay()
    await pod.pay()
    expect(job.effects()).to.have.length(2)
    expect(await wire.calls[0]?.sendCopy()).to.deep.equal({ status: 409, refused: 'stale_request' })
    expect(job.effects()).to.have.length(2)
    expect(gist(await pod.pay()), 'and the Pod goes on').to.equal('200')
    expect(job.effects()).to.have.length(3)
    await job.expectSettled()
  })

  it('an identical call while one is out waits its turn, and is a call of its own', async () => {
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    const hold = await world.holdNext()
    const calls = [pod.pay(), pod.pay()]
    await hold.held()
    expect(gist(await pod.pay({ customer: 2 })), 'another customer does not wait').to.equal('200')
    expect(wire.calls).to.have.length(2)
    await hold.release()
    const ids = (await Promise.all(calls)).map(({ text }) => JSON.parse(text).id)
    expect(new Set(ids).size).to.equal(2)
    expect(job.effects(1)).to.have.length(2)
    expect(wire.calls[2]?.claims.seen.map(({ n }) => n)).to.deep.equal([1])
    await job.expectSettled()
  })
})
