import { copyFileSync, globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ask, failure, gist, payment } from './call.ts'
import { type Rig, startRig } from './rig.ts'

describe('a database that was put back from a copy', () => {
  let rig: Rig
  beforeEach(async () => {
    rig = await startRig()
  })
  afterEach(() => rig.stop())

  it('is refused unannounced; with --restored old keys are dead and day caps are shut until a person opens them', async () => {
    const database = join(rig.folder, 'ledger.db')
    const first = await rig.startLedger()
    const old = await first.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })
    await first.drain()
    copyFileSync(database, `${database}.copy`)
    const second = await rig.startLedger()
    expect(gist(await ask(second.address, payment(old.vault_key, 'lost')))).to.equal('200')
    await second.drain()

    for (const file of globSync(`${database}-*`)) rmSync(file)
    copyFileSync(`${database}.copy`, database)
    expect(await failure(rig.startLedger())).to.match(/--restored/)
    const restored = await rig.startLedger(['--restored'])
    expect(gist(await ask(restored.address, payment(old.vault_key, 'lost')))).to.match(/^401 key_/)
    const fresh = await restored.client.createKey({ vendor: 'stripe', daily_usd_cap: '100.00' })
    const shut = await ask(restored.address, payment(fresh.vault_key, 'new'))
    expect(gist(shut)).to.equal('429 cap_exhausted')
    expect(shut.text).to.include('put back from a copy, so the day counts as spent until `jobcap caps open`')
    await restored.client.openDayCaps()
    expect(gist(await ask(restored.address, payment(fresh.vault_key, 'new')))).to.equal('200')
    expect(rig.stripe.truth('effect').map(({ idempotencyKey }) => idempotencyKey)).to.deep.equal(['lost', 'new'])
  })
})
