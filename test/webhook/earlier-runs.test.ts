import { expect } from 'chai'
import type { AdmissionReview } from '../../contract/admission.schema.ts'
import type { RunDetailView } from '../../contract/operators.ts'
import { createLog } from '../../runtime/log.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { createEarlierRuns } from '../../webhook/server/earlier-runs.ts'

type Asked = AdmissionReview['request']

const RUN = {
  run: 'job-1',
  jobs: [{ uid: 'job-1', name: 'nightly', ended: true }],
  key: { status: 'ended', spent_usd: '4.00' },
  totals: { call_count: 2 },
}

/** What the ledger says of the newest run of a Job of this name. */
function warningOf(run: object | undefined, metadata: object = { name: 'nightly' }): Promise<string | undefined> {
  const said = run as unknown as RunDetailView | undefined
  const ledger = {
    listRuns: async () => (said === undefined ? [] : [said]),
    findRun: async () => said ?? Promise.reject(new Error('there is none')),
  }
  const request = { kind: { kind: 'Job' }, operation: 'CREATE', namespace: 'billing', object: { metadata } }
  const earlier = createEarlierRuns(ledger, { timers: systemTimers, log: createLog('webhook', 'silent') })
  return earlier.warningFor(request as unknown as Asked)
}

describe('a Job made again under its name', () => {
  it('is told what the earlier one paid, and the line that replays it', async () => {
    expect(await warningOf(RUN)).to.equal(
      'an earlier Job nightly made 2 calls for $4.00; this one pays anew. ' +
        'To replay them add the annotation jobcap.dev/continues: job-1',
    )
  })

  for (const [what, run, metadata] of [
    ['whose earlier run was revoked: it cannot be continued', { ...RUN, key: { ...RUN.key, status: 'revoked' } }],
    ['whose earlier Job lives', { ...RUN, jobs: [{ uid: 'job-1', name: 'nightly', ended: false }] }],
    [
      'one of whose earlier Jobs lives',
      { ...RUN, jobs: [{ uid: 'job-0', name: 'nightly', ended: false }, ...RUN.jobs] },
    ],
    ['whose earlier one made no calls', { ...RUN, totals: { call_count: 0 } }],
    ['that is the first of its name', undefined],
    ['that continues one', RUN, { name: 'nightly', annotations: { 'jobcap.dev/continues': 'job-1' } }],
    ['that has a run key', RUN, { name: 'nightly', annotations: { 'jobcap.dev/run-key': 'night' } }],
    ['of a CronJob', RUN, { name: 'nightly', ownerReferences: [{ kind: 'CronJob' }] }],
    ['without a name of its own', RUN, { generateName: 'nightly-' }],
  ] as const) {
    it(`${what}, is told nothing`, async () => {
      expect(await warningOf(run, metadata)).to.equal(undefined)
    })
  }
})
