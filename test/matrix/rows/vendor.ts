import { expect } from 'chai'
import type { Fault } from '../../../fake-vendors/faults.ts'
import { gist } from '../../ledger/call.ts'
import { policyText, STRIPE_SECRET } from '../../ledger/rig.ts'
import { newJob, type PathJob } from '../../path/job.ts'
import type { PathPod } from '../../path/pod.ts'
import { type Chapter, judge, type Stage } from '../row.ts'

const NOWHERE = 'http://127.0.0.1:1'
const STREET = '1 Main St'

export const VENDOR_CHAPTER: Chapter = {
  about: 'the vendor',
  flags: ['--vendor-deadline-ms', '4000', '--repair-every-ms', '200'],
  rows: {
    'vendor refused the connection, vendor 429': refusedOr429,
    'vendor timeout or reset after bytes': timeoutOrReset,
    'reset on a pooled vendor connection, no idempotency': resetOnPooledConnection,
    'vendor 5xx': serverError,
    'vendor 409 key in use': keyInUse,
    'vendor 402': declined,
    'our vendor secret refused': secretRefused,
  },
}

/** A Pod of a Job of its own before each test, and the vendors as they should be after it. */
function withPod(stage: Stage): { readonly job: PathJob; readonly pod: PathPod } {
  let job: PathJob
  let pod: PathPod
  beforeEach(async () => {
    job = newJob(stage.world)
    pod = await job.startPod()
  })
  afterEach(() => {
    const { rig } = stage.world
    rig.writePolicy(policyText(rig))
    rig.writeSecret(STRIPE_SECRET)
  })
  return {
    get job() {
      return job
    },
    get pod() {
      return pod
    },
  }
}

function refusedOr429(stage: Stage): void {
  const at = withPod(stage)

  it('nobody listens: 503 to be tried again, released; the repeat is the same call', async () => {
    const { rig } = stage.world
    rig.writePolicy(policyText(rig, { stripeUrl: NOWHERE }))
    const told = await at.pod.pay()
    expect(gist(told)).to.equal('503 vendor_unreachable')
    expect(told.headers['stripe-should-retry']).to.equal('true')
    await judge(at.job, { effects: 0, record: ['released'] })
    rig.writePolicy(policyText(rig))
    expect(gist(await at.pod.pay())).to.equal('200')
    expect(await occurrences(at.job)).to.deep.equal([1, 1])
    await judge(at.job, { effects: 1, record: ['settled'] })
  })

  it('nobody listens, and the official package repeats: charged once', async () => {
    const { rig } = stage.world
    rig.writePolicy(policyText(rig, { stripeUrl: NOWHERE }))
    const charging = at.pod.charge(at.pod.stripe())
    await at.job.reached('call.released')
    rig.writePolicy(policyText(rig))
    await charging
    await judge(at.job, { effects: 1, record: ['settled'] })
  })

  it('429: as it came, released; the repeat is the same call', async () => {
    await stage.world.stripe.control.addFault({ fault: { kind: 'answer', when: 'before', status: 429 } })
    expect(gist(await at.pod.pay())).to.equal('429')
    await judge(at.job, { effects: 0, record: ['released'] })
    expect(gist(await at.pod.pay())).to.equal('200')
    expect(await occurrences(at.job)).to.deep.equal([1, 1])
    await judge(at.job, { effects: 1, record: ['settled'] })
  })

  it('429 of a vendor without idempotency: the same', async () => {
    await stage.world.geocoder.control.addFault({ fault: { kind: 'answer', when: 'before', status: 429 } })
    expect(gist(await at.pod.lookUp(STREET))).to.equal('429')
    await judge(at.job, { effects: 0, record: ['released'] })
    expect(gist(await at.pod.lookUp(STREET))).to.equal('200')
    await judge(at.job, { effects: 1, record: ['settled'] })
  })

  it('429 while another send of the call is open: in doubt, not released (M1), the app is not told that nothing happened, and the repeat resolves it', async () => {
    const { control } = stage.world.stripe
    await control.addFault({ fault: { kind: 'reset', when: 'after' } })
    await control.addFault({ fault: { kind: 'answer', when: 'before', status: 429 }, skip: 1, times: null })
    const told = await at.pod.pay()
    expect(gist(told)).to.equal('504 outcome_pending')
    expect(await at.job.count('call.released')).to.equal(0)
    await control.clearFaults()
    const again = await at.pod.pay()
    expect(gist(again)).to.equal('200')
    await judge(at.job, { effects: 1, record: ['settled'], told: [again] })
  })
}

