import { expect } from 'chai'
import { gist } from '../../ledger/call.ts'
import { newJob } from '../../path/job.ts'
import { broken } from '../../path/world.ts'
import { AppConnection } from '../../sidecar/stand-in/app.ts'
import { type Chapter, judge, type Stage } from '../row.ts'

const TOKEN = 'stripe-node-retry-0b1c6a52-2f2e-4a54-9e6f-6f5b7a0f6c11'
const CALL = /^POST \/stripe\//

export const SIDECAR_CHAPTER: Chapter = {
  about: 'the sidecar and the connection of the app',
  flags: [],
  rows: {
    'sidecar before it sent': diesBeforeItSent,
    'sidecar after it sent': diesAfterItSent,
    "app's client timed out, vendor still working": clientTimesOut,
    'a late copy of a finished request': lateCopy,
    'an identical call while one is out': identicalWhileOut,
  },
}

function diesBeforeItSent(stage: Stage): void {
  it('killed while it reads the request: connection error, nothing recorded; the repeat is the same call', async () => {
    const job = newJob(stage.world)
    const pod = await job.startPod()
    const app = await pod.connect()
    const body = pod.body()
    const head = `POST /stripe/v1/payment_intents HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n`
    app.send(`${head}content-type: application/x-www-form-urlencoded\r\n\r\n${body.slice(0, 10)}`)
    await pod.killSidecar()
    await app.ended()
    await judge(job, { effects: 0, record: [] })
    await pod.startSidecar()
    const told = await pod.pay()
    expect(gist(told)).to.equal('200')
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  for (const mishap of ['refuse', 'cut_request', 'swallow'] as const) {
    it(`killed after its hop was cut (${mishap}), so that the ledger never had the call: the same`, async () => {
      const { world } = stage
      const job = newJob(world)
      const tap = await world.tapLedger()
      const pod = await job.startPod({ tap })
      const lost = tap.befall(mishap, CALL)
      const cut = broken(pod.pay())
      await lost.happened
      await pod.killSidecar()
      expect(await cut).to.equal('broken')
      // `refuse` and `cut_request`: what it sent again before its death, if anything, is the same call.
      await pod.startSidecar()
      const told = await pod.pay()
      expect(gist(told)).to.equal('200')
      await judge(job, { effects: 1, record: ['settled'], told: [told] })
    })
  }
}

function diesAfterItSent(stage: Stage): void {
  for (const [what, key] of [
    ['with the same retry token', TOKEN],
    ['without a token', undefined],
  ] as const) {
    it(`its answer never handed over: the repeat ${what} gets the record`, async () => {
      const { world } = stage
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
      await judge(job, { effects: 1, record: ['settled'], told: [told] })
    })
  }

  it('while the vendor still works: the repeat joins the call that is out', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const cut = broken(pod.pay())
    await hold.held()
    await pod.restartSidecar()
    expect(await cut).to.equal('broken')
    const repeat = pod.pay()
    await hold.release()
    const told = await repeat
    expect(gist(told)).to.equal('200')
    expect(await job.count('call.reserved')).to.equal(1)
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('its answer on the wire and unread: 409 ambiguous_repeat, and the replacement Pod gets the record', async () => {
    const job = newJob(stage.world)
    const pod = await job.startPod()
    const app = await AppConnection.openStalled(pod.port)
    app.post(pod.body())
    await pod.noted('delivering')
    await pod.restartSidecar()
    const told = await pod.pay()
    expect(gist(told)).to.equal('409 ambiguous_repeat')
    expect(told.headers['stripe-should-retry']).to.equal('false')
    const again = await (await job.replace(pod)).pay()
    expect(gist(again)).to.equal('200')
    await judge(job, { effects: 1, record: ['settled'], told: [again] })
  })

  it('its answer on the wire and unread: the repeat with the same retry token gets the record', async () => {
    const job = newJob(stage.world)
    const pod = await job.startPod()
    const app = await AppConnection.openStalled(pod.port)
    app.post(pod.body(), { headers: `idempotency-key: ${TOKEN}\r\n` })
    await pod.noted('delivering')
    await pod.restartSidecar()
    const told = await pod.pay({ key: TOKEN })
    expect(gist(told)).to.equal('200')
    expect(told.headers['jobcap-replayed']).to.equal('true')
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('between two calls that were read: the next identical call is the next occurrence', async () => {
    const job = newJob(stage.world)
    const pod = await job.startPod()
    const first = await pod.pay()
    await pod.noted('seen')
    await pod.restartSidecar()
    const second = await pod.pay()
    expect(JSON.parse(second.text).id).to.not.equal(JSON.parse(first.text).id)
    await judge(job, { effects: 2, record: ['settled', 'settled'], told: [first, second] })
  })

  it('stopped and continued instead of killed: the app waits and has its one answer', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const paying = pod.pay()
    await hold.held()
    pod.signalSidecar('SIGSTOP')
    await hold.release()
    await job.reached('call.settled')
    pod.signalSidecar('SIGCONT')
    await judge(job, { effects: 1, record: ['settled'], told: [await paying] })
  })
}

function clientTimesOut(stage: Stage): void {
  it('its repeat joins the same call', async () => {
    const { world } = stage
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
    const told = await repeat
    expect(gist(told)).to.equal('200')
    expect(await job.count('call.reserved')).to.equal(1)
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('its connection reset by a RST, or half closed by a FIN: the repeat joins the same call', async () => {
    const { world } = stage
    for (const leave of ['resetAndDestroy', 'end'] as const) {
      const job = newJob(world)
      const pod = await job.startPod()
      const app = await pod.connect()
      const hold = await world.holdNext()
      app.post(pod.body())
      await hold.held()
      app.socket[leave]()
      const repeat = pod.pay()
      await hold.release()
      const told = await repeat
      expect(gist(told)).to.equal('200')
      await judge(job, { effects: 1, record: ['settled'], told: [told] })
    }
  })

  it('the official package times out and repeats by itself: one charge, one answer', async () => {
    const { world } = stage
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    const hold = await world.holdNext()
    const charging = pod.charge(pod.stripe({ timeoutMs: 1_000 }))
    await hold.held()
    await wire.reached(2)
    await hold.release()
    expect(await charging).to.equal(job.effects()[0]?.object)
    await judge(job, { effects: 1, record: ['settled'] })
  })

  it('it never comes back: the call settles and nothing stays reserved', async () => {
    const { world } = stage
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
    await judge(job, { effects: 1, record: ['settled'] })
  })
}

function lateCopy(stage: Stage): void {
  it('409 stale_request, no effect, and the Pod goes on', async () => {
    const { world } = stage
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    const told = [await pod.pay(), await pod.pay()]
    expect(await wire.calls[0]?.sendCopy()).to.deep.equal({ status: 409, refused: 'stale_request' })
    await judge(job, { effects: 2, record: ['settled', 'settled'], told })
    expect(gist(await pod.pay())).to.equal('200')
    await judge(job, { effects: 3, record: ['settled', 'settled', 'settled'] })
  })

  it('of a request that was lost and sent again: the same call', async () => {
    const { world } = stage
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    wire.next('lose_request')
    const told = await pod.pay()
    expect(gist(told)).to.equal('200')
    const [lost, sent] = wire.calls
    expect(lost?.claims.ord).to.deep.equal(sent?.claims.ord)
    expect((await lost?.sendCopy())?.status).to.equal(200)
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })
}

function identicalWhileOut(stage: Stage): void {
  it('waits its turn, and is a call of its own', async () => {
    const { world } = stage
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    const hold = await world.holdNext()
    const calls = [pod.pay(), pod.pay()]
    await hold.held()
    expect(gist(await pod.pay({ customer: 2 })), 'another customer does not wait').to.equal('200')
    expect(wire.calls).to.have.length(2)
    await hold.release()
    const told = await Promise.all(calls)
    expect(new Set(told.map(({ text }) => JSON.parse(text).id)).size).to.equal(2)
    expect(wire.calls[2]?.claims.seen.map(({ n }) => n)).to.deep.equal([1])
    await judge(job, { effects: 3, record: ['settled', 'settled', 'settled'], told })
  })

  it('and its client leaves before its turn: it is dropped unsent', async () => {
    const { world } = stage
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    const leaving = new AbortController()
    const hold = await world.holdNext()
    const first = pod.pay()
    await hold.held()
    const second = broken(pod.pay({ signal: leaving.signal }))
    leaving.abort()
    expect(await second).to.equal('broken')
    await hold.release()
    expect(gist(await first)).to.equal('200')
    expect(gist(await pod.pay({ customer: 2 }))).to.equal('200')
    await judge(job, { effects: 2, record: ['settled', 'settled'] })
  })

  for (const mishap of ['refuse', 'cut_request', 'lose_answer', 'drop_answer', 'cut_answer', 'half_close'] as const) {
    it(`the hop of the first is spoilt (${mishap}): it is sent again under its number, the second after it`, async () => {
      const { world } = stage
      const job = newJob(world)
      const tap = await world.tapLedger()
      const pod = await job.startPod({ tap })
      const spoilt = tap.befall(mishap, CALL)
      const told = await Promise.all([pod.pay(), pod.pay()])
      await spoilt.happened
      expect(told.map(gist)).to.deep.equal(['200', '200'])
      expect(new Set(told.map(({ text }) => JSON.parse(text).id)).size).to.equal(2)
      await judge(job, { effects: 2, record: ['settled', 'settled'], told })
    })
  }
}
