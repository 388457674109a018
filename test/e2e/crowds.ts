import { expect } from 'chai'
import { CUSTOMERS_AN_INDEX, isDone, killsOf, payThrough } from './crowd.ts'
import { PAY_ONCE, payingJob } from './paying-job.ts'
import { OWN_NAMESPACE, type Stage } from './stage.ts'
import { named, teamOn } from './team.ts'

/** Enough to kill everything in; E2E_INDEXES=100 takes several times longer. */
const INDEXES = Number(process.env['E2E_INDEXES'] ?? 24)
const AT_ONCE = 20
const LEDGER = 'jobcap-ledger-0'

/** Many Pods at once, and everything that can be killed is. */
export function crowdsOn(stage: () => Stage): void {
  const { inTeam, invoicesOf, until, runsOf, runningPod } = teamOn(stage)

  it(`charges each of ${INDEXES * CUSTOMERS_AN_INDEX} customers once, ${AT_ONCE} Pods at a time, while Pods, containers and the ledger are killed`, async () => {
    const { pod, bill, 'jobcap-proxy': proxy } = killsOf(stage, 'crowd')
    // In the middle of what it does, or told to end: its store is what it goes on with.
    const ledger = (...how: readonly string[]) => {
      return () => isDone(stage().kubectl(['delete', 'pod', LEDGER, '-n', OWN_NAMESPACE, ...how]))
    }
    await payThrough(stage, {
      name: 'crowd',
      indexes: INDEXES,
      atOnce: AT_ONCE,
      kills: [
        ...([
          ['app', bill],
          ['Pod', pod],
          ['proxy', proxy],
          ['ledger', ledger('--force', '--grace-period=0')],
        ] as const),
        ...([
          ['Pod', pod],
          ['proxy', proxy],
          ['app', bill],
          ['ledger', ledger('--wait=false')],
        ] as const),
        ...([
          ['proxy', proxy],
          ['app', bill],
          ['Pod', pod],
          ['app', bill],
        ] as const),
      ],
    })
  })

  it('settles the call that was in flight when its Job was deleted, and closes the account', async () => {
    const work = named('deleted')
    const stripe = { pod: 'stripe', name: 'stripe' }
    await stage().task(stripe, 'pause')
    try {
      const pod = { terminationGracePeriodSeconds: 1 }
      await stage().apply(payingJob(work, PAY_ONCE(work), { pod }))
      await runningPod(work)
      await until('the call in flight', async () => (await runsOf(work))[0]?.key.reserved_usd === '4.00')
      await inTeam('delete', 'job', work, '--cascade=foreground')
    } finally {
      await stage().task(stripe, 'resume')
    }
    await until('the account closed', async () => (await runsOf(work))[0]?.closed === true)
    expect(invoicesOf(work)).to.deep.equal([work])
    const [run] = await runsOf(work)
    expect([run?.key.spent_usd, run?.key.reserved_usd, run?.key.status]).to.deep.equal(['4.00', '0.00', 'ended'])
  })
}
