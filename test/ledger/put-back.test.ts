import { join } from 'node:path'
import { expect } from 'chai'
import { ask, gist, lookup } from './call.ts'
import { redisRigForEach } from './redis-rig.ts'
import type { LedgerProcess } from './rig.ts'

describe('data that are put back into a Redis that runs on', function () {
  this.timeout(60_000)
  const own = redisRigForEach()
  let ledger: LedgerProcess

  beforeEach(async () => {
    ledger = await start('--initialise')
  })

  const start = (...flags: string[]) =>
    own.rig.startLedger(['--store', own.redis.url, '--journal', join(own.rig.folder, 'journal'), ...flags])
  const readiness = async () => JSON.parse((await ask(ledger.address, { method: 'GET', path: '/readyz' })).text)
  /** Each key as it is now. */
  const copy = async () =>
    Promise.all((await own.admin.keys('*')).map(async (key) => [key, await own.admin.dumpBuffer(key)] as const))
  const putBack = async (saved: Awaited<ReturnType<typeof copy>>) => {
    for (const [key, value] of saved) await own.admin.restore(key, 0, value, 'REPLACE')
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
    await own.admin.flushdb()
    while ((await readiness()).problem_codes?.[0] !== 'store_empty') await ask(ledger.address, lookup('none', 'k', 'k'))
    await putBack(saved)
    expect((await repeat()).text).to.equal(first.text)
    expect(own.rig.geocoder.truth('effect')).to.have.length(1)
  })

  it('while the ledger was stopped are known by its mark, which was older', async () => {
    const { saved, first, repeat } = await callAfterCopy()
    await ledger.kill()
    ledger = await start()
    await ledger.kill()
    await own.admin.flushdb()
    await putBack(saved)
    ledger = await start()
    expect((await repeat()).text).to.equal(first.text)
    expect(own.rig.geocoder.truth('effect')).to.have.length(1)
  })
})
