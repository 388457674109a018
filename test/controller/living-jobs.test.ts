import { expect } from 'chai'
import type { EventDoors } from '../../controller/events.ts'
import { watchLivingJobs } from '../../controller/living-jobs.ts'
import { createLog } from '../../runtime/log.ts'

const MINUTE_MS = 60_000

describe('a living Job whose cap may be spent', () => {
  it('is asked about in its first minute, a minute later, and then after twice as long each time, 30 minutes at most', async () => {
    const asked: number[] = []
    let minute = 0
    let look = () => {}
    const doors = {
      clock: { nowMs: () => minute * MINUTE_MS, monotonicMs: () => minute * MINUTE_MS },
      log: createLog('controller', 'silent'),
      timers: { every: (_ms: number, run: () => void) => ((look = run), () => {}) },
    } as unknown as EventDoors
    const ledger = {
      // It has no run yet, so nothing is said of it.
      listRuns: async () => {
        asked.push(minute)
        return []
      },
      findRun: () => Promise.reject(new Error('there is none')),
    }
    watchLivingJobs(doors, {
      ledger,
      living: () => [{ namespace: 'billing', name: 'nightly', uid: 'job-1', restartsInPlace: false }],
    })
    for (; minute <= 100; minute += 1) {
      look()
      await new Promise(setImmediate)
    }
    expect(asked).to.deep.equal([0, 1, 3, 7, 15, 31, 61, 91])
  })
})