function timeoutOrReset(stage: Stage): void {
  const at = withPod(stage)

  for (const mishap of ['cut_request', 'lose_answer', 'drop_answer', 'cut_answer', 'half_close'] as const) {
    it(`Stripe, the wire spoilt (${mishap}): repeated within the request under the same key, charged once`, async () => {
      const tap = await stage.world.tapVendor(stage.world.stripe)
      const spoilt = tap.befall(mishap)
      const told = await at.pod.pay()
      await spoilt.happened
      expect(gist(told)).to.equal('200')
      expect(await at.job.count('call.reserved')).to.equal(1)
      await judge(at.job, { effects: 1, record: ['settled'], told: [told] })
    })
  }

  it('Stripe, bytes that are no answer: the same', async () => {
    await stage.world.stripe.control.addFault({ fault: { kind: 'garbage', when: 'after' } })
    expect(gist(await at.pod.pay())).to.equal('200')
    await judge(at.job, { effects: 1, record: ['settled'] })
  })

  for (const when of ['before', 'after'] as const) {
    it(`Stripe, silent ${when} the effect until the deadline: 504 to be tried again, then the same call`, async () => {
      const { control } = stage.world.stripe
      await control.addFault({ fault: { kind: 'silence', when }, times: null })
      const told = await at.pod.pay()
      expect(gist(told)).to.equal('504 outcome_pending')
      expect(told.headers['stripe-should-retry']).to.equal('true')
      expect((await at.job.books()).reserved).to.equal('1.00')
      await control.clearFaults()
      const again = await at.pod.pay()
      expect(gist(again)).to.equal('200')
      await judge(at.job, { effects: 1, record: ['settled'], told: [again] })
    })
  }

  const SPOILT: readonly Fault[] = [
    { kind: 'reset', when: 'after' },
    { kind: 'silence', when: 'after' },
  ]
  for (const fault of SPOILT) {
    it(`Stripe, called by the official package, ${fault.kind} ${fault.when} the effect: charged once`, async () => {
      await stage.world.stripe.control.addFault({ fault })
      const id = await at.pod.charge(at.pod.stripe())
      expect(at.job.effects().map(({ object }) => object)).to.deep.equal([id])
      await judge(at.job, { effects: 1, record: ['settled'] })
    })
  }

  for (const [mishap, effects] of [
    ['swallow', 0],
    ['cut_request', 0],
    ['lose_answer', 1],
    ['cut_answer', 1],
    ['half_close', 1],
  ] as const) {
    it(`no idempotency, the wire spoilt (${mishap}): 502 outcome_unknown, never sent again, the money held`, async () => {
      const tap = await stage.world.tapVendor(stage.world.geocoder)
      tap.befall(mishap)
      const told = await at.pod.lookUp(STREET)
      expect(gist(told)).to.equal('502 outcome_unknown')
      expect(told.headers['x-should-retry']).to.equal('false')
      expect(gist(await at.pod.lookUp(STREET)), 'the repeat').to.equal('502 outcome_unknown')
      // What was on its way when the connection broke may still happen at the vendor.
      if (effects === 1) await stage.world.geocoder.control.reached('effect', lookupsOf(stage, at.job) + 1)
      await judge(at.job, { effects, record: ['in_doubt'], reserved: '0.01' })
      expect(gist(await at.pod.lookUp(`${STREET}, next door`)), 'others go on').to.equal('200')
    })
  }
}

