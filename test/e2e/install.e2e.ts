import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { EXAMPLE } from '../kubernetes/example.ts'
import { capsOn } from './caps.ts'
import { crowdsOn } from './crowds.ts'
import { livesOn } from './lives.ts'
import { neighboursOn } from './neighbours.ts'
import { PAY_ONCE, payingJob } from './paying-job.ts'
import { redisOn } from './redis.ts'
import { scenariosOn } from './scenarios.ts'
import { smallJobsOn } from './small-jobs.ts'
import { joinStage, STRIPE_SECRET, type Stage, TEAM } from './stage.ts'
import { teamOn } from './team.ts'
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

  const { inTeam, podsOf, jobIs, invoicesOf, runningPod, paid, until } = teamOn(() => stage)

  it('is installed by helm, and says so itself: helm test finds all ready, and a Job that pays once and is refused by its cap', async () => {
    const said = await stage.helm('test', 'jobcap', '--timeout', '300s')
    expect(said).to.match(/pays-once\n.*\n.*\nPhase:\s+Succeeded/)
    expect(said).not.to.match(/Phase:\s+Failed/)
  })

  it('runs the CronJob of the README unchanged: each customer is charged once, under the cap', async () => {
    const documents = parseAllDocuments(readFileSync(join(EXAMPLE, 'cronjob.yaml'), 'utf8'))
    expect(documents.map((document) => (document.toJS() as Named).kind)).to.include('CronJob')
    await stage.kubectl(['apply', '-f', join(EXAMPLE, 'cronjob.yaml')])
    await inTeam('create', 'secret', 'generic', 'stripe', '--from-literal=api-key=sk_live_left_behind')
    await inTeam('create', 'job', 'nightly', '--from=cronjob/nightly-billing')
    await jobIs('nightly', 'Complete')
    const customers = stage.charges().map(({ customer }) => customer)
    expect(customers).to.have.length(CUSTOMERS)
    expect(new Set(customers).size).to.equal(CUSTOMERS)
    const pods = await podsOf('nightly')
    expect(pods.items.filter(({ status }) => status.phase === 'Succeeded')).to.have.length(INDEXES)
    const totals = /Spent \$\d+\.\d\d of a cap of \$4000\.00: 400 calls, \d+ replays/
    await until('the event with the totals', async () => totals.test(await inTeam('describe', 'job', 'nightly')))
  })

  it('lets the same manifest be applied again', async () => {
    const said = await stage.kubectl(['apply', '-f', join(EXAMPLE, 'cronjob.yaml')])
    expect(said).to.contain('nightly-billing')
    await stage.apply(payingJob('again', PAY_ONCE('again')))
    await jobIs('again', 'Complete')
    await stage.apply(payingJob('again', PAY_ONCE('again')))
    expect(invoicesOf('again')).to.deep.equal(['again'])
  })

  it('has the vendor secret nowhere in the Pod: not in its object, its environment, its files, its logs', async () => {
    await stage.apply(payingJob('looked-at', `${PAY_ONCE('looked-at')}; await hold()`))
    const pod = await runningPod('looked-at')
    await paid('looked-at')
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
    await inTeam('delete', 'job', 'looked-at', '--wait=false')
  })

  it('charges once what a force-deleted Pod was charged for, and the Job goes on', async () => {
    await stage.apply(payingJob('killed', `${PAY_ONCE('killed')}; await hold()`))
    const pod = await runningPod('killed')
    await paid('killed')
    await inTeam('delete', 'pod', pod, '--force', '--grace-period=0')
    const next = await runningPod('killed', pod)
    await inTeam('wait', '--for=jsonpath={.status.phase}=Running', `pod/${next}`, '--timeout=120s')
    await until('the second payment was answered', async () =>
      (await inTeam('logs', next, '-c', 'bill').catch(() => '')).includes('paid killed'),
    )
    expect(invoicesOf('killed')).to.deep.equal(['killed'])
    await inTeam('delete', 'job', 'killed', '--wait=false')
  })

  it('fails a Job at once whose cap is spent: one Pod, no retry, and an event that says how to go on', async () => {
    const program = [1, 2, 3].map((part) => PAY_ONCE(`spent-${part}`)).join(';')
    await stage.apply(payingJob('spent', program, { annotations: { 'jobcap.dev/cap-usd': '10.00' } }))
    await jobIs('spent', 'Failed')
    const job = JSON.parse(await inTeam('get', 'job', 'spent', '-o', 'json')) as Job
    expect(job.status.conditions.find(({ type }) => type === 'Failed')?.reason).to.equal('PodFailurePolicy')
    expect((await podsOf('spent')).items).to.have.length(1)
    expect(invoicesOf('spent')).to.deep.equal(['spent-1', 'spent-2'])
    await until('the event', async () => /jobcap.dev\/continues/.test(await inTeam('describe', 'job', 'spent')))
  })

  it('admits no call of a revoked run, in a Pod that goes on running', async () => {
    const program = `${PAY_ONCE('revoked-0')}; for (let n = 1; ; n += 1) { ${PAY_ONCE('revoked-${n}')}; await new Promise((go) => setTimeout(go, 1_000)) }`
    // More than it can pay until it is revoked.
    await stage.apply(payingJob('revoked', program, { annotations: { 'jobcap.dev/cap-usd': '20000.00' } }))
    await runningPod('revoked')
    await paid('revoked-0')
    const { body } = await stage.operator('GET', `/runs?namespace=${TEAM}`)
    const runs = (body as { runs: Run[] }).runs
    const keyId = runs.find(({ jobs }) => jobs.some(({ name }) => name === 'revoked'))?.key.key_id
    const revoked = await stage.operator('DELETE', `/vault/keys/${keyId}`)
    expect(revoked.status, JSON.stringify(revoked.body)).to.equal(200)
    const inFlight = (revoked.body as { in_flight: unknown[] }).in_flight.length
    const before = invoicesOf('revoked').length
    await jobIs('revoked', 'Failed')
    expect(invoicesOf('revoked').length - before).to.be.at.most(inFlight)
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

interface Job {
  readonly status: { readonly conditions: readonly { readonly type: string; readonly reason?: string }[] }
}

interface Run {
  readonly jobs: readonly { readonly name: string }[]
  readonly key: { readonly key_id: string }
}
