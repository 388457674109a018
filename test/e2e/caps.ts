import { expect } from 'chai'
import { PAY_ONCE, payingJob, TRY_TO_PAY } from './paying-job.ts'
import type { Stage } from './stage.ts'
import { named, teamOn } from './team.ts'

const CAPPED = { 'jobcap.dev/cap-usd': '10.00' }
/** More than an app can pay until its Job is known to have ended. */
const UNSPENT = { 'jobcap.dev/cap-usd': '20000.00' }
/** The third payment of 4 dollars passes a cap of 10. */
const PARTS = [1, 2, 3]
const programOf = (work: string, pay = PAY_ONCE) => PARTS.map((part) => pay(`${work}-${part}`)).join(';')
const invoicesOfAll = (work: string) => PARTS.map((part) => `${work}-${part}`)

/** What becomes of Jobs that have spent their cap, and of those that go on where one stopped. */
export function capsOn(stage: () => Stage): void {
  const team = teamOn(stage)
  const { inTeam, jobIs, invoicesOf, until, failureOf, runOf, said, events, jobcap, podsOf, paid } = team

  /** A Job that paid two of its three invoices and failed of its cap. */
  const spent = async (work: string) => {
    await stage().apply(payingJob(work, programOf(work), { annotations: CAPPED }))
    await jobIs(work, 'Failed')
    expect(invoicesOf(work)).to.deep.equal([`${work}-1`, `${work}-2`])
  }
  const endByDeadline = (job: string) =>
    inTeam('patch', 'job', job, '--type=merge', '-p', JSON.stringify({ spec: { activeDeadlineSeconds: 1 } }))
  const continuing = (name: string, work: string, annotations: Readonly<Record<string, string>>) =>
    stage().apply(payingJob(name, programOf(work), { annotations: { 'jobcap.dev/continues': work, ...annotations } }))

  it('refuses an app that hangs after a spent cap, says so in an event, and leaves its end to its deadline', async () => {
    const work = named('hangs')
    const spec = { activeDeadlineSeconds: 900 }
    await stage().apply(payingJob(work, `${programOf(work, TRY_TO_PAY)}; await hold()`, { annotations: CAPPED, spec }))
    await until('the event', async () => /CapSpent.*goes on after a spent cap/.test(await events(work)))
    expect(await said(work)).to.contain('cap_exhausted')
    expect(await failureOf(work)).to.equal(undefined)
    await endByDeadline(work)
    await jobIs(work, 'Failed')
    expect(await failureOf(work)).to.equal('DeadlineExceeded')
    expect(invoicesOf(work)).to.deep.equal([`${work}-1`, `${work}-2`])
  })

  it('goes on where a spent cap stopped it: the limit raised by `jobcap keys raise`, what was paid is replayed', async () => {
    const work = named('raised')
    await spent(work)
    const { key, run } = await runOf(work)
    await jobcap('keys', 'raise', key.key_id, '--cap-usd', '12.00')
    await continuing(`${work}-on`, work, {})
    await jobIs(`${work}-on`, 'Complete')
    expect(invoicesOf(work)).to.deep.equal(invoicesOfAll(work))
    expect((await runOf(`${work}-on`)).run).to.equal(run)
  })

  it('goes on where a spent cap stopped it: the continuing Job asks for a higher cap', async () => {
    const work = named('asked')
    await spent(work)
    await continuing(`${work}-on`, work, { 'jobcap.dev/cap-usd': '12.00' })
    await jobIs(`${work}-on`, 'Complete')
    expect(invoicesOf(work)).to.deep.equal(invoicesOfAll(work))
    await until('the totals', async () => /Spent \$12\.00 of a cap of \$12\.00/.test(await events(`${work}-on`)))
  })

  it('does not continue a run that another Job lives in, that was revoked, that differs, or that there is none of', async () => {
    const [living, revoked, done] = [named('lives'), named('gone'), named('done')]
    await stage().apply(
      payingJob(living, `${PAY_ONCE(living)}; await hold()`),
      payingJob(revoked, `${PAY_ONCE(revoked)}; await hold()`),
      payingJob(done, PAY_ONCE(done)),
    )
    await Promise.all([paid(living), paid(revoked), jobIs(done, 'Complete')])
    await stage().operator('DELETE', `/vault/keys/${(await runOf(revoked)).key.key_id}`)
    await inTeam('delete', 'job', revoked)
    const revokedUid = (await runOf(revoked)).run
    const tries: Readonly<Record<string, Try>> = {
      continue_running: { continues: living },
      continue_revoked: { continues: revokedUid },
      continue_mismatch: { continues: done, spec: { completions: 2, parallelism: 1 } },
      continue_unknown: { continues: named('never') },
    }
    const jobs = Object.entries(tries).map(([code, { continues, spec }]) => {
      const annotations = { 'jobcap.dev/continues': continues }
      return { code, name: named(code.replace('_', '-')), continues, annotations, spec: spec ?? {} }
    })
    await stage().apply(
      ...jobs.map(({ name, annotations, spec }) => payingJob(name, PAY_ONCE(name), { annotations, spec })),
    )
    for (const { code, name } of jobs) {
      await jobIs(name, 'Failed')
      expect(await failureOf(name), code).to.equal('PodFailurePolicy')
      expect(await said(name, 'jobcap-issuer'), code).to.contain(code)
      await until('the reason', async () => new RegExp(`PodRefused.*\\(${code}\\)`).test(await events(name)))
      expect((await podsOf(name)).items, code).to.have.length(1)
      expect(invoicesOf(name), code).to.deep.equal([])
    }
    await inTeam('delete', 'job', living, '--wait=false')
  })

  it('ends with its Job: the key is dead, the account closed, the totals in an event', async () => {
    const work = named('ends')
    await stage().apply(payingJob(work, PAY_ONCE(work)))
    await jobIs(work, 'Complete')
    await until('the totals', async () =>
      /RunEnded.*Spent \$4\.00 of a cap of \$500\.00: 1 call,/.test(await events(work)),
    )
    const { key, closed } = await runOf(work)
    expect([key.status, closed]).to.deep.equal(['ended', true])
  })

  it('is admitted no call once its Job has ended, in a Pod that lives on through its grace period', async () => {
    const work = named('lingers')
    const program = `
      await pay('${work}-0')
      process.on('SIGTERM', async () => {
        for (let n = 1; (await attempt('${work}-' + n)) === 200; n += 1) await new Promise((go) => setTimeout(go, 1_000))
      })
      await hold()`
    const pod = { terminationGracePeriodSeconds: 600 }
    const spec = { activeDeadlineSeconds: 900 }
    await stage().apply(payingJob(work, program, { annotations: UNSPENT, pod, spec }))
    await paid(`${work}-0`)
    await endByDeadline(work)
    await until('the refusal', async () => (await said(work)).includes('key_ended'))
    expect((await runOf(work)).key.status).to.equal('ended')
    const before = invoicesOf(work).length
    const [name = ''] = (await podsOf(work)).items.map(({ metadata }) => metadata.name)
    await inTeam('delete', 'pod', name, '--force', '--grace-period=0')
    await jobIs(work, 'Failed')
    expect(invoicesOf(work)).to.have.length(before)
  })
}

interface Try {
  readonly continues: string
  readonly spec?: object
}