function resetOnPooledConnection(stage: Stage): void {
  const at = withPod(stage)

  it('each call has a connection of its own, so a reset of an idle one meets nobody', async () => {
    const tap = await stage.world.tapVendor(stage.world.geocoder)
    expect(gist(await at.pod.lookUp(STREET))).to.equal('200')
    tap.resetAll()
    expect(gist(await at.pod.lookUp(STREET))).to.equal('200')
    expect(tap.connections, 'connections').to.equal(2)
    await judge(at.job, { effects: 2, record: ['settled', 'settled'] })
  })

  it('reset as the second call is on its way: 502, not retryable, the money held', async () => {
    const tap = await stage.world.tapVendor(stage.world.geocoder)
    expect(gist(await at.pod.lookUp(STREET))).to.equal('200')
    tap.befall('refuse')
    const told = await at.pod.lookUp(STREET)
    expect(gist(told)).to.equal('502 outcome_unknown')
    expect(told.headers['x-should-retry']).to.equal('false')
    await judge(at.job, { effects: 1, record: ['settled', 'in_doubt'], reserved: '0.01' })
  })

  it('with idempotency the pooled connection is used again, and its reset is repeated under the same key', async () => {
    const tap = await stage.world.tapVendor(stage.world.stripe)
    expect(gist(await at.pod.pay())).to.equal('200')
    tap.befall('refuse')
    expect(gist(await at.pod.pay({ customer: 2 }))).to.equal('200')
    await judge(at.job, { effects: 2, record: ['settled', 'settled'] })
  })
}

