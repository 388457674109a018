import { expect } from 'chai'
import type { RunDetailView } from '../../contract/operators.ts'
import { endOfRun } from '../../controller/events.ts'

describe('the event of an ended run', () => {
  const noteOf = (call_count: number, replay_count: number, refused_by_cap_count: number) => {
    const key = { spent_usd: '4.00', reserved_usd: '0.00', usd_cap: '8.00' }
    const totals = { call_count, replay_count, refused_by_cap_count, in_doubt_count: 0 }
    return endOfRun({ key, totals, jobs: [{}] } as unknown as RunDetailView, 'job-1').note
  }

  it('counts one of each in the singular', () => {
    expect(noteOf(1, 1, 0)).to.equal('Spent $4.00 of a cap of $8.00: 1 call, 1 replay.')
    expect(noteOf(1, 1, 1)).to.contain('A cap refused 1 call. To go on')
  })

  it('counts none and several in the plural', () => {
    expect(noteOf(2, 0, 3)).to.contain('2 calls, 0 replays. A cap refused 3 calls. To go on')
  })

  it('does not say of a Job that continued a run what was refused to the one before it', () => {
    const key = { spent_usd: '20.00', reserved_usd: '0.00', usd_cap: '20.00' }
    const totals = { call_count: 5, replay_count: 5, refused_by_cap_count: 2, in_doubt_count: 0 }
    const { note } = endOfRun({ key, totals, jobs: [{}, {}] } as unknown as RunDetailView, 'job-2')
    expect(note).to.match(
      /A cap refused 2 calls in the 2 Jobs of this run together\. If this Job was refused any, apply a Job with/,
    )
  })

  it('says what is still held for calls in doubt', () => {
    const key = { spent_usd: '4.00', reserved_usd: '0.25', usd_cap: null }
    const totals = { call_count: 2, replay_count: 0, refused_by_cap_count: 0, in_doubt_count: 1 }
    const { note } = endOfRun({ key, totals, jobs: [{}] } as unknown as RunDetailView, 'job-1')
    expect(note).to.equal('Spent $4.00 of no cap, $0.25 still held for calls in doubt: 2 calls, 0 replays.')
  })

  it('does not promise that a higher cap of its own helps where the cap of a day was spent', () => {
    const note = noteOf(1, 0, 1)
    expect(note).to.match(
      /continues: job-1, and a higher jobcap\.dev\/cap-usd if it was the run's own cap; one of a day/,
    )
  })
})
