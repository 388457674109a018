import { expect } from 'chai'
import { asJobUid, asRunUid } from '../../contract/ids.ts'
import { createKnownTotals } from '../../ledger/operator/run-totals.ts'
import type { RunRow } from '../../store/store.ts'

describe('the totals of a run', () => {
  let counted = 0
  const totals = () =>
    createKnownTotals({
      countCalls: () => Promise.resolve({ calls: (counted += 1), inDoubt: 0, replays: 0, refusedByCap: 0 }),
    })
  const run = (isClosed: boolean, jobs: number) =>
    ({
      runUid: asRunUid('run-1'),
      isClosed,
      jobs: Array.from({ length: jobs }, (_, at) => ({
        uid: asJobUid(`job-${at}`),
        name: 'nightly',
        isEnded: isClosed,
      })),
    }) as unknown as RunRow

  beforeEach(() => {
    counted = 0
  })

  it('are counted anew as long as it is not closed, and once when it is', async () => {
    const known = totals()
    const calls = async (asked: RunRow) => (await known.of(asked))?.calls
    expect([await calls(run(false, 1)), await calls(run(false, 1))]).to.deep.equal([1, 2])
    expect([await calls(run(true, 1)), await calls(run(true, 1))]).to.deep.equal([3, 3])
  })

  it('are counted anew once another Job has joined it', async () => {
    const known = totals()
    await known.of(run(true, 1))
    expect((await known.of(run(false, 2)))?.calls).to.equal(2)
    expect((await known.of(run(true, 2)))?.calls).to.equal(3)
    expect((await known.of(run(true, 2)))?.calls).to.equal(3)
  })
})
