import { join } from 'node:path'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { needsRedis, type RedisServer, startRedis } from '../redis/redis-server.ts'
import { ask, gist, lookup } from './call.ts'
import { type LedgerProcess, type Rig, startRig } from './rig.ts'

describe('data that are put back into a Redis that runs on', function () {
  this.timeout(60_000)
  let rig: Rig
  let redis: RedisServer
  let admin: Redis
  let ledger: LedgerProcess

  before(function () {
    needsRedis(this)
  })
  beforeEach(async () => {
    redis = await startRedis()
    rig = await startRig()
    admin = new Redis({ port: redis.port })
    ledger = await start('--initialise')
  })
  afterEach(async () => {
    admin.disconnect()
    await rig.stop()
    await redis.stop()
  })

  const start = (...flags: string[]) =>
    rig.startLedger(['--store', redis.url, '--journal', join(rig.folder, 'journal'), ...flags])
  const readiness = async () => JSON.parse((await ask(ledger.address, { method: 'GET', path: '/readyz' })).text)
  /** Each key as it is now. */
  const copy = async () =>
    Promise.all((await admin.keys('*')).map(async (key) => [key, await admin.dumpBuffer(key)] as const))
  const putBack = async (saved: Awaited<ReturnType<typeof copy>>) => {
    for (const [key, value] of saved) await admin.restore(key, 0, value, 'REPLACE')
  }
  /** A call that is made after the copy of which the answer tells; what comes of it once more must be the same. */
  const callAfterCopy = async () => {
    const { vault_key: key } = await ledger.client.createKey({ vendor: 'geocode', usd_cap: '1.00' })
    const saved = await copy()
    const make = () => ask(ledger.address, lookup(key, 'k', 'k'))
    const first = await make()
    expect(gist(first)).to.equal('200')
    const repeat = async () => {
      for (let told = await make(); ; told = await make()) if (told.headers['jobcap-refused'] === undefined) return told
    }
    return { saved, first, repeat }
  }

  it('after it was seen empty lack what came after the copy: the journals are merged, and no call is made again', async () => {
    const { saved, first, repeat } = await callAfterCopy()
    await admin.flushdb()
    while ((await readiness()).problem_codes?.[0] !== 'store_empty') await ask(ledger.address, lookup('none', 'k', 'k'))
    await putBack(saved)
    expect((await repeat()).text).to.equal(first.text)
    expect(rig.geocoder.truth('effect')).to.have.length(1)
  })

  it('while the ledger was stopped are known by its mark, which was older', async () => {
    const { saved, first, repeat } = await callAfterCopy()
    await ledger.kill()
    ledger = await start()
    await ledger.kill()
    await admin.flushdb()
    await putBack(saved)
    ledger = await start()
    expect((await repeat()).text).to.equal(first.text)
    expect(rig.geocoder.truth('effect')).to.have.length(1)
  })
})
