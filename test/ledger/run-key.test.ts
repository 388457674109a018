import { expect } from 'chai'
import { createKeyedRuns } from '../../ledger/identity/run-key.ts'
import { exchange, podToken, TestPod } from './pod.ts'
import { type LedgerProcess, type Rig, startRig } from './rig.ts'

describe('a run key', () => {
  let rig: Rig
  let ledger: LedgerProcess
  before(async () => {
    rig = await startRig()
    ledger = await rig.startLedger()
  })
  after(() => rig.stop())

  const terms = { runKey: 'scheduled__2026-11-26T00:00:00+00:00' }

  it('makes one run of Jobs made one after the other, whatever their names: the second replays and charges nothing', async () => {
    const first = await TestPod.start(rig, ledger, { job: 'try-1', terms })
    expect((await first.pay('cus_key')).status).to.equal(200)
    const token = podToken(rig, { job: 'try-2', terms })
    expect((await exchange(ledger.address, token)).text).to.match(/continue_running.*try-1/)
    await ledger.client.endJob(first.granted.runUid, 'uid-try-1')
    const second = await TestPod.start(rig, ledger, { job: 'try-2', terms })
    expect(second.granted.runUid).to.equal(first.granted.runUid)
    const paidBefore = rig.stripe.truth('effect').length
    expect((await second.pay('cus_key')).status).to.equal(200)
    expect(rig.stripe.truth('effect')).to.have.length(paidBefore)
  })

  it('means another run in another namespace, under another key, and in another install', () => {
    const ours = createKeyedRuns(Buffer.alloc(32, 1))
    const others = createKeyedRuns(Buffer.alloc(32, 2))
    const uids = [ours('a', 'k'), ours('a', 'k2'), ours('ak', ''), ours('b', 'k'), others('a', 'k')]
    expect(new Set(uids).size).to.equal(uids.length)
    expect(ours('a', 'k')).to.equal(uids[0])
    for (const uid of uids)
      expect(uid).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})
