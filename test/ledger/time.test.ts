import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createLedgerClient, type LedgerClient } from '../../ledger/client.ts'
import { readConfig } from '../../ledger/config.ts'
import { type RunningLedger, startLedger } from '../../ledger/start.ts'
import { createLog } from '../../runtime/log.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers, type Timers } from '../../runtime/timers.ts'
import { ask, gist, payment } from './call.ts'
import { exchange, podToken, TestPod } from './pod.ts'
import { type Rig, startRig } from './rig.ts'

describe('time passes at a ledger', () => {
  let rig: Rig
  let running: RunningLedger
  let address: string
  let client: LedgerClient
  /** How far both clocks are ahead of the machine's; only grows. */
  let laterMs = 0
  const periodic: (() => void)[] = []
  const timers: Timers = {
    ...systemTimers,
    every(_periodMs, action) {
      periodic.push(action)
      return () => {}
    },
  }
  const clock = { nowMs: () => Date.now() + laterMs, monotonicMs: () => performance.now() + laterMs }

  before(async () => {
    rig = await startRig()
    const inFolder = (name: string) => join(rig.folder, name)
    const flags = ['--policy', inFolder('policy.yaml'), '--store', `sqlite:${inFolder('ledger.db')}`]
    const more = ['--state', inFolder('state'), '--secrets', inFolder('secrets'), '--listen', '127.0.0.1:0']
    const log = createLog('ledger', 'silent')
    const doors = { clock, timers, random: systemRandom, environment: {}, log }
    running = await startLedger(readConfig([...flags, ...more], {}), doors)
    const [bound] = running.addresses
    if (bound === undefined || 'socketPath' in bound) throw new Error('it listens nowhere')
    address = `http://127.0.0.1:${bound.port}`
    const operatorToken = readFileSync(inFolder('state/operator-token'), 'utf8').trim()
    client = createLedgerClient({ address, operatorToken })
  })
  after(async () => {
    await running.drain()
    await rig.stop()
  })

  const fresh = () => ({ expiresAtMs: clock.nowMs() + 60_000 })

  it('401 key_expired: a vault key past its expires_in admits no call and no replay', async () => {
    const { vault_key, key_id, status } = await client.createKey({ vendor: 'stripe', expires_in: '45m' })
    expect(status).to.equal('active')
    expect(gist(await ask(address, payment(vault_key, 'k')))).to.equal('200')
    laterMs += 45 * 60_000 + 1
    expect(gist(await ask(address, payment(vault_key, 'k')))).to.equal('401 key_expired')
    expect(gist(await ask(address, payment(vault_key, 'other')))).to.equal('401 key_expired')
    expect(await client.findKey(key_id), 'operators are told').to.include({ status: 'expired' })
    await client.revokeKey(key_id)
    expect(await client.findKey(key_id)).to.include({ status: 'revoked' })
  })

  it('401 credential_expired: a Pod credential lives ten minutes and is renewed in the same life', async () => {
    const pod = await TestPod.start(rig, { address }, { token: fresh() })
    laterMs += 600_001
    expect(gist(await pod.pay('cus_1'))).to.equal('401 credential_expired')
    const token = podToken(rig, { token: fresh() })
    const renewed = JSON.parse((await exchange(address, token, 'renew')).text)
    expect(renewed.life).to.equal(pod.granted.life)
    expect(gist(await new TestPod(address, renewed).pay('cus_1'))).to.equal('200')
  })

  it("a Pod credential never outlives its run's key", async () => {
    const first = await TestPod.start(rig, { address }, { job: 'short', token: fresh() })
    laterMs += 24 * 3_600_000 - 60_000
    const token = podToken(rig, { job: 'short', token: fresh() })
    const renewed = JSON.parse((await exchange(address, token, 'renew')).text)
    expect(renewed.keyId).to.equal(first.granted.keyId)
    expect(renewed.expiresAtMs - clock.nowMs()).to.be.within(0, 60_000)
  })

  it('a daily cap is open again on the next UTC day, and what was spent today stays in the record', async () => {
    const { vault_key, key_id } = await client.createKey({ vendor: 'stripe', daily_usd_cap: '1.00', expires_in: '7d' })
    expect(gist(await ask(address, payment(vault_key, 'd-1')))).to.equal('200')
    expect(gist(await ask(address, payment(vault_key, 'd-2')))).to.equal('429 cap_exhausted')
    laterMs += 25 * 3_600_000
    expect(gist(await ask(address, payment(vault_key, 'd-2')))).to.equal('200')
    expect(await client.findKey(key_id)).to.include({ spent_usd: '2.00', spent_today_usd: '1.00' })
  })

  it('what was reserved yesterday and is still out counts, and not as reserved today', async () => {
    const { vault_key, key_id } = await client.createKey({ vendor: 'stripe', expires_in: '7d' })
    await rig.stripe.control.hold()
    const asking = ask(address, payment(vault_key, 'overnight'))
    const held = await rig.stripe.control.nextHeld()
    expect(await client.findKey(key_id)).to.include({ reserved_usd: '1.00', reserved_today_usd: '1.00' })
    laterMs += 25 * 3_600_000
    expect(await client.findKey(key_id)).to.include({ reserved_usd: '1.00', reserved_today_usd: '0.00' })
    await rig.stripe.control.release(held.id)
    expect(gist(await asking)).to.equal('200')
    expect(await client.findKey(key_id)).to.include({
      reserved_usd: '0.00',
      spent_usd: '1.00',
      spent_today_usd: '0.00',
    })
  })

  it('a vendor may take longer than a lease: the sender keeps it, and a repeat joins instead of sending again', async () => {
    const { vault_key } = await client.createKey({ vendor: 'stripe' })
    await rig.stripe.control.hold()
    const asking = ask(address, payment(vault_key, 'slow'))
    const held = await rig.stripe.control.nextHeld()
    for (let periods = 1; periods <= 5; periods += 1) {
      laterMs += 3_000
      for (const tick of periodic) tick()
      // The ledger answers in order, so the renewal and a walk of the repair are done after this.
      await client.readiness()
    }
    const again = ask(address, payment(vault_key, 'slow'))
    await client.readiness()
    await rig.stripe.control.release(held.id)
    expect([gist(await asking), gist(await again)]).to.deep.equal(['200', '200'])
    expect(rig.stripe.truth('replay')).to.deep.equal([])
  })

  it('403 run_too_old: the records of a run are gone 72 h after its last Job ended, and not an hour before', async () => {
    const continued = async (job: string) =>
      gist(await exchange(address, podToken(rig, { job, terms: { continues: 'nightly-old' }, token: fresh() })))
    const pod = await TestPod.start(rig, { address }, { job: 'nightly-old', token: fresh() })
    expect(gist(await pod.pay('cus_old'))).to.equal('200')
    const end = (job: string) => client.endJob(pod.granted.runUid, `uid-${job}`)
    const passHours = async (hours: number) => {
      laterMs += hours * 3_600_000
      for (const tick of periodic) tick()
      await client.readiness()
    }
    await end('nightly-old')
    await passHours(71)
    expect(await continued('nightly-on')).to.equal('200')
    await end('nightly-on')
    await passHours(73)
    expect(await continued('nightly-late')).to.equal('403 run_too_old')
  })

  it('413 body_too_large: a body above the limit is refused before it is read', async () => {
    const { vault_key } = await client.createKey({ vendor: 'stripe' })
    const body = `amount=100&currency=usd&description=${'x'.repeat(1_100_000)}`
    const told = await ask(address, { ...payment(vault_key, 'large'), body })
    expect(gist(told)).to.equal('413 body_too_large')
    expect(told.headers.connection).to.equal('close')
    expect(rig.stripe.truth('effect').some(({ idempotencyKey }) => idempotencyKey === 'large')).to.equal(false)
  })
})
