import { expect } from 'chai'
import { gist } from '../ledger/call.ts'
import { AppConnection } from '../sidecar/stand-in/app.ts'
import { newJob, type PathJob } from './job.ts'
import { broken, World } from './world.ts'

describe('exactly once across replaced Pods', function () {
  this.timeout(60_000)
  let world: World
  let job: PathJob
  before(async () => {
    world = await World.start('--repair-every-ms', '200')
  })
  beforeEach(() => {
    job = newJob(world)
  })
  afterEach(async () => {
    await job.expectSettled()
    await world.endTest()
  })
  after(() => world.stop())

  const distinct = (ids: readonly unknown[]) => new Set(ids).size
  const charges = (customers: readonly number[]) => ({
    charges: customers.map((customer) => ({ customer: job.customer(customer), cents: 100 })),
  })

  describe('a program with the official package, whose keys are random in each Pod', () => {
    for (const [what, dieAfter] of [
      ['between its first and its second charge', 1],
      ['between its second and its third charge', 2],
    ] as const) {
      it(`that dies ${what}: the replacement Pod replays what was made and makes the rest`, async () => {
        const work = charges([1, 2, 3])
        const pod = await job.startPod()
        const app = pod.startApp({ ...work, dieAfter })
        await app.ended
        const replacement = await job.replace(pod)
        const again = replacement.startApp(work)
        expect(await again.ended, again.log()).to.equal(0)
        expect(again.output()).to.contain(app.output())
        expect(job.effects().map(({ customer }) => customer)).to.deep.equal([1, 2, 3].map((one) => job.customer(one)))
      })
    }

    it('that makes the same charge three times makes three, wherever it dies', async () => {
      const work = charges([1, 1, 1])
      const pod = await job.startPod()
      await pod.startApp({ ...work, dieAfter: 2 }).ended
      expect(job.effects()).to.have.length(2)
      const second = await job.replace(pod)
      const hold = await world.holdNext()
      second.startApp(work)
      await hold.held()
      expect(job.effects(), 'the third is out').to.have.length(3)
      const third = await job.replace(second)
      await hold.release()
      const app = third.startApp(work)
      expect(await app.ended, app.log()).to.equal(0)
      expect(distinct(app.output().trim().split('\n'))).to.equal(3)
      expect(job.effects()).to.have.length(3)
    })

    it('that dies in the middle of the second of three identical charges, on connections that close', async () => {
      const work = { ...charges([1, 1, 1]), keepAlive: false }
      const pod = await job.startPod()
      const hold = await world.holdNext(world.stripe, {})
      const app = pod.startApp(work)
      await hold.held()
      const holdSecond = await world.holdNext()
      await hold.release()
      await holdSecond.held()
      app.process.kill('SIGKILL')
      await app.ended
      await holdSecond.release()
      const replacement = await job.replace(pod)
      const again = replacement.startApp(work)
      expect(await again.ended, again.log()).to.equal(0)
      expect(job.effects()).to.have.length(3)
    })

    it('that read its answer and died before it acted on it: not charged again', async () => {
      const work = charges([1])
      const pod = await job.startPod()
      const app = pod.startApp({ ...work, dieAfter: 1 })
      await app.ended
      const again = (await job.replace(pod)).startApp(work)
      expect(await again.ended).to.equal(0)
      expect(again.output()).to.equal(app.output())
      expect(job.effects()).to.have.length(1)
    })
  })

  describe('plain HTTP without a key', () => {
    it('three identical calls in a loop are three effects, and the replacement Pod replays all three', async () => {
      const walk = async (pod: Awaited<ReturnType<PathJob['startPod']>>) => {
        const ids: unknown[] = []
        for (let call = 0; call < 3; call += 1) ids.push(JSON.parse((await pod.pay()).text).id)
        return ids
      }
      const pod = await job.startPod()
      const ids = await walk(pod)
      expect(distinct(ids)).to.equal(3)
      expect(await walk(await job.replace(pod))).to.deep.equal(ids)
      expect(job.effects()).to.have.length(3)
    })

    it('five identical calls at once are five effects, and stay five in the replacement Pod', async () => {
      const pod = await job.startPod()
      const both = []
      for (const one of [pod, await job.startPod({ index: 1 })]) {
        const told = await Promise.all(Array.from({ length: 5 }, () => one.pay()))
        both.push(distinct(told.map(({ text }) => JSON.parse(text).id)))
      }
      expect(both).to.deep.equal([5, 5])
      const replacement = await job.replace(pod)
      const told = await Promise.all(Array.from({ length: 5 }, () => replacement.pay()))
      expect(distinct(told.map(({ text }) => JSON.parse(text).id))).to.equal(5)
      expect(told.map(({ headers }) => headers['jobcap-replayed'])).to.deep.equal(Array(5).fill('true'))
      expect(job.effects()).to.have.length(10)
    })

    it('killed while five identical calls are out: the replacement Pod makes five of them in all', async () => {
      const pod = await job.startPod()
      const hold = await world.holdNext()
      const cut = Array.from({ length: 5 }, () => broken(pod.pay()))
      await hold.held()
      await pod.lose()
      await Promise.all(cut)
      await hold.release()
      const replacement = await job.startPod()
      const told = await Promise.all(Array.from({ length: 5 }, () => replacement.pay()))
      expect(distinct(told.map(({ text }) => JSON.parse(text).id))).to.equal(5)
      expect(job.effects()).to.have.length(5)
    })

    it('an error that the app ignores and repeats is the same call', async () => {
      const pod = await job.startPod()
      await world.stripe.control.addFault({ fault: { kind: 'answer', when: 'before', status: 429 }, times: 2 })
      const gists = [await pod.pay(), await pod.pay(), await pod.pay()].map(gist)
      expect(gists).to.deep.equal(['429', '429', '200'])
      expect(job.effects()).to.have.length(1)
    })

    it('a timestamp in the body: 409 replay_divergence in the replacement Pod, not a second charge', async () => {
      const pod = await job.startPod()
      expect(gist(await pod.pay({ description: 'at 10:00:01' }))).to.equal('200')
      const replacement = await job.replace(pod)
      const told = await replacement.pay({ description: 'at 10:03:59' })
      expect(gist(told)).to.equal('409 replay_divergence')
      expect(told.headers['x-should-retry']).to.equal('false')
      expect(job.effects()).to.have.length(1)
    })

    it('two invoices of one amount for one customer, in either order, are two effects in every Pod', async () => {
      const pod = await job.startPod()
      const first = [await pod.pay({ description: 'invoice a' }), await pod.pay({ description: 'invoice b' })]
      const replacement = await job.replace(pod)
      const second = await Promise.all([
        replacement.pay({ description: 'invoice b' }),
        replacement.pay({ description: 'invoice a' }),
      ])
      const ids = [...first, ...second].map(({ text }) => JSON.parse(text).id)
      expect([ids[2], ids[3]]).to.deep.equal([ids[1], ids[0]])
      expect(job.effects()).to.have.length(2)
    })

    it('JSON keys in another order, and a form instead of JSON, are the same call', async () => {
      const pod = await job.startPod()
      const customer = job.customer()
      const fields = { amount: 100, currency: 'usd', customer, confirm: true, off_session: true }
      const backwards = Object.fromEntries(Object.entries(fields).toReversed())
      const send = async (which: typeof pod, body: object) => {
        const headers = { 'content-type': 'application/json' }
        const told = await which.ask({ path: '/stripe/v1/payment_intents', headers, body: JSON.stringify(body) })
        return JSON.parse(told.text).id
      }
      const id = await send(pod, fields)
      const second = await job.replace(pod)
      expect(await send(second, backwards)).to.equal(id)
      const third = await job.replace(second)
      expect(JSON.parse((await third.pay()).text).id).to.equal(id)
      expect(job.effects()).to.have.length(1)
    })

    it('a connection that is kept alive and one that is closed count alike', async () => {
      const pod = await job.startPod()
      const kept = await pod.connect()
      const ids: unknown[] = []
      for (let call = 0; call < 2; call += 1) ids.push(JSON.parse((await kept.post(pod.body()).answer()).body).id)
      kept.socket.end()
      ids.push(JSON.parse((await pod.pay()).text).id)
      expect(distinct(ids)).to.equal(3)
      expect(job.effects()).to.have.length(3)
    })
  })

  describe('keys that name the intention', () => {
    it('one key is one effect, over repeats, Pods and indexes', async () => {
      const pods = [await job.startPod(), await job.startPod({ index: 1 })]
      const told = []
      for (const pod of [...pods, ...pods]) told.push(await pod.pay({ key: `${job.name}-invoice-17` }))
      const other = await job.replace(pods[0] as never)
      told.push(await other.pay({ key: `${job.name}-invoice-17` }))
      expect(told.map(gist)).to.deep.equal(Array(5).fill('200'))
      expect(distinct(told.map(({ text }) => JSON.parse(text).id))).to.equal(1)
      expect(job.effects()).to.have.length(1)
    })

    it('one key with another content is the mismatch that the vendor would give', async () => {
      const pod = await job.startPod()
      await pod.pay({ key: `${job.name}-invoice-18` })
      expect(gist(await pod.pay({ key: `${job.name}-invoice-18`, cents: 200 }))).to.equal('400 idempotency_mismatch')
      expect(job.effects()).to.have.length(1)
    })

    it('two keys with one content are two effects', async () => {
      const pod = await job.startPod()
      await Promise.all(['a', 'b'].map((key) => pod.pay({ key: `${job.name}-${key}` })))
      expect(job.effects()).to.have.length(2)
    })
  })

  describe('an app that stops reading', () => {
    it('and is killed: its answer counts as unread, and the replacement Pod gets it', async () => {
      const pod = await job.startPod()
      const stalled = await AppConnection.openStalled(pod.port)
      stalled.post(pod.body())
      await pod.noted('delivering')
      stalled.socket.destroy()
      const replacement = await job.replace(pod)
      expect((await replacement.pay()).headers['jobcap-replayed']).to.equal('true')
      expect(job.effects()).to.have.length(1)
    })

    it('and asks the same again on another connection: the second waits until the first is read', async () => {
      const wire = await world.wire()
      const pod = await job.startPod({ wire })
      const stalled = await AppConnection.openStalled(pod.port)
      stalled.post(pod.body())
      await pod.noted('delivering')
      const second = pod.pay()
      expect(gist(await pod.pay({ customer: 2 }))).to.equal('200')
      expect(wire.calls, 'the second has not left').to.have.length(2)
      stalled.socket.resume()
      const ids = [JSON.parse((await stalled.answer()).body).id, JSON.parse((await second).text).id]
      expect(distinct(ids)).to.equal(2)
      expect(job.effects(1)).to.have.length(2)
    })

    it('and leaves with its answer unread, then asks again: it is given that answer', async () => {
      const pod = await job.startPod()
      const stalled = await AppConnection.openStalled(pod.port)
      stalled.post(pod.body())
      await pod.noted('delivering')
      stalled.socket.destroy()
      const told = await pod.pay()
      expect(told.headers['jobcap-replayed']).to.equal('true')
      expect(job.effects()).to.have.length(1)
    })
  })

  it('/_jobcap/begin starts a new walk in the same Pod, which replays', async () => {
    const pod = await job.startPod()
    const first = await pod.pay()
    const begun = await pod.ask({ path: '/_jobcap/begin' })
    expect(JSON.parse(begun.text)).to.deep.equal({ life: 2 })
    const again = await pod.pay()
    expect(JSON.parse(again.text).id).to.equal(JSON.parse(first.text).id)
    expect(gist(await pod.pay())).to.equal('200')
    expect(job.effects()).to.have.length(2)
  })
})
