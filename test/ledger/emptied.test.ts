import { expect } from 'chai'
import { Redis } from 'ioredis'
import { skip } from '../../tools/test/skip.ts'
import { type RedisServer, startRedis, whyNoRedis } from '../redis/redis-server.ts'
import { ask, gist, payment } from './call.ts'
import { exchange, podToken, TestPod } from './pod.ts'
import { type LedgerProcess, type Rig, startRig } from './rig.ts'

describe('a Redis that somebody empties under a ledger, with no connection broken', function () {
  this.timeout(60_000)
  let rig: Rig
  let redis: RedisServer
  let ledger: LedgerProcess

  before(function () {
    const reason = whyNoRedis()
    if (reason !== undefined) skip(this, reason)
  })
  beforeEach(async () => {
    redis = await startRedis()
    rig = await startRig()
    ledger = await rig.startLedger(['--store', redis.url, '--waive', 'journal', '--initialise'])
  })
  afterEach(async () => {
    await rig.stop()
    await redis.stop()
  })

  const flush = async () => {
    const admin = new Redis({ port: redis.port })
    await admin.flushall()
    admin.disconnect()
  }

  it('a key that it had is not refused for good, as one that never was', async () => {
    const { vault_key: key } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '10.00' })
    await flush()
    expect(gist(await ask(ledger.address, payment(key, 'k')))).to.equal('503 store_unavailable')
    expect(rig.stripe.truth('effect')).to.be.empty
  })

  it('its runs are not opened anew, whatever was asked before, so nothing is bought twice', async () => {
    const pod = await TestPod.start(rig, ledger)
    expect(gist(await pod.pay('cus_1'))).to.equal('200')
    await flush()
    await ask(ledger.address, payment('jck_unknown', 'k'))
    const again = await exchange(ledger.address, podToken(rig, { pod: 'nightly-0-b' }))
    expect(gist(again)).to.equal('503 store_unavailable')
    expect(gist(await pod.pay('cus_2'))).to.equal('503 store_unavailable')
    expect(rig.stripe.truth('effect')).to.have.length(1)
  })

  it('an operator is told that it does not serve, not that there is nothing', async () => {
    const { key_id: keyId } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '10.00' })
    await flush()
    const words = await Promise.all(
      [ledger.client.listKeys(), ledger.client.revokeKey(keyId)].map((asked) =>
        asked.then(
          () => 'answered',
          (fault: unknown) => (fault as Error).message,
        ),
      ),
    )
    expect(words[0]).to.equal('The store cannot be read now.')
    expect(words[1]).to.contain('It may have been done all the same: ask again.')
  })
})
