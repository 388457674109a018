import { expect } from 'chai'
import { ask, gist, payment } from './call.ts'
import { TestPod } from './pod.ts'
import { auditOf, type LedgerProcess, type Rig, startRig } from './rig.ts'

describe('a ledger that dies, is stopped, or loses its client', () => {
  let rig: Rig
  let ledger: LedgerProcess
  beforeEach(async () => {
    rig = await startRig()
    ledger = await rig.startLedger()
  })
  afterEach(() => rig.stop())

  const newKey = async () => (await ledger.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })).vault_key
  const broken = (asking: Promise<unknown>) =>
    asking.then(
      () => 'answered',
      () => 'broken',
    )

  it('SIGKILL while the vendor holds the answer: the repeat gets it, charged once, booked once', async () => {
    const key = await newKey()
    await rig.stripe.control.hold()
    const asking = broken(ask(ledger.address, payment(key, 'k')))
    const held = await rig.stripe.control.nextHeld()
    await ledger.kill()
    expect(await asking).to.equal('broken')
    await rig.stripe.control.release(held.id)
    ledger = await rig.startLedger()
    const told = await ask(ledger.address, payment(key, 'k'))
    expect(gist(told)).to.equal('200')
    expect(JSON.parse(told.text).id).to.equal(held.truth.object)
    expect(rig.stripe.truth('effect')).to.have.length(1)
    const [view] = await ledger.client.listKeys()
    expect(view).to.include({ spent_usd: '1.00', reserved_usd: '0.00' })
  })

  it('SIGKILL while the vendor holds the answer, and nobody asks again: resolved at the next start', async () => {
    await rig.stripe.control.hold()
    const asking = broken(ask(ledger.address, payment(await newKey(), 'k')))
    const held = await rig.stripe.control.nextHeld()
    await ledger.kill()
    await asking
    await rig.stripe.control.release(held.id)
    ledger = await rig.startLedger()
    await rig.stripe.control.reached('replay', 1)
    expect(await ledger.drain()).to.equal(0)
    ledger = await rig.startLedger()
    const settled = (await auditOf(ledger)).filter(({ event }) => event === 'call.settled')
    expect(settled).to.have.length(1)
    expect(settled[0]).to.include({ spentUsdMicros: 1_000_000, object: held.truth.object })
    expect((await auditOf(ledger)).filter(({ event }) => event === 'alarm')).to.deep.equal([])
  })

  it('SIGKILL at a vendor that promises nothing: in doubt, never sent again, the money held', async () => {
    const pod = await TestPod.start(rig, ledger)
    await rig.geocoder.control.hold()
    const asking = broken(pod.lookUp('1 Main St'))
    const held = await rig.geocoder.control.nextHeld()
    await ledger.kill()
    await asking
    await rig.geocoder.control.release(held.id)
    ledger = await rig.startLedger()
    expect(gist(await pod.at(ledger.address).lookUp('1 Main St'))).to.equal('502 outcome_unknown')
    expect(rig.geocoder.truth('effect')).to.have.length(1)
    const run = await ledger.client.findRun(pod.granted.runUid)
    expect(run.key).to.include({ spent_usd: '0.00', reserved_usd: '0.01' })
  })

  it('SIGTERM: the call in flight gets its answer, new connections are refused, exit 0', async () => {
    const key = await newKey()
    await rig.stripe.control.hold()
    const asking = ask(ledger.address, payment(key, 'k'))
    const held = await rig.stripe.control.nextHeld()
    const drained = ledger.drain()
    await refusesConnections(ledger.address)
    await rig.stripe.control.release(held.id)
    expect(gist(await asking)).to.equal('200')
    expect(await drained).to.equal(0)
  })

  it('a client that leaves does not cancel the call: it settles, and the repeat is answered from the record', async () => {
    const key = await newKey()
    const leaving = new AbortController()
    await rig.stripe.control.hold()
    const asking = broken(ask(ledger.address, { ...payment(key, 'k'), signal: leaving.signal }))
    const held = await rig.stripe.control.nextHeld()
    leaving.abort()
    expect(await asking).to.equal('broken')
    const again = ask(ledger.address, payment(key, 'k'))
    await rig.stripe.control.release(held.id)
    expect((await again).headers['jobcap-replayed']).to.equal('true')
    expect(rig.stripe.truth('effect')).to.have.length(1)
    expect(rig.stripe.truth('replay')).to.have.length(0)
  })

  it('SIGTERM after the client has left: the call still settles before the process ends', async () => {
    const key = await newKey()
    const leaving = new AbortController()
    await rig.stripe.control.hold()
    const asking = broken(ask(ledger.address, { ...payment(key, 'k'), signal: leaving.signal }))
    const held = await rig.stripe.control.nextHeld()
    leaving.abort()
    await asking
    const drained = ledger.drain()
    await refusesConnections(ledger.address)
    await rig.stripe.control.release(held.id)
    expect(await drained).to.equal(0)
    ledger = await rig.startLedger()
    expect((await auditOf(ledger)).map(({ event }) => event)).to.include('call.settled')
    expect(rig.stripe.truth('replay')).to.have.length(0)
  })

  it('an answer that was written to a sidecar which then restarted is ambiguous; one never written is replayed', async () => {
    const body = { path: '/stripe/v1/payment_intents', body: 'amount=100&currency=usd&customer=cus_1' }
    const told = await TestPod.start(rig, ledger, { job: 'written' })
    expect(gist(await told.call(body))).to.equal('200')
    expect(gist(await told.call(body, told.afterRestart()))).to.equal('409 ambiguous_repeat')

    const left = await TestPod.start(rig, ledger, { job: 'left' })
    const leaving = new AbortController()
    await rig.stripe.control.hold()
    const asking = broken(left.call(body, {}, leaving.signal))
    const held = await rig.stripe.control.nextHeld()
    leaving.abort()
    await asking
    // What the ledger answers now came after the client's end, so that end has been noticed.
    await ask(ledger.address, { method: 'GET', path: '/healthz' })
    const again = left.call(body, left.afterRestart())
    await rig.stripe.control.release(held.id)
    expect((await again).headers['jobcap-replayed']).to.equal('true')
    expect(rig.stripe.truth('effect')).to.have.length(2)
  })

  it('identical calls at once under one key join the one that is out', async () => {
    const key = await newKey()
    await rig.stripe.control.hold()
    const asking = Array.from({ length: 5 }, () => ask(ledger.address, payment(key, 'k')))
    const held = await rig.stripe.control.nextHeld()
    await rig.stripe.control.release(held.id)
    const ids = (await Promise.all(asking)).map(({ text }) => JSON.parse(text).id)
    expect(new Set(ids)).to.deep.equal(new Set([held.truth.object]))
    expect(rig.stripe.truth('effect')).to.have.length(1)
    expect(rig.stripe.truth('replay')).to.have.length(0)
  })

  it('a key revoked while its call is out: the call is named, settles and is answered; the next is refused', async () => {
    const { vault_key, key_id } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })
    await rig.stripe.control.hold()
    const asking = ask(ledger.address, payment(vault_key, 'k'))
    const held = await rig.stripe.control.nextHeld()
    const revoked = await ledger.client.revokeKey(key_id)
    expect(revoked.status).to.equal('revoked')
    expect(revoked.in_flight.map(({ sent }) => sent)).to.deep.equal([true])
    expect(gist(await ask(ledger.address, payment(vault_key, 'other')))).to.equal('401 key_revoked')
    await rig.stripe.control.release(held.id)
    const told = await asking
    expect(gist(told)).to.equal('200')
    expect(revoked.in_flight[0]?.call_id).to.equal(told.headers['jobcap-call-id'])
    expect(gist(await ask(ledger.address, payment(vault_key, 'k')))).to.equal('401 key_revoked')
    expect(await ledger.client.findKey(key_id)).to.include({ spent_usd: '1.00', reserved_usd: '0.00' })
  })

  /** Resolves when a new connection is refused: the listener is closed. */
  async function refusesConnections(address: string): Promise<void> {
    while ((await broken(ask(address, { method: 'GET', path: '/healthz' }))) === 'answered');
  }
})
