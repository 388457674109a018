import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { skip } from '../../tools/test/skip.ts'
import { needsRedis, type RedisServer, startRedis } from '../redis/redis-server.ts'
import { ask, gist, payment } from './call.ts'
import { type Rig, startRig } from './rig.ts'
import { SmallDisk } from './small-disk.ts'

describe('a ledger whose journal has no room on its disk', function () {
  this.timeout(60_000)
  let rig: Rig
  let redis: RedisServer
  let disk: SmallDisk | undefined

  before(async function () {
    needsRedis(this)
    if (process.getuid?.() !== 0) skip(this, 'needs root for a small tmpfs')
    redis = await startRedis()
    rig = await startRig()
  })
  after(async () => {
    // Without a Redis or root none of them was made.
    if (disk === undefined) return
    disk.unmount()
    await rig.stop()
    await redis.stop()
  })

  it('serves again once there is room, though nobody calls: in a cluster nothing reaches one that is not ready', async () => {
    disk = new SmallDisk(join(rig.folder, 'journal'))
    disk.mount('2m')
    const ledger = await rig.startLedger(['--store', redis.url, '--journal', disk.folder, '--initialise'])
    const { vault_key, key_id } = await ledger.client.createKey({ vendor: 'stripe' })
    // Whom it sees at its first look is the last that it writes down by itself.
    const inJournal = (name: string) => readFileSync(join(disk?.folder ?? '', name), 'utf8')
    const ownId = inJournal('replica-id').trim()
    while (!inJournal('journal-00000001.log').includes(ownId)) await ledger.client.findKey(key_id)
    const asked = async (call: number) => gist(await ask(ledger.address, payment(vault_key, `k${call}`)))
    disk.fill()
    // What is left of the last page of the journal still takes a little.
    let sent = 0
    while ((await asked(sent)) === '200') sent += 1
    const isReady = async () => (await ask(ledger.address, { method: 'GET', path: '/readyz' })).status === 200
    expect(await isReady()).to.equal(false)
    disk.free()
    while (!(await isReady()));
    expect(await asked(sent)).to.equal('200')
    expect(rig.stripe.truth('effect')).to.have.length(sent + 1)
  })
})