function serverError(stage: Stage): void {
  const at = withPod(stage)

  it('once, not saved under the key: repeated within the request, charged once', async () => {
    await stage.world.stripe.control.addFault({ fault: { kind: 'answer', when: 'before', status: 500 } })
    const told = await at.pod.pay()
    expect(gist(told)).to.equal('200')
    await judge(at.job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('five times, and the official package repeats: charged once', async () => {
    const fault = { kind: 'answer', when: 'before', status: 503 } as const
    await stage.world.stripe.control.addFault({ fault, times: 5 })
    await at.pod.charge(at.pod.stripe())
    await judge(at.job, { effects: 1, record: ['settled'] })
  })

  it('saved after the effect: as it came, held, and a person says that it took effect', async () => {
    const { world } = stage
    await world.stripe.control.addFault({ fault: { kind: 'answer', when: 'after', status: 500 } })
    const told = await at.pod.pay()
    expect(gist(told)).to.equal('500')
    expect(gist(await at.pod.pay()), 'the repeat').to.equal('500')
    await judge(at.job, { effects: 1, record: ['in_doubt'], reserved: '1.00' })
    const callId = String(told.headers['jobcap-call-id'])
    await world.ledger.client.resolveCall(callId, { effect: true, spent_usd: '1.00' })
    expect(gist(await at.pod.pay()), 'the answer was never had').to.equal('409 answer_not_kept')
    await judge(at.job, { effects: 1, record: ['settled'] })
  })

  it('saved without an effect, and a person says so: the repeat goes out under another key', async () => {
    const { world } = stage
    await world.stripe.control.addFault({ fault: { kind: 'answer', when: 'before', status: 500, saved: true } })
    const told = await at.pod.pay()
    expect(gist(told)).to.equal('500')
    await judge(at.job, { effects: 0, record: ['in_doubt'], reserved: '1.00' })
    await world.ledger.client.resolveCall(String(told.headers['jobcap-call-id']), { effect: false })
    await judge(at.job, { effects: 0, record: ['released'] })
    const again = await at.pod.pay()
    expect(gist(again)).to.equal('200')
    expect(at.job.effects()[0]?.idempotencyKey).to.match(/-1\.1$/)
    await judge(at.job, { effects: 1, record: ['settled'], told: [again] })
  })

  it('of a vendor without idempotency: as it came, held, never sent again', async () => {
    await stage.world.geocoder.control.addFault({ fault: { kind: 'answer', when: 'before', status: 500 } })
    expect(gist(await at.pod.lookUp(STREET))).to.equal('500')
    expect(gist(await at.pod.lookUp(STREET)), 'the repeat').to.equal('502 outcome_unknown')
    await judge(at.job, { effects: 0, record: ['in_doubt'], reserved: '0.01' })
  })
}

function keyInUse(stage: Stage): void {
  const at = withPod(stage)

  it('polled until the vendor is done: the app waits and has the one answer', async () => {
    const { world } = stage
    const tap = await world.tapVendor(world.stripe)
    const hold = await world.holdNext(world.stripe, { keyBusy: true })
    const refused = world.stripe.truth('refused').length
    tap.befall('lose_answer')
    const paying = at.pod.pay()
    await hold.held()
    await world.stripe.control.reached('refused', refused + 1)
    await hold.release()
    const told = await paying
    expect(['200', '504 outcome_pending']).to.include(gist(told))
    const again = gist(told) === '200' ? told : await at.pod.pay()
    expect(gist(again)).to.equal('200')
    await judge(at.job, { effects: 1, record: ['settled'], told: [again] })
  })
}

function declined(stage: Stage): void {
  const at = withPod(stage)
  const pay = (pod: PathPod) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = `${pod.body()}&payment_method=pm_card_chargeDeclined`
    return pod.ask({ path: '/stripe/v1/payment_intents', headers, body })
  }

  it('final, costs nothing, replayed in the same Pod; another index asks for itself', async () => {
    const before = stage.world.stripe.truth('declined').length
    const first = await pay(at.pod)
    expect(gist(first)).to.equal('402')
    expect(gist(await pay(await at.job.startPod({ index: 1 })))).to.equal('402')
    expect(stage.world.stripe.truth('declined').length - before).to.equal(2)
    await judge(at.job, { effects: 0, record: ['settled', 'settled'] })
  })

  it('a later attempt may run it again under a key that the vendor does not know (M7)', async () => {
    await stage.world.stripe.control.addFault({
      fault: { kind: 'answer', when: 'before', status: 402, saved: true },
    })
    expect(gist(await at.pod.pay())).to.equal('402')
    const told = await (await at.job.replace(at.pod)).pay()
    expect(gist(told)).to.equal('200')
    expect(at.job.effects()[0]?.idempotencyKey).to.match(/-1\.1$/)
    await judge(at.job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('a later attempt with another record made after it: the decline is replayed, and nobody is asked again', async () => {
    const declined = () => stage.world.stripe.truth('declined').length
    const first = await pay(at.pod)
    expect(gist(await at.pod.pay({ customer: 2 }))).to.equal('200')
    const before = declined()
    const again = await pay(await at.job.replace(at.pod))
    expect(gist(again)).to.equal('402')
    expect(again.text).to.equal(first.text)
    expect(again.headers['jobcap-replayed']).to.equal('true')
    expect(declined() - before).to.equal(0)
    await judge(at.job, { effects: 1, record: ['settled', 'settled'] })
  })
}

function secretRefused(stage: Stage): void {
  const at = withPod(stage)

  it('503 with an alarm, released; with the right secret the repeat is the same call', async () => {
    stage.world.rig.writeSecret('sk_test_rotated')
    const told = await at.pod.pay()
    expect(gist(told)).to.equal('503 vendor_secret_refused')
    expect(told.text).to.not.include('sk_test')
    await judge(at.job, { effects: 0, record: ['released'] })
    stage.world.rig.writeSecret(STRIPE_SECRET)
    const again = await at.pod.pay()
    expect(gist(again)).to.equal('200')
    expect(await occurrences(at.job)).to.deep.equal([1, 1])
    await judge(at.job, { effects: 1, record: ['settled'], told: [again] })
  })
}

/** The numbers under which the last call's content was reserved, in order. */
async function occurrences(job: PathJob): Promise<(number | null)[]> {
  const reserved = (await job.audit()).filter((event) => event.event === 'call.reserved')
  const mine = reserved.at(-1)?.call.digest
  return reserved.filter(({ call }) => call.digest === mine).map(({ call }) => call.n)
}

function lookupsOf({ world }: Stage, job: PathJob): number {
  return world.geocoder.truth('effect').length - job.lookups()
}
