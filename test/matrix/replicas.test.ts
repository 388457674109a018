import { expect } from 'chai'
import { ask, gist, payment, type Told } from '../ledger/call.ts'
import { podToken, TestPod } from '../ledger/pod.ts'
import { auditOf, type LedgerProcess, policyText, type Rig, startRig } from '../ledger/rig.ts'
import { broken } from '../path/world.ts'
import { needsRedis, type RedisServer, startRedis } from '../redis/redis-server.ts'

const CALLS = 1_000
const AT_ONCE = 32

describe('several ledgers over one Redis', function () {
  this.timeout(240_000)
  let rig: Rig
  let redis: RedisServer
  let isFresh = true
  let replicas: LedgerProcess[] = []
  before(async function () {
    needsRedis(this)
    redis = await startRedis()
    rig = await startRig()
  })
  afterEach(async () => {
    for (const replica of replicas.splice(0)) await replica.kill()
    rig.writePolicy(policyText(rig))
    for (const { control } of [rig.stripe, rig.geocoder]) {
      await control.clearFaults()
      await control.clearHolds()
    }
  })
  after(async () => {
    await rig.stop()
    await redis.stop()
  })

  const start = async (count: number): Promise<[LedgerProcess, ...LedgerProcess[]]> => {
    // The first one makes the keys that all share.
    const first = await startOne(0)
    const more = await Promise.all(Array.from({ length: count - 1 }, (_, at) => startOne(at + 1)))
    replicas = [first, ...more]
    return [first, ...more]
  }
  const startOne = (index: number): Promise<LedgerProcess> => {
    const flags = ['--store', redis.url, '--journal', `journal-${index}`, '--repair-every-ms', '300']
    const first = isFresh ? ['--initialise'] : []
    isFresh = false
    return rig.startLedger([...flags, ...first])
  }
  const at = (index: number): LedgerProcess => replicas[index % replicas.length] as LedgerProcess
  const effectsOf = (prefix: string) =>
    rig.stripe.truth('effect').filter(({ idempotencyKey = '' }) => idempotencyKey.startsWith(prefix))

  for (const count of [1, 2, 4]) {
    it(`${CALLS} calls of $0.10 against $5.00 over ${count}: exactly 50 are admitted`, async () => {
      rig.writePolicy(policyText(rig, { lookupUsd: '0.10' }))
      const [first] = await start(count)
      const key = await first.client.createKey({ vendor: 'geocode', usd_cap: '5.00' })
      const before = rig.geocoder.truth('effect').length
      const gists: string[] = []
      let next = 0
      const work = async (): Promise<void> => {
        for (let call = next++; call < CALLS; call = next++) {
          const headers = { 'idempotency-key': `cap${count}-${call}`, 'content-type': 'application/json' }
          const body = JSON.stringify({ address: `${call} Main St` })
          const told = await ask(at(call).address, { path: '/geocode/v1/lookup', key: key.vault_key, headers, body })
          gists.push(gist(told))
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      expect(gists.filter((one) => one === '200')).to.have.length(50)
      expect(gists.filter((one) => one === '429 cap_exhausted')).to.have.length(CALLS - 50)
      expect(rig.geocoder.truth('effect').length - before).to.equal(50)
      for (const replica of replicas) {
        expect(await replica.client.findKey(key.key_id)).to.include({ spent_usd: '5.00', reserved_usd: '0.00' })
      }
    })
  }

  it('one killed while the vendor has answered: the other takes its call over when the lease ends, charged once', async () => {
    const [first, second] = await start(2)
    const { vault_key, key_id } = await first.client.createKey({ vendor: 'stripe' })
    await rig.stripe.control.hold()
    const cut = broken(ask(first.address, payment(vault_key, 'killed')))
    const held = await rig.stripe.control.nextHeld()
    await first.kill()
    expect(await cut).to.equal('broken')
    const told = await ask(second?.address ?? '', payment(vault_key, 'killed'))
    expect(gist(told)).to.equal('200')
    expect(JSON.parse(told.text).id).to.equal(held.truth.object)
    expect(effectsOf('killed')).to.have.length(1)
    expect(await second?.client.findKey(key_id)).to.include({ spent_usd: '1.00', reserved_usd: '0.00' })
  })

  it('nobody asks for what a killed one left: the two others resolve each call, and none of them twice', async () => {
    const [first, second] = await start(3)
    const { vault_key, key_id } = await first.client.createKey({ vendor: 'stripe' })
    await rig.stripe.control.hold({ count: 5 })
    const cut = Array.from({ length: 5 }, (_, call) => broken(ask(first.address, payment(vault_key, `left-${call}`))))
    for (let held = 0; held < 5; held += 1) await rig.stripe.control.nextHeld()
    await first.kill()
    await Promise.all(cut)
    const ofKey = async () => (await auditOf(second as LedgerProcess)).filter(({ actor }) => actor.keyId === key_id)
    const count = async (name: string) => (await ofKey()).filter(({ event }) => event === name).length
    while ((await count('call.settled')) < 5);
    expect(await count('call.taken_over'), 'taken over once each').to.equal(5)
    expect(effectsOf('left-')).to.have.length(5)
    const asked = rig.stripe.truth('replay').filter(({ idempotencyKey = '' }) => idempotencyKey.startsWith('left-'))
    expect(asked, 'asked for once each').to.have.length(5)
  })

  it('one stopped with a call that may not be asked twice: in doubt at the other, and its late answer still counts', async () => {
    const [first, second] = await start(2)
    const pod = await TestPod.start(rig, first, { job: 'woken' })
    await rig.geocoder.control.hold()
    const asking = pod.lookUp('1 Main St').catch(() => undefined)
    const held = await rig.geocoder.control.nextHeld()
    first.signal('SIGSTOP')
    const other = pod.at(second?.address ?? '')
    expect(gist(await other.lookUp('1 Main St'))).to.equal('502 outcome_unknown')
    const view = async () => (await second?.client.findRun(pod.granted.runUid))?.key
    expect(await view()).to.include({ spent_usd: '0.00', reserved_usd: '0.01' })
    await rig.geocoder.control.release(held.id)
    first.signal('SIGCONT')
    const told = await asking
    expect(told && gist(told)).to.equal('200')
    // A store whose connection was given up meanwhile is told once it is known to be whole.
    while ((await view())?.spent_usd === '0.00');
    expect(await view()).to.include({ spent_usd: '0.01', reserved_usd: '0.00' })
  })

  it('one stopped, its call taken over and answered otherwise: the second, different answer raises an alarm', async () => {
    const [first, second] = await start(2)
    const { vault_key, key_id } = await first.client.createKey({ vendor: 'stripe' })
    await rig.stripe.control.hold()
    const asking = ask(first.address, payment(vault_key, 'twice')).catch(() => undefined)
    const held = await rig.stripe.control.nextHeld()
    first.signal('SIGSTOP')
    const body = JSON.stringify({ id: 'pi_other', object: 'payment_intent', amount: 100, currency: 'usd' })
    const match = { kinds: ['replay'] as const }
    await rig.stripe.control.addFault({ fault: { kind: 'answer', when: 'after', status: 200, body }, match })
    expect(JSON.parse((await ask(second?.address ?? '', payment(vault_key, 'twice'))).text).id).to.equal('pi_other')
    await rig.stripe.control.release(held.id)
    first.signal('SIGCONT')
    await asking
    const alarms = async () =>
      (await auditOf(second as LedgerProcess)).filter(({ event, actor }) => event === 'alarm' && actor.keyId === key_id)
    while ((await alarms()).length === 0);
    expect(await alarms()).to.have.length(1)
    expect(await second?.client.findKey(key_id)).to.include({ spent_usd: '1.00', reserved_usd: '0.00' })
  })

  it('one drained under load, its clients go to the other: every call once, nothing lost, exit code 0', async () => {
    const [first] = await start(2)
    const { vault_key, key_id } = await first.client.createKey({ vendor: 'stripe' })
    const CHARGES = 200
    let next = 0
    let leaving: Promise<number | null> | undefined
    const charge = async (call: number): Promise<Told> => {
      for (let tries = call; ; tries += 1) {
        const told = await ask(at(tries).address, payment(vault_key, `drain-${call}`)).catch(() => undefined)
        if (told !== undefined && told.headers['x-should-retry'] !== 'true') return told
      }
    }
    const gists: string[] = []
    const work = async (): Promise<void> => {
      for (let call = next++; call < CHARGES; call = next++) {
        if (call === CHARGES / 2) leaving = first.drain()
        gists.push(gist(await charge(call)))
      }
    }
    await Promise.all(Array.from({ length: 8 }, work))
    expect(await leaving).to.equal(0)
    expect(gists).to.deep.equal(Array(CHARGES).fill('200'))
    expect(effectsOf('drain-')).to.have.length(CHARGES)
    expect(
      rig.stripe.truth('replay').filter(({ idempotencyKey = '' }) => idempotencyKey.startsWith('drain-')),
    ).to.deep.equal([])
    expect(await at(1).client.findKey(key_id)).to.include({ spent_usd: '200.00', reserved_usd: '0.00' })
  })

  it('a Pod that was lost at one ledger gets no credential at the other', async () => {
    const [first, second] = await start(2)
    const pod = await TestPod.start(rig, first, { job: 'lost' })
    await first.client.endPod(pod.granted.runUid, pod.granted.podUid)
    const again = { path: '/vault/keys/exchange', key: podToken(rig, { job: 'lost' }), body: '{"purpose":"renew"}' }
    expect(gist(await ask(second?.address ?? '', again))).to.equal('403 pod_ending')
  })
})
