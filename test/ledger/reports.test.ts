import { expect } from 'chai'
import { createReports } from '../../ledger/call/reports.ts'
import { createLog } from '../../runtime/log.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { ReportAnswer, SendReport, Store } from '../../store/store.ts'

describe('a report that the store does not take', () => {
  it('is repeated until it is taken, at first soon, then every five seconds', async () => {
    const waited: number[] = []
    let refusals = 9
    const store = {
      report: async () => {
        if (refusals-- > 0) throw new Error('the disk is full')
        return { status: 'settled' } as ReportAnswer
      },
    } as unknown as Store
    const timers = { sleep: async (ms: number) => void waited.push(ms) } as unknown as Timers
    const reports = createReports({ store, timers, log: createLog('ledger', 'silent') })
    expect(await reports.give({ callId: 'call_1' } as SendReport), 'the answer does not wait for it').to.equal(
      undefined,
    )
    while ((await reports.flush(0)) > 0) await new Promise(setImmediate)
    expect(waited.filter((ms) => ms > 0)).to.deep.equal([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000])
  })
})
