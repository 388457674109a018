import { expect } from 'chai'
import { asJobUid } from '../../contract/ids.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { createRetention } from '../../ledger/repair/retention.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { policyWith } from '../policy/example.ts'
import { inMemory, SILENT, Stage } from '../store/stage.ts'

const HOUR_MS = 60 * 60 * 1_000

/** Whether the record of a call is still there so many hours after the end of its run. */
async function isKept(hours: number, idempotency: string): Promise<boolean> {
  const stage = await Stage.open(inMemory)
  const policy = policyWith(['idempotency: never', `idempotency: ${idempotency}`])
  const policies = { all: () => [policy] }
  const retention = createRetention({
    store: stage.store,
    policies,
    timers: systemTimers,
    log: SILENT,
  } as unknown as Ledger)
  try {
    const pod = await stage.pod('a')
    const { call, ref } = await stage.send(pod)
    await stage.settle(ref)
    await stage.store.endJob(pod.runUid, asJobUid('job-1'))
    stage.clock.pass(hours * HOUR_MS)
    await retention.walk()
    return (await stage.store.findCall(call.callId)) !== undefined
  } finally {
    await retention.stop()
    await stage.store.close()
  }
}

describe('the records of an ended run', () => {
  const CASES: readonly (readonly [hours: number, idempotency: string, isThere: boolean])[] = [
    [71, 'never', true],
    [72, 'never', false],
    [72, '{header: Idempotency-Key, windowHours: 24}', false],
    [100, '{header: Idempotency-Key, windowHours: 100}', true],
    [101, '{header: Idempotency-Key, windowHours: 100}', false],
  ]
  for (const [hours, idempotency, isThere] of CASES) {
    it(`are ${isThere ? 'there' : 'gone'} after ${hours} h where a vendor of the policy says idempotency: ${idempotency}`, async () => {
      expect(await isKept(hours, idempotency)).to.equal(isThere)
    })
  }
})
