import { expect } from 'chai'
import { gist, type Told } from '../ledger/call.ts'
import { newJob } from './job.ts'
import { broken, World } from './world.ts'

describe('failure matrix: the ledger', function () {
  this.timeout(60_000)
  let world: World
  /** A call in a Pod whose ledger never comes; asked before all others and awaited after them. */
  let unanswered: Promise<Told>
  let startedMs: number
  before(async () => {
    world = await World.start('--repair-every-ms', '200')
    const wire = await world.wire()
    const pod = await newJob(world).startPod({ wire })
    wire.cut()
    startedMs = Date.now()
    unanswered = pod.pay()
    world.keep()
  })
  afterEach(() => world.endTest())
  after(() => world.stop())

  describe('away before it reserved', () => {
    it('the connection of the app is kept, the same number is sent again, charged once', async () => {
      const job = newJob(world)
      const wire = await world.wire()
      const pod = await job.startPod({ wire })
      await world.killLedger()
      const paying = pod.pay()
      await wire.reached(2)
      await world.startLedger()
      expect(gist(await paying)).to.equal('200')
      const ords = wire.calls.map(({ claims }) => claims.ord)
      expect(new Set(ords.map((ord) => ord?.seq)).size, 'one ord').to.equal(1)
      expect(job.effects()).to.have.length(1)
      await job.expectSettled()
    })

    it('a client that leaves meanwhile: nothing is sent when the ledger is back', async () => {
      const job = newJob(world)
      const wire = await world.wire()
      const pod = await job.startPod({ wire })
      const leaving = new AbortController()
      wire.cut()
      const cut = broken(pod.pay({ signal: leaving.signal }))
      await wire.reached(2)
      leaving.abort()
      await cut
      wire.mend()
      expect(gist(await pod.pay({ customer: 2 }))).to.equal('200')
      expect(job.effects(1)).to.have.length(0)
      expect(await job.count('call.reserved')).to.equal(1)
    })

    it('the official package does not notice a ledger that is started again in mid-run', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      const stripe = pod.stripe({ retries: 0 })
      const ids = [await pod.charge(stripe)]
      await world.killLedger()
      const charging = pod.charge(stripe)
      await world.startLedger()
      ids.push(await charging, await pod.charge(stripe))
      expect(new Set(ids).size).to.equal(3)
      expect(job.effects()).to.have.length(3)
      await job.expectSettled()
    })
  })

  describe('killed after it reserved', () => {
    it('Stripe, before the effect: sent again under the same key on the same connection of the app', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      const before = world.stripe.truth('refused').length
      await world.stripe.control.addFault({ fault: { kind: 'silence', when: 'before' } })
      const paying = pod.pay()
      await world.stripe.control.reached('refused', before + 1)
      await world.restartLedger()
      expect(gist(await paying)).to.equal('200')
      expect(job.effects()).to.have.length(1)
      expect(await job.count('call.reserved')).to.equal(1)
      expect(await job.count('call.taken_over')).to.be.at.least(1)
      await job.expectSettled()
    })

    it('Stripe, after the effect: the same key brings the same answer, charged once', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      const hold = await world.holdNext()
      const paying = pod.pay()
      const held = await hold.held()
      await world.restartLedger()
      const told = await paying
      expect(gist(told)).to.equal('200')
      expect(JSON.parse(told.text).id).to.equal(held.truth.object)
      expect(job.effects()).to.have.length(1)
      await job.expectSettled()
    })

    it('Stripe, still at work on the first request: 409 key in use is waited for', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      const hold = await world.holdNext(world.stripe, { keyBusy: true })
      const paying = pod.pay()
      const held = await hold.held()
      const refused = world.stripe.truth('refused').length
      await world.restartLedger()
      await world.stripe.control.reached('refused', refused + 1)
      await hold.release()
      const told = await paying
      expect(gist(told)).to.equal('200')
      expect(JSON.parse(told.text).id).to.equal(held.truth.object)
      expect(job.effects()).to.have.length(1)
      await job.expectSettled()
    })

    it('no idempotency, after the effect: 502 outcome_unknown, never sent again, the money held', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      const hold = await world.holdNext(world.geocoder)
      const asking = pod.lookUp('1 Main St')
      await hold.held()
      await world.restartLedger()
      const told = await asking
      expect(gist(told)).to.equal('502 outcome_unknown')
      expect(told.headers['x-should-retry']).to.equal('false')
      expect(gist(await pod.lookUp('1 Main St'))).to.equal('502 outcome_unknown')
      expect(job.lookups()).to.equal(1)
      expect(await job.books()).to.deep.equal({ spent: '0.00', reserved: '0.01' })
    })

    it('no idempotency, before the effect: in doubt all the same, since nobody can know', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      const before = world.geocoder.truth('refused').length
      await world.geocoder.control.addFault({ fault: { kind: 'silence', when: 'before' } })
      const asking = pod.lookUp('2 Main St')
      await world.geocoder.control.reached('refused', before + 1)
      await world.restartLedger()
      expect(gist(await asking)).to.equal('502 outcome_unknown')
      expect(job.lookups()).to.equal(0)
      expect(await job.books()).to.deep.equal({ spent: '0.00', reserved: '0.01' })
    })

    it('nobody asks again: Stripe is asked under the same key, and the call settles by itself', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      const hold = await world.holdNext()
      const cut = broken(pod.pay())
      await hold.held()
      await pod.killSidecar()
      await cut
      await world.restartLedger()
      await job.reached('call.settled')
      expect(job.effects()).to.have.length(1)
      await job.expectSettled()
    })

    it('ledger and sidecar killed together: the repeat gets the record', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      const hold = await world.holdNext()
      const cut = broken(pod.pay())
      await hold.held()
      await Promise.all([pod.killSidecar(), world.killLedger()])
      await cut
      await Promise.all([pod.startSidecar(), world.startLedger()])
      expect(gist(await pod.pay())).to.equal('200')
      expect(job.effects()).to.have.length(1)
      await job.expectSettled()
    })
  })

  it('drained by SIGTERM in mid-call: the app has its answer, the next call waits for the new ledger', async () => {
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const paying = pod.pay()
    await hold.held()
    const drained = world.drainLedger()
    const next = pod.pay({ customer: 2 })
    await hold.release()
    expect(await drained).to.equal(0)
    await world.startLedger()
    expect(gist(await paying)).to.equal('200')
    expect(gist(await next)).to.equal('200')
    expect(job.effects()).to.have.length(2)
    await job.expectSettled()
  })

  describe('that never comes', () => {
    it('20 s without any ledger: 503 ledger_unreachable, to be tried again, nothing charged', async () => {
      const told = await unanswered
      expect(gist(told)).to.equal('503 ledger_unreachable')
      expect(told.headers['x-should-retry']).to.equal('true')
      expect(Date.now() - startedMs).to.be.at.least(18_000)
    })
  })
})
