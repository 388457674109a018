import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { examplePolicy } from '../kubernetes/example.ts'
import { PAY_ONCE, payingJob, REWRITTEN, TRY_TO_PAY } from './paying-job.ts'
import { STRIPE_URL, type Stage, TEAM } from './stage.ts'
import { named, teamOn } from './team.ts'

/** Kinds of Jobs, and of hands that apply them. */
export function livesOn(stage: () => Stage): void {
  const { inTeam, jobIs, invoicesOf, paid, until, runsOf, runOf, said, events, podsOf, readJob } = teamOn(stage)

  it('gives each of two overlapping runs of a CronJob a cap of its own, and both together one of the day', async () => {
    const work = named('daily')
    const policy = examplePolicy(STRIPE_URL) as Policy
    const caps = { perRunUsd: { default: '12.00', max: '12.00' }, perDayUsd: '20.00' }
    await stage().apply({ ...policy, metadata: { name: work }, spec: { ...policy.spec, caps } })
    await until('the policy', async () => /InUse/.test(await stage().kubectl(['get', 'cappolicy', work])))
    const four = [1, 2, 3, 4].map((part) => TRY_TO_PAY(`${work}-\${process.env.RUN}-${part}`)).join(';')
    const run = {
      name: 'RUN',
      valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } },
    }
    const { spec } = payingJob(work, `${four}; console.log('done'); await hold()`, { container: { env: [run] } }) as Job
    await stage().apply({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: work, namespace: TEAM },
      spec: {
        schedule: '0 3 1 1 *',
        concurrencyPolicy: 'Allow',
        jobTemplate: { metadata: { labels: { 'jobcap.dev/policy': work } }, spec },
      },
    })
    const jobs = [`${work}-a`, `${work}-b`]
    for (const job of jobs) await inTeam('create', 'job', job, `--from=cronjob/${work}`)
    for (const job of jobs) await until(`the work of ${job}`, async () => (await said(job)).includes('done'))
    const charged = jobs.map((job) => invoicesOf(`${work}-${job}-`).length)
    expect(charged[0] ?? 0).to.be.within(1, 3)
    expect(charged[1] ?? 0).to.be.within(1, 3)
    expect((charged[0] ?? 0) + (charged[1] ?? 0)).to.equal(5)
    expect(new Set((await Promise.all(jobs.map(runOf))).map(({ key }) => key.key_id)).size).to.equal(2)
    await inTeam('delete', 'cronjob', work, '--cascade=foreground', '--wait=false')
  })

  it('runs what a CronJob makes by its own schedule', async () => {
    const work = named('minutely')
    const { spec } = payingJob(work, PAY_ONCE(work)) as Job
    await stage().apply({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: work, namespace: TEAM },
      spec: { schedule: '* * * * *', concurrencyPolicy: 'Forbid', jobTemplate: { spec } },
    })
    await paid(work)
    await inTeam('delete', 'cronjob', work, '--cascade=orphan')
    // One that was made meanwhile counts too.
    const jobs = (await inTeam('get', 'jobs', '-o', 'name')).match(new RegExp(`${work}-\\d{8}`, 'g')) ?? []
    for (const job of jobs) {
      await jobIs(job, 'Complete')
      expect((await runOf(job)).key.spent_usd).to.equal('4.00')
    }
    expect(jobs.length).to.be.at.least(1)
    expect(invoicesOf(work)).to.have.length(jobs.length)
  })

  it('pays each item of a work queue once by its named key, whichever Pod takes it, and refuses calls without one', async () => {
    const work = named('queue')
    const program = `
      for (const item of ['a', 'b', 'c']) await attempt('${work}-' + item, { 'Idempotency-Key': '${work}-' + item })
      await attempt('${work}-unnamed')`
    await stage().apply(payingJob(work, program, { spec: { parallelism: 2, completions: null } }))
    await jobIs(work, 'Complete')
    expect(invoicesOf(work).toSorted()).to.deep.equal([`${work}-a`, `${work}-b`, `${work}-c`])
    expect(await said(work)).to.contain('idempotency_key_required')
    expect((await runOf(work)).completion_mode).to.equal('NonIndexed')
  })

  it('takes a Job that restarts on failure for one whose Pods are replaced: what was paid is replayed', async () => {
    const work = named('retried')
    const isFirst = "last.headers.get('jobcap-replayed') !== 'true'"
    const program = `${PAY_ONCE(`${work}-1`)}; if (${isFirst}) process.exit(1); ${PAY_ONCE(`${work}-2`)}`
    await stage().apply(payingJob(work, program, { pod: { restartPolicy: 'OnFailure' } }))
    await jobIs(work, 'Complete')
    expect((await podsOf(work)).items).to.have.length(2)
    expect(invoicesOf(work)).to.deep.equal([`${work}-1`, `${work}-2`])
  })

  it('pays once by a named key in a container that is restarted in place, and refuses calls without one', async () => {
    const work = named('in-place')
    const program = `
      const { existsSync, writeFileSync } = await import('node:fs')
      await attempt('${work}-1', { 'Idempotency-Key': '${work}-1' })
      if (!existsSync('/kept/first')) { writeFileSync('/kept/first', ''); process.exit(1) }
      await attempt('${work}-2')`
    const pod = { restartPolicy: 'OnFailure', volumes: [{ name: 'kept', emptyDir: {} }] }
    const container = { volumeMounts: [{ name: 'kept', mountPath: '/kept' }] }
    const annotations = { 'jobcap.dev/restart-policy': 'keep' }
    await stage().apply(payingJob(work, program, { annotations, pod, container }))
    await jobIs(work, 'Complete')
    expect((await podsOf(work)).items).to.have.length(1)
    expect(invoicesOf(work)).to.deep.equal([`${work}-1`])
    expect(await said(work)).to.contain('restart_needs_named_key')
  })

  it('ends the run of a Job that is gone as soon as it has finished (ttlSecondsAfterFinished: 0)', async () => {
    const work = named('fleeting')
    await stage().apply(payingJob(work, PAY_ONCE(work), { spec: { ttlSecondsAfterFinished: 0 } }))
    await inTeam('wait', '--for=delete', `job/${work}`, '--timeout=300s')
    await until('the account closed', async () => (await runsOf(work))[0]?.closed === true)
    const [run] = await runsOf(work)
    expect([run?.key.status, run?.key.spent_usd]).to.deep.equal(['ended', '4.00'])
    expect(invoicesOf(work)).to.deep.equal([work])
  })

  it('lets helm upgrade a release that holds the Job, unchanged and with a new label, and charges once', async () => {
    const work = named('released')
    const chart = join(stage().folder, work)
    mkdirSync(join(chart, 'templates'), { recursive: true })
    writeFileSync(join(chart, 'Chart.yaml'), stringify({ apiVersion: 'v2', name: work, version: '1.0.0' }))
    const job = payingJob(work, PAY_ONCE(work), REWRITTEN) as Job
    const labelled = (team: string) => stringify({ ...job, metadata: { ...job.metadata, labels: { team } } })
    const write = (team: string) => writeFileSync(join(chart, 'templates/job.yaml'), labelled(team))
    write('a')
    await stage().helm('install', work, chart)
    await jobIs(work, 'Complete')
    await stage().helm('upgrade', work, chart)
    write('b')
    await stage().helm('upgrade', work, chart)
    const { labels } = (await readJob(work)).metadata
    expect(labels?.['team']).to.equal('b')
    expect(invoicesOf(work)).to.deep.equal([work])
    await until('the totals', async () => /1 call, 0 replays/.test(await events(work)))
  })
}

interface Job {
  readonly metadata: object
  readonly spec: object
}

interface Policy {
  readonly spec: object
}
