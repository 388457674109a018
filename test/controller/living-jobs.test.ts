import { expect } from 'chai'
import type { EventDoors } from '../../controller/events.ts'
import { watchLivingJobs } from '../../controller/living-jobs.ts'
import type { LedgerClient } from '../../ledger/client.ts'
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

  it('is not said to have spent it for what was refused to an earlier Job of its run, until more is', async () => {
    const saidAfter = async (jobCount: number, refusedAtEachLook: readonly number[]) => {
      const said: number[] = []
      let look = () => {}
      let minute = 0
      const doors = {
        clock: { nowMs: () => minute * MINUTE_MS, monotonicMs: () => minute * MINUTE_MS },
        log: createLog('controller', 'silent'),
        timers: { every: (_ms: number, run: () => void) => ((look = run), () => {}) },
        kube: { create: () => Promise.resolve(said.push(minute)) },
      } as unknown as EventDoors
      const detail = (refused_by_cap_count: number) => ({
        run: 'run-1',
        jobs: Array.from({ length: jobCount }, () => ({})),
        key: { usd_cap: '40.00', spent_usd: '12.00' },
        totals: { refused_by_cap_count },
      })
      watchLivingJobs(doors, {
        ledger: {
          listRuns: async () => [detail(0)],
          findRun: async () => detail(refusedAtEachLook[Math.floor(Math.log2(minute + 1))] ?? 0),
        } as unknown as LedgerClient,
        living: () => [{ namespace: 'billing', name: 'nightly', uid: 'job-1', restartsInPlace: false }],
      })
      for (; minute <= 10; minute += 1) {
        look()
        for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
      }
      return said
    }
    expect(await saidAfter(1, [0, 2, 2, 2])).to.deep.equal([1])
    expect(await saidAfter(2, [2, 2, 2, 2])).to.deep.equal([])
    expect(await saidAfter(2, [2, 2, 3, 3])).to.deep.equal([3])
  })
})
