import { expect } from 'chai'
import { gist, type Told } from '../../ledger/call.ts'
import { newJob } from '../../path/job.ts'
import { broken } from '../../path/world.ts'
import { type Chapter, judge, type Stage } from '../row.ts'

const CALL = /^POST \/stripe\//

export const LEDGER_CHAPTER: Chapter = {
  about: 'the ledger',
  flags: ['--repair-every-ms', '200'],
  rows: {
    'ledger before reserve, or no replica reachable': beforeReserve,
    'ledger after reserve, before send': beforeSend,
    'ledger after send': afterSend,
  },
}

function beforeReserve(stage: Stage): void {
  /** A call in a Pod whose ledger never comes; asked before all others and awaited after them. */
  let unanswered: Promise<Told>
  let startedMs: number
  before(async () => {
    const { world } = stage
    const wire = await world.wire()
    const pod = await newJob(world).startPod({ wire })
    wire.cut()
    startedMs = Date.now()
    unanswered = pod.pay()
    world.keep()
  })

  it('killed: the connection of the app is kept, the same number is sent again, charged once', async () => {
    const { world } = stage
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    await world.killLedger()
    const paying = pod.pay()
    await wire.reached(2)
    await world.startLedger()
    const told = await paying
    expect(gist(told)).to.equal('200')
    const ords = wire.calls.map(({ claims }) => claims.ord)
    expect(new Set(ords.map((ord) => ord?.seq)).size, 'one ord').to.equal(1)
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('killed, and the client leaves meanwhile: nothing is sent when the ledger is back', async () => {
    const { world } = stage
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
    await judge(job, { effects: 1, record: ['settled'] })
  })

  for (const mishap of ['refuse', 'cut_request'] as const) {
    it(`its connection is cut before the call's bytes are all there (${mishap}): sent again, charged once`, async () => {
      const { world } = stage
      const job = newJob(world)
      const tap = await world.tapLedger()
      const pod = await job.startPod({ tap })
      const cut = tap.befall(mishap, CALL)
      const paying = pod.pay()
      await cut.happened
      const told = await paying
      expect(gist(told)).to.equal('200')
      expect(await job.count('call.reserved')).to.equal(1)
      await judge(job, { effects: 1, record: ['settled'], told: [told] })
    })
  }

  it('stopped (SIGSTOP) before the call came, then continued: the app waits and has its one answer', async () => {
    const { world } = stage
    const job = newJob(world)
    const tap = await world.tapLedger()
    const pod = await job.startPod({ tap })
    world.ledger.signal('SIGSTOP')
    // The kernel takes the bytes for the process that is stopped.
    const sent = tap.befall('hold', CALL)
    const paying = pod.pay()
    await tap.passed(CALL)
    world.ledger.signal('SIGCONT')
    await sent.happened
    sent.release()
    const told = await paying
    expect(gist(told)).to.equal('200')
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('the official package does not notice a ledger that is started again in mid-run', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const stripe = pod.stripe({ retries: 0 })
    const ids = [await pod.charge(stripe)]
    await world.killLedger()
    const charging = pod.charge(stripe)
    await world.startLedger()
    ids.push(await charging, await pod.charge(stripe))
    expect(new Set(ids).size).to.equal(3)
    await judge(job, { effects: 3, record: ['settled', 'settled', 'settled'] })
  })

  it('drained by SIGTERM in mid-call: the app has its answer, the next call waits for the new ledger', async () => {
    const { world } = stage
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
    const told = await Promise.all([paying, next])
    expect(told.map(gist)).to.deep.equal(['200', '200'])
    await judge(job, { effects: 2, record: ['settled', 'settled'], told })
  })

  it('never comes back: 503 ledger_unreachable after 20 s, to be tried again, nothing charged', async () => {
    const told = await unanswered
    expect(gist(told)).to.equal('503 ledger_unreachable')
    expect(told.headers['x-should-retry']).to.equal('true')
    expect(Date.now() - startedMs).to.be.at.least(18_000)
  })
}

function beforeSend(stage: Stage): void {
  it('Stripe, no byte of the send has arrived: repeated under the same key when the lease is over', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const tap = await world.tapVendor(world.stripe)
    const swallowed = tap.befall('swallow')
    const paying = pod.pay()
    await swallowed.happened
    expect((await job.books()).reserved, 'held').to.equal('1.00')
    await world.restartLedger()
    const told = await paying
    expect(gist(told)).to.equal('200')
    expect(await job.count('call.reserved')).to.equal(1)
    expect(await job.count('call.taken_over')).to.be.at.least(1)
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('Stripe, half of its bytes have arrived: the same', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const tap = await world.tapVendor(world.stripe)
    const spoilt = tap.befall('cut_request')
    const paying = pod.pay()
    await spoilt.happened
    await world.restartLedger()
    const told = await paying
    expect(gist(told)).to.equal('200')
    expect(await job.count('call.reserved')).to.equal(1)
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('no idempotency, marked and no byte has arrived: nobody can know, so 502 and the money is held', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const tap = await world.tapVendor(world.geocoder)
    const swallowed = tap.befall('swallow')
    const asking = pod.lookUp('2 Main St')
    await swallowed.happened
    await world.restartLedger()
    expect(gist(await asking)).to.equal('502 outcome_unknown')
    await judge(job, { effects: 0, record: ['in_doubt'], reserved: '0.01' })
  })

  it('key checked again: revoked meanwhile, so nothing is sent, and what may have been sent stays held', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const tap = await world.tapVendor(world.stripe)
    const swallowed = tap.befall('swallow')
    const paying = pod.pay()
    await swallowed.happened
    const { in_flight } = await world.ledger.client.revokeKey((await job.view()).key.key_id)
    expect(in_flight).to.have.length(1)
    await world.restartLedger()
    expect(gist(await paying)).to.equal('401 key_revoked')
    await job.reached('call.in_doubt')
    await judge(job, { effects: 0, record: ['in_doubt'], reserved: '1.00' })
  })
}

function afterSend(stage: Stage): void {
  it('Stripe: the same key brings the same answer on the same connection of the app, charged once', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const paying = pod.pay()
    const held = await hold.held()
    await world.restartLedger()
    const told = await paying
    expect(gist(told)).to.equal('200')
    expect(JSON.parse(told.text).id).to.equal(held.truth.object)
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('Stripe, still at work on the first request: 409 key in use is waited for', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext(world.stripe, { keyBusy: true })
    const paying = pod.pay()
    await hold.held()
    const refused = world.stripe.truth('refused').length
    await world.restartLedger()
    await world.stripe.control.reached('refused', refused + 1)
    await hold.release()
    const told = await paying
    expect(gist(told)).to.equal('200')
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('no idempotency: 502 outcome_unknown, never sent again, the money held', async () => {
    const { world } = stage
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
    await judge(job, { effects: 1, record: ['in_doubt'], reserved: '0.01' })
  })

  it('nobody asks again: Stripe is asked under the same key, and the call settles by itself', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const cut = broken(pod.pay())
    await hold.held()
    await pod.killSidecar()
    await cut
    await world.restartLedger()
    await job.reached('call.settled')
    await judge(job, { effects: 1, record: ['settled'] })
  })

  it('ledger and sidecar killed together: the repeat gets the record', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const cut = broken(pod.pay())
    await hold.held()
    await Promise.all([pod.killSidecar(), world.killLedger()])
    await cut
    await Promise.all([pod.startSidecar(), world.startLedger()])
    const told = await pod.pay()
    expect(gist(told)).to.equal('200')
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('stopped (SIGSTOP) for longer than the vendor takes, then continued: settled once, the app has its answer', async () => {
    const { world } = stage
    const job = newJob(world)
    const tap = await world.tapVendor(world.stripe)
    const pod = await job.startPod()
    const answered = tap.befall('hold')
    const paying = pod.pay()
    await answered.happened
    world.ledger.signal('SIGSTOP')
    answered.release()
    world.ledger.signal('SIGCONT')
    const told = await paying
    expect(gist(told)).to.equal('200')
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })
}
