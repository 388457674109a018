import { expect } from 'chai'
import type { Fault } from '../../fake-vendors/faults.ts'
import { gist } from '../ledger/call.ts'
import { policyText, STRIPE_SECRET } from '../ledger/rig.ts'
import { newJob, type PathJob } from './job.ts'
import type { PathPod } from './pod.ts'
import { World } from './world.ts'

const NOWHERE = 'http://127.0.0.1:1'

describe('failure matrix: the vendor', function () {
  this.timeout(60_000)
  let world: World
  let job: PathJob
  let pod: PathPod
  let customer = 0
  before(async () => {
    world = await World.start('--vendor-deadline-ms', '1000', '--repair-every-ms', '200')
    job = newJob(world)
    pod = await job.startPod()
    world.keep()
  })
  beforeEach(() => {
    customer += 1
  })
  afterEach(async () => {
    world.rig.writePolicy(policyText(world.rig))
    world.rig.writeSecret(STRIPE_SECRET)
    await world.endTest()
  })
  after(() => world.stop())

  const pay = () => pod.pay({ customer })
  const charged = () => job.effects(customer).length
  const repeatsAs = async (status: string) => {
    expect(gist(await pay()), 'the repeat').to.equal(status)
    expect(charged()).to.equal(1)
    await job.expectSettled()
  }

  describe('Stripe, called without a key by an app that repeats an error', () => {
    it('refuses the connection: 503 to be tried again, released; the repeat is the same call', async () => {
      world.rig.writePolicy(policyText(world.rig, { stripeUrl: NOWHERE }))
      const told = await pay()
      expect(gist(told)).to.equal('503 vendor_unreachable')
      expect(told.headers['stripe-should-retry']).to.equal('true')
      expect((await job.books()).reserved).to.equal('0.00')
      world.rig.writePolicy(policyText(world.rig))
      await repeatsAs('200')
      expect(await occurrences()).to.deep.equal([1, 1])
    })

    it('429: as it came, released; the repeat is the same call', async () => {
      await world.stripe.control.addFault({ fault: { kind: 'answer', when: 'before', status: 429 } })
      expect(gist(await pay())).to.equal('429')
      expect((await job.books()).reserved).to.equal('0.00')
      await repeatsAs('200')
      expect(await occurrences()).to.deep.equal([1, 1])
    })

    const REPEATED: readonly Fault[] = [
      { kind: 'reset', when: 'before' },
      { kind: 'reset', when: 'after' },
      { kind: 'half', when: 'after' },
      { kind: 'garbage', when: 'after' },
      { kind: 'answer', when: 'before', status: 500 },
    ]
    for (const fault of REPEATED) {
      it(`${fault.kind} ${fault.when} the effect: repeated within the request, charged once`, async () => {
        await world.stripe.control.addFault({ fault })
        expect(gist(await pay())).to.equal('200')
        expect(charged()).to.equal(1)
        await job.expectSettled()
      })
    }

    for (const when of ['before', 'after'] as const) {
      it(`silent ${when} the effect until the deadline: 504 to be tried again, then the same call`, async () => {
        await world.stripe.control.addFault({ fault: { kind: 'silence', when }, times: null })
        const told = await pay()
        expect(gist(told)).to.equal('504 outcome_pending')
        expect(told.headers['stripe-should-retry']).to.equal('true')
        expect((await job.books()).reserved).to.equal('1.00')
        await world.stripe.control.clearFaults()
        await repeatsAs('200')
      })
    }

    it('500 saved under the key: as it came, held, and a person says that it took effect', async () => {
      await world.stripe.control.addFault({ fault: { kind: 'answer', when: 'after', status: 500 } })
      const told = await pay()
      expect(gist(told)).to.equal('500')
      expect((await job.books()).reserved).to.equal('1.00')
      expect(gist(await pay()), 'the repeat').to.equal('500')
      expect(charged()).to.equal(1)
      await world.ledger.client.resolveCall(String(told.headers['jobcap-call-id']), { effect: true, spent_usd: '1.00' })
      expect((await job.books()).reserved).to.equal('0.00')
      expect(gist(await pay()), 'the answer was never had').to.equal('409 answer_not_kept')
      expect(charged()).to.equal(1)
    })

    it('500 saved under the key, and a person says that it had no effect: it stands as failed in this run', async () => {
      const fault = { kind: 'answer', when: 'before', status: 500, saved: true } as const
      await world.stripe.control.addFault({ fault })
      const told = await pay()
      expect(gist(told)).to.equal('500')
      await world.ledger.client.resolveCall(String(told.headers['jobcap-call-id']), { effect: false })
      expect((await job.books()).reserved).to.equal('0.00')
      const again = await pay()
      expect(gist(again)).to.equal('409 answer_not_kept')
      expect(again.text).to.include('no effect')
      expect(charged()).to.equal(0)
    })

    it('402: final, costs nothing; the replacement Pod is told the same and nobody is asked again', async () => {
      const decline = 'pm_card_chargeDeclined'
      const first = await payWith(pod, decline)
      expect(gist(first)).to.equal('402')
      expect((await job.books()).reserved).to.equal('0.00')
      const declined = world.stripe.truth('declined').length
      const other = await job.startPod({ index: 1 })
      const mine = await payWith(other, decline)
      expect(gist(mine), 'another index asks for itself').to.equal('402')
      const again = await payWith(await job.replace(other), decline)
      expect(gist(again)).to.equal('402')
      expect(again.text).to.equal(mine.text)
      expect(again.headers['jobcap-replayed']).to.equal('true')
      expect(world.stripe.truth('declined').length - declined).to.equal(1)
    })

    it('refuses our secret: 503, released; with the right one the repeat is the same call', async () => {
      world.rig.writeSecret('sk_test_rotated')
      const told = await pay()
      expect(gist(told)).to.equal('503 vendor_secret_refused')
      expect(told.text).to.not.include('sk_test')
      expect((await job.books()).reserved).to.equal('0.00')
      world.rig.writeSecret(STRIPE_SECRET)
      await repeatsAs('200')
    })
  })

  describe('Stripe, called by the official package with its own retries', () => {
    const SPOILT: readonly [Fault, number][] = [
      [{ kind: 'reset', when: 'after' }, 1],
      [{ kind: 'answer', when: 'before', status: 503 }, 5],
      [{ kind: 'silence', when: 'after' }, 1],
    ]
    for (const [fault, times] of SPOILT) {
      it(`${times} x ${fault.kind} ${fault.when} the effect: charged once`, async () => {
        await world.stripe.control.addFault({ fault, times })
        const id = await pod.charge(pod.stripe(), { customer })
        expect(job.effects(customer).map(({ object }) => object)).to.deep.equal([id])
        await job.expectSettled()
      })
    }

    it('refuses the connection once: the package repeats and is charged once', async () => {
      world.rig.writePolicy(policyText(world.rig, { stripeUrl: NOWHERE }))
      const charging = pod.charge(pod.stripe(), { customer })
      await job.reached('call.released', (await job.count('call.released')) + 1)
      world.rig.writePolicy(policyText(world.rig))
      await charging
      expect(charged()).to.equal(1)
      await job.expectSettled()
    })
  })

  describe('one that promises nothing about repeats', () => {
    const LOST: readonly [Fault, number, string][] = [
      [{ kind: 'reset', when: 'before' }, 0, '502 outcome_unknown'],
      [{ kind: 'reset', when: 'after' }, 1, '502 outcome_unknown'],
      [{ kind: 'half', when: 'after' }, 1, '502 outcome_unknown'],
      [{ kind: 'silence', when: 'after' }, 1, '502 outcome_unknown'],
      [{ kind: 'answer', when: 'before', status: 500 }, 0, '500'],
    ]
    for (const [fault, effects, answer] of LOST) {
      it(`${fault.kind} ${fault.when} the effect: ${answer}, never sent again, the money held`, async () => {
        const street = `${customer} Main St`
        const heldBefore = Number((await job.books()).reserved)
        const before = job.lookups()
        await world.geocoder.control.addFault({ fault })
        expect(gist(await pod.lookUp(street))).to.equal(answer)
        expect(gist(await pod.lookUp(street)), 'the repeat').to.equal('502 outcome_unknown')
        expect(job.lookups() - before).to.equal(effects)
        expect(Number((await job.books()).reserved) - heldBefore).to.be.closeTo(0.01, 0.001)
        expect(gist(await pod.lookUp(`${street}, next door`)), 'others go on').to.equal('200')
      })
    }

    it('429: as it came, released; the repeat is the same call', async () => {
      const before = job.lookups()
      await world.geocoder.control.addFault({ fault: { kind: 'answer', when: 'before', status: 429 } })
      expect(gist(await pod.lookUp('5 Side St'))).to.equal('429')
      expect(gist(await pod.lookUp('5 Side St'))).to.equal('200')
      expect(job.lookups() - before).to.equal(1)
    })
  })

  function payWith(which: PathPod, method: string) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = `${which.body({ customer })}&payment_method=${method}`
    return which.ask({ path: '/stripe/v1/payment_intents', headers, body })
  }

  /** The numbers under which this test's customer was reserved, in order. */
  async function occurrences(): Promise<(number | null)[]> {
    const audit = await job.audit()
    const reserved = audit.filter((event) => event.event === 'call.reserved')
    const mine = reserved.at(-1)?.call.digest
    return reserved.filter(({ call }) => call.digest === mine).map(({ call }) => call.n)
  }
})
