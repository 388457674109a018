import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import type { Fault } from '../../fake-vendors/faults.ts'
import type { Match } from '../../fake-vendors/match.ts'
import { ask, gist, payment } from './call.ts'
import { TestPod } from './pod.ts'
import { auditOf, type LedgerProcess, policyText, type Rig, STRIPE_SECRET, startRig } from './rig.ts'

describe('what a vendor may do to a call', () => {
  let rig: Rig
  let ledger: LedgerProcess
  let key: string
  let keyId: string
  let count = 0
  before(async () => {
    rig = await startRig()
    ledger = await rig.startLedger(['--vendor-deadline-ms', '4000', '--repair-every-ms', '200'])
  })
  after(() => rig.stop())
  beforeEach(async () => {
    const made = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })
    key = made.vault_key
    keyId = made.key_id
    count += 1
  })
  afterEach(async () => {
    await rig.stripe.control.clearFaults()
    await rig.geocoder.control.clearFaults()
    rig.writePolicy(policyText(rig))
    rig.writeSecret(STRIPE_SECRET)
  })

  const name = () => `invoice-${count}`
  const effects = () => rig.stripe.truth('effect').filter(({ idempotencyKey }) => idempotencyKey === name())
  const pay = () => ask(ledger.address, payment(key, name()))
  const confirm = (id: string) =>
    ask(ledger.address, { ...payment(key, name()), path: `/stripe/v1/payment_intents/${id}/confirm`, body: '' })
  /** To the call of this test: one that an earlier test left in doubt is asked for again meanwhile. */
  const fail = (fault: Fault, times: number | null = 1, match: Match = { headers: { 'idempotency-key': name() } }) =>
    rig.stripe.control.addFault({ fault, times, match })
  const balance = async () => {
    const { spent_usd, reserved_usd } = await ledger.client.findKey(keyId)
    return { spent_usd, reserved_usd }
  }

  const SPOILT_ONCE: readonly Fault[] = [
    { kind: 'reset', when: 'after' },
    { kind: 'garbage', when: 'after' },
    { kind: 'half', when: 'after' },
    { kind: 'wrong_length', when: 'after', byBytes: 10 },
    { kind: 'answer', when: 'before', status: 500 },
    { kind: 'answer', when: 'before', status: 503 },
  ]
  for (const fault of SPOILT_ONCE) {
    it(`${JSON.stringify(fault)}: asked again under the same key within the request, charged once`, async () => {
      await fail(fault)
      const told = await pay()
      expect(told.status, told.text).to.equal(200)
      expect(effects()).to.have.length(1)
      expect(await balance()).to.deep.equal({ spent_usd: '1.00', reserved_usd: '0.00' })
    })
  }

  it('504 outcome_pending: a 429 to the repeat of a send that was lost does not say that nothing was sent', async () => {
    await fail({ kind: 'reset', when: 'after' })
    const fault = { kind: 'answer', when: 'before', status: 429 } as const
    await rig.stripe.control.addFault({
      fault,
      skip: 1,
      times: null,
      match: { headers: { 'idempotency-key': name() } },
    })
    expect(gist(await pay())).to.equal('504 outcome_pending')
    expect(effects()).to.have.length(1)
    expect(await balance()).to.deep.equal({ spent_usd: '0.00', reserved_usd: '1.00' })
  })

  it('a vendor that says its key is in use is asked until it has an answer', async () => {
    await rig.stripe.control.hold({ keyBusy: true })
    const paying = pay()
    const held = await rig.stripe.control.nextHeld()
    await rig.stripe.control.release(held.id, 'reset')
    expect((await paying).status).to.equal(200)
    expect(effects()).to.have.length(1)
  })

  it('no answer in time: 504 outcome_pending, the money stays reserved, and the repeat gets the answer of the one call', async () => {
    await fail({ kind: 'silence', when: 'after' })
    const told = await pay()
    expect(gist(told)).to.equal('504 outcome_pending')
    expect(told.headers['x-should-retry']).to.equal('true')
    const again = await pay()
    expect(gist(again)).to.equal('200')
    expect(effects()).to.have.length(1)
    expect(await balance()).to.deep.equal({ spent_usd: '1.00', reserved_usd: '0.00' })
  })

  it('a call left in doubt that nobody asks for again is resolved under its own key', async () => {
    await fail({ kind: 'silence', when: 'after' })
    expect(gist(await pay())).to.equal('504 outcome_pending')
    await rig.stripe.control.reached('replay', rig.stripe.truth('replay').length + 1)
    await settled(name())
    expect(effects()).to.have.length(1)
    expect(await balance()).to.deep.equal({ spent_usd: '1.00', reserved_usd: '0.00' })
  })

  it('a 5xx that stays is handed on as it came, and the money stays reserved', async () => {
    await fail({ kind: 'answer', when: 'before', status: 500, saved: true })
    const told = await pay()
    expect(gist(told)).to.equal('500')
    expect(await balance()).to.deep.equal({ spent_usd: '0.00', reserved_usd: '1.00' })
    const inDoubt = (await auditOf(ledger)).find(
      (event) => event.event === 'call.in_doubt' && event.actor.keyId === keyId,
    )
    expect(inDoubt).to.include({ heldUsdMicros: 1_000_000 })
  })

  it('a person resolves what stays in doubt', async () => {
    await fail({ kind: 'answer', when: 'before', status: 500, saved: true })
    const callId = String((await pay()).headers['jobcap-call-id'])
    expect(await ledger.client.resolveCall(callId, { effect: false })).to.include({ state: 'settled' })
    expect(await balance()).to.deep.equal({ spent_usd: '0.00', reserved_usd: '0.00' })
  })

  it('429: released, handed on as it came, and the repeat is sent', async () => {
    await fail({ kind: 'answer', when: 'before', status: 429 })
    const told = await pay()
    expect(gist(told)).to.equal('429')
    expect(await balance()).to.deep.equal({ spent_usd: '0.00', reserved_usd: '0.00' })
    expect(gist(await pay())).to.equal('200')
    expect(effects()).to.have.length(1)
  })

  it('a repeat that does not get through says nothing of the first send: the app never hears that nothing happened', async () => {
    await fail({ kind: 'reset', when: 'after' })
    const match = { headers: { 'idempotency-key': name() } }
    await rig.stripe.control.addFault({ fault: { kind: 'answer', when: 'before', status: 429 }, match, skip: 1 })
    expect(gist(await pay())).to.equal('200')
    expect(effects()).to.have.length(1)
    expect(await balance()).to.deep.equal({ spent_usd: '1.00', reserved_usd: '0.00' })
  })

  it('402: the decline is final, costs nothing and is replayed', async () => {
    const declined = {
      ...payment(key, name()),
      body: 'amount=100&currency=usd&confirm=true&payment_method=pm_card_chargeDeclined',
    }
    const first = await ask(ledger.address, declined)
    const again = await ask(ledger.address, declined)
    expect([gist(first), gist(again)]).to.deep.equal(['402', '402'])
    expect(again.headers['jobcap-replayed']).to.equal('true')
    expect(await balance()).to.deep.equal({ spent_usd: '0.00', reserved_usd: '0.00' })
  })

  it('402 in a Pod: it stands there, and the replacement runs the call again under a key the vendor does not know', async () => {
    const job = `declined-${count}`
    const customer = `cus_declined${count}`
    const a = await TestPod.start(rig, ledger, { job, pod: `${job}-a` })
    await fail({ kind: 'answer', when: 'before', status: 402, saved: true }, 1, { body: { customer } })
    const token = { ord: a.nextOrd() }
    expect(gist(await a.pay(customer, 100, token))).to.equal('402')
    expect(gist(await a.pay(customer, 100, { ...token, seen: [] }))).to.equal('402')
    const b = await TestPod.start(rig, ledger, { job, pod: `${job}-b` })
    expect(gist(await b.pay(customer))).to.equal('200')
    const [effect, ...more] = rig.stripe.truth('effect').filter(({ idempotencyKey }) => idempotencyKey?.includes(job))
    expect(effect?.idempotencyKey).to.match(/-1\.1$/)
    expect(more).to.deep.equal([])
  })

  it('a saved 500 that a person cleared is left behind: the repeat goes out under a new key and is charged once', async () => {
    const job = `cleared-${count}`
    const customer = `cus_cleared${count}`
    const a = await TestPod.start(rig, ledger, { job })
    await fail({ kind: 'answer', when: 'before', status: 500, saved: true }, 1, { body: { customer } })
    const told = await a.pay(customer)
    expect(gist(told)).to.equal('500')
    const resolved = await ledger.client.resolveCall(String(told.headers['jobcap-call-id']), { effect: false })
    expect(resolved).to.include({ state: 'released' })
    expect(gist(await a.pay(customer))).to.equal('200')
    const ours = rig.stripe.truth('effect').filter(({ idempotencyKey }) => idempotencyKey?.includes(job))
    expect(ours.map(({ idempotencyKey }) => idempotencyKey?.slice(-4))).to.deep.equal(['-1.1'])
  })

  it('a 503 that a person cleared may come true yet: the repeat goes out under the same key', async () => {
    const job = `overloaded-${count}`
    const customer = `cus_overloaded${count}`
    const a = await TestPod.start(rig, ledger, { job })
    await fail({ kind: 'answer', when: 'before', status: 503 }, null, { body: { customer } })
    const told = await a.pay(customer)
    expect(gist(told)).to.equal('503')
    const resolved = await ledger.client.resolveCall(String(told.headers['jobcap-call-id']), { effect: false })
    expect(resolved).to.include({ state: 'released' })
    await rig.stripe.control.clearFaults()
    expect(gist(await a.pay(customer))).to.equal('200')
    const ours = rig.stripe.truth('effect').filter(({ idempotencyKey }) => idempotencyKey?.includes(job))
    expect(ours).to.have.length(1)
    expect(ours[0]?.idempotencyKey).to.match(/-1$/)
  })

  it('a vendor that is not there: 503 vendor_unreachable, released, and the repeat goes through', async () => {
    rig.writePolicy(policyText(rig, { stripeUrl: 'http://127.0.0.1:9' }))
    const told = await pay()
    expect(gist(told)).to.equal('503 vendor_unreachable')
    expect(await balance()).to.deep.equal({ spent_usd: '0.00', reserved_usd: '0.00' })
    rig.writePolicy(policyText(rig))
    expect(gist(await pay())).to.equal('200')
  })

  it('a refused secret: 503 vendor_secret_refused, released, an alarm; the right one passes without a restart', async () => {
    rig.writeSecret('sk_test_wrong')
    const told = await pay()
    expect(gist(told)).to.equal('503 vendor_secret_refused')
    expect(told.headers['x-should-retry']).to.equal('false')
    expect(await balance()).to.deep.equal({ spent_usd: '0.00', reserved_usd: '0.00' })
    const read = await ask(ledger.address, { method: 'GET', path: '/stripe/v1/payment_intents', key })
    expect(gist(read)).to.equal('503 vendor_secret_refused')
    expect(gist(await confirm('pi_1')), 'whose amount stands on an object').to.equal('503 vendor_secret_refused')
    const metrics = await ask(ledger.address, { method: 'GET', path: '/metrics' })
    // And of whatever an earlier test has left in doubt, which is asked about meanwhile.
    const [, alarms] = /jobcap_ledger_alarms_total\{reason="vendor_secret_refused"\} (\d+)/.exec(metrics.text) ?? []
    expect(Number(alarms)).to.be.at.least(3)
    rig.writeSecret(STRIPE_SECRET)
    expect(gist(await pay())).to.equal('200')
  })

  it('a secret that is changed while a call is out with the old one is read again, and the call goes out once more', async () => {
    const given: (string | undefined)[] = []
    const vendor = createServer(({ method, headers }, response) => {
      // Not what an earlier test has left in doubt.
      if (method !== 'GET' && headers['idempotency-key'] !== name()) return void response.writeHead(503).end()
      given.push(headers.authorization)
      const isOld = given.length % 2 === 1
      if (isOld) rig.writeSecret(`sk_test_${given.length}`)
      response.writeHead(isOld ? 401 : 200, { 'content-type': 'application/json' }).end('{}')
    }).listen(0, '127.0.0.1')
    await once(vendor, 'listening')
    rig.writePolicy(policyText(rig, { stripeUrl: `http://127.0.0.1:${(vendor.address() as AddressInfo).port}` }))
    expect(gist(await pay())).to.equal('200')
    expect(gist(await ask(ledger.address, { method: 'GET', path: '/stripe/v1/payment_intents', key }))).to.equal('200')
    const secrets = [STRIPE_SECRET, 'sk_test_1', 'sk_test_1', 'sk_test_3']
    expect(given).to.deep.equal(secrets.map((secret) => `Bearer ${secret}`))
    vendor.close()
  })

  it('an object that the vendor does not have, or does not give: its 404 as it came, else 503; nothing is numbered', async () => {
    const missing = await confirm('pi_missing')
    expect(gist(missing)).to.equal('404')
    expect(missing.text).to.include('resource_missing')
    await rig.stripe.control.addFault({ fault: { kind: 'reset', when: 'before' }, match: { method: 'GET' } })
    expect(gist(await confirm('pi_missing'))).to.equal('503 vendor_unreachable')
    const events = (await auditOf(ledger)).filter(({ actor }) => actor.keyId === keyId)
    const narrow = await ledger.client.createKey({ vendor: 'stripe', allowed_endpoints: ['POST /v1/charges'] })
    const asked = { ...payment(narrow.vault_key, name()), path: '/stripe/v1/payment_intents/pi_1/confirm', body: '' }
    expect(gist(await ask(ledger.address, asked))).to.equal('403 endpoint_not_allowed')
    const ofNarrow = (await auditOf(ledger)).filter(({ actor }) => actor.keyId === narrow.key_id)
    expect(
      ofNarrow.filter(({ event }) => event.startsWith('read.')),
      'nor is it looked at',
    ).to.deep.equal([])
    const reads = events.flatMap((event) => (event.event === 'read.answered' ? [event.status] : []))
    expect(reads).to.deep.equal([404, null])
    expect(events.filter(({ event }) => event.startsWith('call.') && event !== 'call.refused')).to.deep.equal([])
  })

  it('a replay of a key that we had not sent before is booked in full, and an alarm', async () => {
    const headers = {
      authorization: `Bearer ${STRIPE_SECRET}`,
      'idempotency-key': name(),
      'content-type': 'application/x-www-form-urlencoded',
    }
    await ask(rig.stripe.url, { path: '/v1/payment_intents', headers, body: 'amount=100&currency=usd' })
    expect(gist(await pay())).to.equal('200')
    expect(await balance()).to.deep.equal({ spent_usd: '1.00', reserved_usd: '0.00' })
    const alarms = (await auditOf(ledger)).filter(({ event, actor }) => event === 'alarm' && actor.keyId === keyId)
    expect(alarms).to.have.length(1)
    const metrics = await ask(ledger.address, { method: 'GET', path: '/metrics' })
    expect(metrics.text).to.match(/jobcap_ledger_alarms_total\{reason="second_answer"\} [1-9]/)
  })

  it('an empty secret: 503 vendor_secret_missing, and nothing is reserved', async () => {
    rig.writeSecret('')
    expect(gist(await pay())).to.equal('503 vendor_secret_missing')
    expect(await balance()).to.deep.equal({ spent_usd: '0.00', reserved_usd: '0.00' })
    const [refused] = (await auditOf(ledger)).filter(
      ({ event, actor }) => event === 'call.refused' && actor.keyId === keyId,
    )
    const which = { vendor: 'stripe', route: 'POST /v1/payment_intents', code: 'vendor_secret_missing' }
    expect(refused, 'the record says which call').to.include(which)
    expect(refused)
      .to.have.property('digest')
      .that.matches(/^[0-9a-f]{64}$/)
  })

  it('409 answer_not_kept: an answer too large to keep is handed on once, and its replay is refused', async () => {
    const body = JSON.stringify({ id: 'pi_large', object: 'payment_intent', filler: 'x'.repeat(300_000) })
    await fail({ kind: 'answer', when: 'after', status: 200, body })
    const first = await pay()
    expect(first.text).to.have.length(body.length)
    expect(gist(await pay())).to.equal('409 answer_not_kept')
    expect(effects()).to.have.length(1)
  })

  it('409 answer_not_kept again and again: what an app has not had does not count as read', async () => {
    const body = JSON.stringify({ id: 'pi_larger', object: 'payment_intent', filler: 'x'.repeat(300_000) })
    await fail({ kind: 'answer', when: 'after', status: 200, body }, 1, {})
    const first = await TestPod.start(rig, ledger, { job: 'large', pod: 'large-0-a' })
    expect((await first.pay('cus_large')).text).to.have.length(body.length)
    const second = await TestPod.start(rig, ledger, { job: 'large', pod: 'large-0-b' })
    const made = rig.stripe.truth('effect').length
    for (const _ of [1, 2]) expect(gist(await second.pay('cus_large'))).to.equal('409 answer_not_kept')
    expect(rig.stripe.truth('effect')).to.have.length(made)
  })

  it('a read that breaks off is cut for the app too, and one that never comes is refused', async () => {
    await rig.stripe.control.addFault({ fault: { kind: 'half', when: 'after' }, match: { method: 'GET' } })
    const read = { method: 'GET', path: '/stripe/v1/payment_intents', key }
    expect(await ask(ledger.address, read).catch((fault: Error) => fault)).to.be.instanceOf(Error)
    await rig.stripe.control.addFault({ fault: { kind: 'reset', when: 'before' }, match: { method: 'GET' } })
    expect(gist(await ask(ledger.address, read))).to.equal('503 vendor_unreachable')
  })

  describe('that promises nothing about repeats', () => {
    const BROKEN: readonly Fault[] = [
      { kind: 'reset', when: 'after' },
      { kind: 'garbage', when: 'after' },
      { kind: 'silence', when: 'after' },
    ]
    for (const fault of BROKEN) {
      it(`${fault.kind}: 502 outcome_unknown, never sent again, and its money stays reserved`, async () => {
        const pod = await TestPod.start(rig, ledger, { job: `lookup-${fault.kind}` })
        const before = rig.geocoder.truth('effect').length
        await rig.geocoder.control.addFault({ fault })
        const told = await pod.lookUp('1 Main St')
        expect(gist(told)).to.equal('502 outcome_unknown')
        expect(told.headers['x-should-retry']).to.equal('false')
        expect(gist(await pod.lookUp('1 Main St'))).to.equal('502 outcome_unknown')
        expect(rig.geocoder.truth('effect').length - before).to.equal(1)
        const run = await ledger.client.findRun(pod.granted.runUid)
        expect(run.key).to.include({ spent_usd: '0.00', reserved_usd: '0.01' })
      })
    }

    it('each call is marked as sent before it leaves', async () => {
      const pod = await TestPod.start(rig, ledger, { job: 'lookup-marked' })
      await pod.lookUp('2 Main St')
      const events = (await auditOf(ledger)).filter(({ actor }) => actor.runUid === pod.granted.runUid)
      const steps = events.map(({ event }) => event).filter((event) => event.startsWith('call.'))
      expect(steps).to.deep.equal(['call.reserved', 'call.sent', 'call.settled'])
    })
  })

  /** Resolves when the call under this key is settled; the record is asked as the events of the vendor come. */
  async function settled(idempotencyKey: string): Promise<void> {
    for (;;) {
      const events = await auditOf(ledger)
      if (events.some((event) => event.event === 'call.settled' && event.call.namedKey === idempotencyKey)) return
    }
  }
})
