import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { EXAMPLE } from '../kubernetes/example.ts'
import { capsOn } from './caps.ts'
import { crowdsOn } from './crowds.ts'
import { livesOn } from './lives.ts'
import { neighboursOn } from './neighbours.ts'
import { PAY_ONCE, payingJob, REWRITTEN } from './paying-job.ts'
import { redisOn } from './redis.ts'
import { scenariosOn } from './scenarios.ts'
import { smallJobsOn } from './small-jobs.ts'
import { joinStage, STRIPE_SECRET, type Stage, TEAM } from './stage.ts'
import { named, teamOn } from './team.ts'
import { upheavalsOn } from './upheavals.ts'

/** Of the example: 400 customers, 10 to an index. */
const CUSTOMERS = 400
const INDEXES = 40

interface Named {
  readonly kind: string
  readonly metadata: { readonly name: string }
}

describe('jobcap on a real node', function () {
  this.timeout(900_000)
  let stage: Stage
  let hasFailed = false

  before(async () => {
    const folder = process.env['E2E_STAGE']
    if (folder === undefined) throw new Error('these tests need a cluster: make e2e')
    stage = joinStage(folder)
    // The example's, which is there already unless its test was left out.
    const labels = { 'jobcap.dev/inject': 'enabled' }
    await stage.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: TEAM, labels } })
    await stage.kubectl(['wait', '--for=create', 'serviceaccount/default', '-n', TEAM, '--timeout=60s'])
  })
  afterEach(function () {
    hasFailed ||= this.currentTest?.state === 'failed'
  })
  after(async () => {
    await stage.stop({ keepsLogs: hasFailed })
  })

  const { inTeam, podsOf, jobIs, invoicesOf, runningPod, paid, until, failureOf, runOf, said } = teamOn(() => stage)

  it('is installed by helm, and says so itself: helm test finds all ready, and a Job that pays once and is refused by its cap', async () => {
    const told = await stage.helm('test', 'jobcap', '--timeout', '300s')
    expect(told).to.match(/pays-once\n.*\n.*\nPhase:\s+Succeeded/)
    expect(told).not.to.match(/Phase:\s+Failed/)
  })

  it('runs the CronJob of the README unchanged: each customer is charged once, under the cap', async () => {
    const documents = parseAllDocuments(readFileSync(join(EXAMPLE, 'cronjob.yaml'), 'utf8'))
    expect(documents.map((document) => (document.toJS() as Named).kind)).to.include('CronJob')
    await stage.kubectl(['apply', '-f', join(EXAMPLE, 'cronjob.yaml')])
    const metadata = { name: 'stripe', namespace: TEAM }
    await stage.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { 'api-key': 'sk_live_left_behind' } })
    const nightly = named('nightly')
    const before = stage.charges().length
    await inTeam('create', 'job', nightly, '--from=cronjob/nightly-billing')
    await jobIs(nightly, 'Complete')
    const customers = stage
      .charges()
      .slice(before)
      .flatMap(({ customer }) => customer ?? [])
    expect(customers).to.have.length(CUSTOMERS)
    expect(new Set(customers).size).to.equal(CUSTOMERS)
    const pods = await podsOf(nightly)
    expect(pods.items.filter(({ status }) => status.phase === 'Succeeded')).to.have.length(INDEXES)
    const totals = /Spent \$\d+\.\d\d of a cap of \$4000\.00: 400 calls, \d+ replays?/
    await until('the event with the totals', async () => totals.test(await inTeam('describe', 'job', nightly)))
  })

  it('lets the same manifest be applied again', async () => {
    const told = await stage.kubectl(['apply', '-f', join(EXAMPLE, 'cronjob.yaml')])
    expect(told).to.contain('nightly-billing')
    const work = named('again')
    await stage.apply(payingJob(work, PAY_ONCE(work), REWRITTEN))
    await jobIs(work, 'Complete')
    await stage.apply(payingJob(work, PAY_ONCE(work), REWRITTEN))
    expect(invoicesOf(work)).to.deep.equal([work])
  })

  it('has the vendor secret nowhere in the Pod: not in its object, its environment, its files, its logs', async () => {
    const work = named('looked-at')
    await stage.apply(payingJob(work, `${PAY_ONCE(work)}; await hold()`))
    const pod = await runningPod(work)
    await paid(work)
    // What a program in the Pod can see of all processes, and each file that is newer than its container.
    const inside =
      'cat /proc/[0-9]*/environ /proc/mounts; find / -xdev -type f -newer /etc/hostname -exec cat {} +; cat /var/run/jobcap/*/*; true'
    const seen = [
      await inTeam('get', 'pod', pod, '-o', 'yaml'),
      await inTeam('describe', 'pod', pod),
      await inTeam('exec', pod, '-c', 'bill', '--', 'sh', '-c', inside),
      ...(await Promise.all(['jobcap-issuer', 'jobcap-proxy', 'bill'].map((name) => inTeam('logs', pod, '-c', name)))),
    ].join('\n')
    expect(seen).to.contain('STRIPE_API_KEY')
    expect(seen).not.to.contain(STRIPE_SECRET)
    expect(seen).not.to.contain(Buffer.from(STRIPE_SECRET).toString('base64'))
    expect(seen).not.to.contain('sk_live_left_behind')
    await inTeam('delete', 'job', work, '--wait=false')
  })

  it('charges once what a force-deleted Pod was charged for, and the Job goes on', async () => {
    const work = named('killed')
    await stage.apply(payingJob(work, `${PAY_ONCE(work)}; await hold()`))
    const pod = await runningPod(work)
    await paid(work)
    await inTeam('delete', 'pod', pod, '--force', '--grace-period=0')
    const next = await runningPod(work, pod)
    await inTeam('wait', '--for=jsonpath={.status.phase}=Running', `pod/${next}`, '--timeout=120s')
    await until('the second payment was answered', async () =>
      (await inTeam('logs', next, '-c', 'bill').catch(() => '')).includes(`paid ${work}`),
    )
    expect(invoicesOf(work)).to.deep.equal([work])
    await inTeam('delete', 'job', work, '--wait=false')
  })

  it('fails a Job at once whose cap is spent: one Pod, no retry, and an event that says how to go on', async () => {
    const work = named('spent')
    const program = [1, 2, 3].map((part) => PAY_ONCE(`${work}-${part}`)).join(';')
    await stage.apply(payingJob(work, program, { annotations: { 'jobcap.dev/cap-usd': '10.00' } }))
    await jobIs(work, 'Failed')
    expect(await failureOf(work)).to.equal('PodFailurePolicy')
    expect((await podsOf(work)).items).to.have.length(1)
    expect(invoicesOf(work)).to.deep.equal([`${work}-1`, `${work}-2`])
    await until('the event', async () => /jobcap.dev\/continues/.test(await inTeam('describe', 'job', work)))
  })

  it('admits no call of a revoked run, in a Pod that goes on running', async () => {
    const work = named('revoked')
    const program = `${PAY_ONCE(`${work}-0`)}; for (let n = 1; ; n += 1) { ${PAY_ONCE(`${work}-\${n}`)}; await new Promise((go) => setTimeout(go, 1_000)) }`
    // More than it can pay until it is revoked.
    await stage.apply(payingJob(work, program, { annotations: { 'jobcap.dev/cap-usd': '20000.00' } }))
    await runningPod(work)
    await paid(`${work}-0`)
    const revoked = await stage.operator('DELETE', `/vault/keys/${(await runOf(work)).key.key_id}`)
    expect(revoked.status, JSON.stringify(revoked.body)).to.equal(200)
    const inFlight = (revoked.body as { in_flight: unknown[] }).in_flight.length
    const before = invoicesOf(work).length
    await jobIs(work, 'Failed')
    expect(invoicesOf(work).length - before).to.be.at.most(inFlight)
    expect(await said(work)).to.contain('key_revoked')
  })

  describe('and crowds', () => crowdsOn(() => stage))
  describe('and the lives that Jobs have', () => livesOn(() => stage))
  describe('and upheavals', () => upheavalsOn(() => stage))
  describe('and caps', () => capsOn(() => stage))
  describe('and further lives of Jobs', () => scenariosOn(() => stage))
  describe('and small Jobs', () => smallJobsOn(() => stage))
  describe('and neighbours', () => neighboursOn(() => stage))
  // Last: it puts another installation in the place of this one.
  describe('and a Redis', () => redisOn(() => stage))
})
