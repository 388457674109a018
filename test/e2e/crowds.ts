import { expect } from 'chai'
import { PAY_ONCE, payingJob } from './paying-job.ts'
import { OWN_NAMESPACE, type Stage } from './stage.ts'
import { named, teamOn } from './team.ts'

const INDEXES = 24
const AT_ONCE = 20
const CUSTOMERS_AN_INDEX = 3
const CUSTOMERS = INDEXES * CUSTOMERS_AN_INDEX
/** A kill after each of these parts of the work: of a Pod, of an app, of a proxy, of the ledger, and so on. */
const KILLS = 16
const LEDGER = 'jobcap-ledger-0'
const COST_USD = CUSTOMERS * 4

/** Many Pods at once, and everything that can be killed is. */
export function crowdsOn(stage: () => Stage): void {
  const { inTeam, podsOf, jobIs, invoicesOf, until, runOf, runsOf, runningPod, events } = teamOn(stage)

  it(`charges each of ${CUSTOMERS} customers once, ${AT_ONCE} Pods at a time, while Pods, containers and the ledger are killed`, async () => {
    const work = named('crowd')
    const program = `
      const index = process.env.JOB_COMPLETION_INDEX
      for (let n = 0; n < ${CUSTOMERS_AN_INDEX}; n += 1) {
        ${PAY_ONCE(`${work}-\${index}-\${n}`)}
        await new Promise((go) => setTimeout(go, 300))
      }`
    const spec = { completions: INDEXES, parallelism: AT_ONCE, completionMode: 'Indexed', backoffLimit: 1000 }
    await stage().apply(payingJob(work, program, { spec }))
    const killed: string[] = []
    const running = async () =>
      (await podsOf(work)).items.filter(({ status }) => status.phase === 'Running').map(({ metadata }) => metadata.name)
    const isDone = (doing: Promise<unknown>) =>
      doing.then(
        () => true,
        () => false,
      )
    const kill = async (at: number) => {
      if (at % 8 === 5) {
        // Killed in the middle of what it does, or told to end: its store is what it goes on with.
        const force = at % 16 === 5 ? ['--force', '--grace-period=0'] : ['--wait=false']
        await stage().kubectl(['delete', 'pod', LEDGER, '-n', OWN_NAMESPACE, ...force])
        return killed.push('ledger')
      }
      const what = (['pod', 'bill', 'jobcap-proxy'] as const)[at % 3] ?? 'pod'
      const pods = await running()
      const from = (at * 7) % (pods.length || 1)
      // One may have ended meanwhile by itself, or its app may not run yet: then the next, until each kind has been. Not more
      // often: with each Pod that fails the Job controller waits longer before it makes the next.
      const others = killed.includes(what) ? [] : [...pods.slice(from + 1), ...pods.slice(0, from)]
      for (const pod of [...pods.slice(from, from + 1), ...others]) {
        const doing =
          what === 'pod'
            ? inTeam('delete', 'pod', pod, '--force', '--grace-period=0')
            : stage().task({ pod, name: what }, 'kill', '--signal', 'SIGKILL')
        if (await isDone(doing)) return killed.push(what)
      }
      return 0
    }
    for (let at = 0; at < KILLS; at += 1) {
      const charged = Math.floor((CUSTOMERS / (KILLS + 2)) * (at + 1))
      await until(`${charged} charges`, () => Promise.resolve(invoicesOf(`${work}-`).length >= charged))
      await kill(at)
    }
    await jobIs(work, 'Complete')
    expect(new Set(killed), killed.join(' ')).to.include.keys('pod', 'bill', 'jobcap-proxy', 'ledger')
    const wanted = Array.from({ length: CUSTOMERS }, (_none, at) => {
      return `${work}-${Math.floor(at / CUSTOMERS_AN_INDEX)}-${at % CUSTOMERS_AN_INDEX}`
    })
    expect(invoicesOf(`${work}-`).toSorted()).to.deep.equal(wanted.toSorted())
    await until('the end of the run', async () => (await runOf(work)).closed)
    const { key } = await runOf(work)
    expect([key.spent_usd, key.reserved_usd]).to.deep.equal([`${COST_USD}.00`, '0.00'])
    await until('the totals', async () => new RegExp(`${CUSTOMERS} calls`).test(await events(work)))
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
