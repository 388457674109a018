import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LivingJob } from '../../controller/job-ends.ts'
import { watchLivingJobs } from '../../controller/living-jobs.ts'
import { restartsInPlace } from '../../kube/objects.ts'
import { createLedgerClient } from '../../ledger/client.ts'
import { systemClock } from '../../runtime/clock.ts'
import { createLog } from '../../runtime/log.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { STRIPE_SECRET } from '../ledger/rig.ts'
import { type AnyJob, type Cluster, jobNamed, OWN_NAMESPACE, startCluster, TEAM } from './cluster.ts'
import { needsControlPlane, needsProgram } from './needs.ts'

interface PolicyState {
  readonly status?: {
    readonly spentTodayUsd?: string
    readonly problems?: readonly string[]
    readonly conditions?: readonly { type: string; status: string; reason: string; observedGeneration: number }[]
  }
}

interface EventOnJob {
  readonly reason: string
  readonly note: string
  readonly regarding: { readonly name: string }
}

describe('odd states of a cluster', function () {
  this.timeout(240_000)
  let cluster: Cluster
  let stop: () => Promise<void> = () => Promise.resolve()

  before(async function () {
    needsControlPlane(this)
    needsProgram(this, 'helm')
    cluster = await startCluster({ byChart: true })
    stop = () => cluster.stop()
  })
  after(() => stop())

  const annotated = (name: string, annotations: Readonly<Record<string, string>>, spec = {}) =>
    jobNamed(name, { metadata: { annotations }, spec })
  const uidOf = async (job: string) =>
    ((await cluster.kube.get<AnyJob>(`/apis/batch/v1/namespaces/${TEAM}/jobs/${job}`)) as AnyJob).metadata.uid
  const podOf = async (job: string) => {
    await cluster.kubectl(['wait', '--for=create', 'pod', '-n', TEAM, '-l', `job-name=${job}`, '--timeout=60s'])
    const names = ['get', 'pods', '-n', TEAM, '-l', `job-name=${job}`, '-o', 'jsonpath={.items[0].metadata.name}']
    return (await cluster.kubectl(names)).out
  }
  const tokenOf = async (job: string) =>
    cluster.token({ account: `${TEAM}/default`, audience: 'jobcap', pod: await podOf(job) })
  const notesOf = async (job: string, wanted: string) => {
    const found = await cluster.kube.get<{ items: EventOnJob[] }>(`/apis/events.k8s.io/v1/namespaces/${TEAM}/events`)
    const ofJob = found?.items.filter(({ reason, regarding }) => reason === wanted && regarding.name === job)
    return (ofJob ?? []).map(({ note }) => note)
  }
  const exchange = (token: string) => cluster.ask({ path: '/vault/keys/exchange', token, json: { purpose: 'issue' } })
  const refusalOf = async (object: object) =>
    cluster.kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(object)).then(
      () => 'accepted',
      (fault: { stderr: string }) => fault.stderr,
    )
  const ledger = async () =>
    createLedgerClient({
      address: cluster.ledgerUrl,
      caPem: cluster.caPem,
      operatorToken: await cluster.token({ account: `${OWN_NAMESPACE}/jobcap-manager`, audience: 'jobcap' }),
    })

  describe('the status of a policy', () => {
    const until = (reason: string) =>
      cluster.kubectl([
        'wait',
        'cappolicy/default',
        `--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=${reason}`,
        '--timeout=90s',
      ])
    const statusOf = async () =>
      (await cluster.kube.get<PolicyState>('/apis/jobcap.dev/v1alpha1/cappolicies/default'))?.status

    it('says that it is in use, by conditions and columns', async () => {
      await until('InUse')
      const status = await statusOf()
      expect(status?.conditions).to.have.length(1)
      expect(status?.conditions?.[0]).to.include({ type: 'Ready', status: 'True', observedGeneration: 1 })
      expect(status?.problems).to.deep.equal([])
      const { out } = await cluster.kubectl(['get', 'cappolicies'])
      expect(out).to.match(/READY +REASON +PER RUN \$ +PER DAY \$ +SPENT TODAY \$/)
      expect(out).to.match(/default +True +InUse +500\.00 /)
    })

    it('names a Secret that is missing, and is well again once it is there; its calls are refused meanwhile', async () => {
      const rename = (name: string) =>
        cluster.kube.patch('/apis/jobcap.dev/v1alpha1/cappolicies/default', [
          { op: 'replace', path: '/spec/vendors/0/secretRef/name', value: name },
        ])
      await rename('not-there')
      await until('SecretMissing')
      expect((await statusOf())?.problems).to.match(
        /Secret not-there with the key api-key is not in jobcap's namespace/,
      )
      await cluster.apply(jobNamed('unpaid'))
      const proxy = await cluster.startSidecar(await podOf('unpaid'))
      const body = new URLSearchParams({ amount: '100', currency: 'usd' })
      const answer = await fetch(`${proxy}/stripe/v1/payment_intents`, { method: 'POST', body })
      expect(await answer.json()).to.include({ code: 'vendor_secret_missing' })
      const literal = `--from-literal=api-key=${STRIPE_SECRET}`
      await cluster.kubectl(['create', 'secret', 'generic', 'not-there', '-n', OWN_NAMESPACE, literal])
      await rename('stripe')
      await until('InUse')
    })

    it('is kept beside what others write into it', async () => {
      const other = { type: 'Reviewed', status: 'True', reason: 'ByHand', message: '', lastTransitionTime: new Date() }
      const path = '/apis/jobcap.dev/v1alpha1/cappolicies/default'
      const { conditions = [] } = (await statusOf()) ?? {}
      await cluster.kube.merge(`${path}/status`, { status: { conditions: [...conditions, other] } })
      await cluster.kube.patch(path, [{ op: 'replace', path: '/spec/caps/perRunUsd/default', value: '499.00' }])
      await cluster.until('the status of the new spec', async () => {
        const ready = (await statusOf())?.conditions?.find(({ type }) => type === 'Ready')
        return (ready?.observedGeneration ?? 0) >= 4 ? true : undefined
      })
      expect((await statusOf())?.conditions?.map(({ type }) => type)).to.have.members(['Ready', 'Reviewed'])
    })
  })

  describe('a token', () => {
    it('that has expired gets nothing, nor one of a Pod that is gone by now', async () => {
      await cluster.apply(jobNamed('tokens'))
      const token = await tokenOf('tokens')
      expect((await exchange(expired(token))).body['code']).to.equal('pod_token_invalid')
      expect((await exchange(token)).status).to.equal(200)
      await cluster.kubectl(['delete', 'pod', await podOf('tokens'), '-n', TEAM, '--force', '--wait=false'])
      expect((await exchange(token)).body['code']).to.be.oneOf(['pod_ending', 'pod_token_invalid'])
    })

    /** The same claims an hour ago, signed by the cluster's own key. */
    function expired(token: string): string {
      const key = createPrivateKey(readFileSync(join(cluster.folder, 'control-plane/sa.key')))
      const [head = '', claims = ''] = token.split('.')
      const told = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp: number; iat: number; nbf: number }
      const older = { ...told, exp: told.iat - 3_000, iat: told.iat - 6_600, nbf: told.nbf - 6_600 }
      const text = `${head}.${Buffer.from(JSON.stringify(older)).toString('base64url')}`
      return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
    }
  })

  it('terms that are edited on the Job after it was made change nothing', async () => {
    await cluster.apply(annotated('edited', { 'jobcap.dev/cap-usd': '1.00' }))
    await cluster.kubectl(['annotate', 'job', 'edited', '-n', TEAM, '--overwrite', 'jobcap.dev/cap-usd=400.00'])
    expect((await exchange(await tokenOf('edited'))).status).to.equal(200)
    expect((await (await ledger()).findRun(await uidOf('edited'))).key.usd_cap).to.equal('1.00')
  })

  it('a Pod whose index somebody has written over gets no credential; the Job controller takes it away', async () => {
    for (const [at, text] of ['abc', '2', '-1', '0.5'].entries()) {
      await cluster.apply(jobNamed(`index-${at}`))
      const token = await tokenOf(`index-${at}`)
      const pod = await podOf(`index-${at}`)
      const annotation = `batch.kubernetes.io/job-completion-index=${text}`
      await cluster.kubectl(['annotate', 'pod', pod, '-n', TEAM, '--overwrite', annotation])
      expect((await exchange(token)).body['code'], text).to.be.oneOf(['pod_token_invalid', 'pod_ending'])
    }
  })

  const watchLiving = async (living: readonly LivingJob[]) => {
    const doors = { kube: cluster.kube, timers: systemTimers, clock: systemClock, log: createLog('test', 'silent') }
    return watchLivingJobs(doors, { ledger: await ledger(), living: () => living })
  }

  it('an app that goes on after a spent cap gets an event on its living Job, once', async () => {
    await cluster.apply(annotated('spent', { 'jobcap.dev/cap-usd': '1.00' }))
    const proxy = await cluster.startSidecar(await podOf('spent'))
    const body = new URLSearchParams({ amount: '500', currency: 'usd' })
    const answer = await fetch(`${proxy}/stripe/v1/payment_intents`, { method: 'POST', body })
    expect(answer.status).to.equal(429)
    const uid = await uidOf('spent')
    const living = [{ namespace: TEAM, name: 'spent', uid, restartsInPlace: false }]
    const watching = [await watchLiving(living), await watchLiving(living)]
    const found = await cluster.until('the event', async () => {
      const said = await notesOf('spent', 'CapSpent')
      return said.length === 0 ? undefined : said
    })
    for (const watch of watching) watch.stop()
    expect(found[0]).to.match(/goes on after a spent cap: \$0.00 spent of a cap of \$1.00\. A cap refused 1 /)
    expect(found).to.have.length(1)
  })

  it('why our containers ended its Pods stands on the Job, once for each reason, before and after it has failed', async () => {
    await cluster.apply(annotated('refused', {}, { completions: 2, parallelism: 2, backoffLimit: 2 }))
    const names = await cluster.until('two Pods', async () => {
      const asked = ['get', 'pods', '-n', TEAM, '-l', 'job-name=refused', '-o', 'jsonpath={.items[*].metadata.name}']
      const found = (await cluster.kubectl(asked)).out.split(' ')
      return found.length < 2 ? undefined : found
    })
    const endPod = (pod: string, { exitCode, ...left }: { exitCode: number; reason: string; message: string }) => {
      const terminated = { exitCode, message: JSON.stringify(left) }
      const issuer = { name: 'jobcap-issuer', image: 'jobcap', imageID: '', ready: false, restartCount: 0 }
      const status = { phase: 'Failed', initContainerStatuses: [{ ...issuer, state: { terminated } }] }
      return cluster.kube.merge(`/api/v1/namespaces/${TEAM}/pods/${pod}/status`, { status })
    }
    const notes = () => notesOf('refused', 'PodRefused')
    const [first = '', second = ''] = names
    await endPod(first, { exitCode: 75, reason: 'policy_missing', message: 'No credential within 300 s.' })
    await cluster.until('the first reason', async () => ((await notes()).length === 0 ? undefined : true))
    expect((await notes())[0]).to.match(
      /^Pod refused-[01]-\w+ \(policy_missing\): No credential within 300 s\. Create the CapPolicy/,
    )
    await endPod(second, { exitCode: 93, reason: 'key_revoked', message: 'The vault key was revoked by a person.' })
    await cluster.kubectl(['wait', '--for=condition=Failed', 'job/refused', '-n', TEAM, '--timeout=60s'])
    await cluster.until('the second reason', async () => ((await notes()).length < 2 ? undefined : true))
    expect((await notes()).join('\n')).to.match(
      /\(key_revoked\): The vault key was revoked by a person\. Create a new Job or key/,
    )
    expect(await notes()).to.have.length(2)
    expect(cluster.managerLog()).not.to.match(/forbidden/i)
  })

  it('why our containers end stands on a Job that restarts them in place, too, while it lives', async () => {
    await cluster.apply(annotated('restarts', { 'jobcap.dev/restart-policy': 'keep' }))
    const message = JSON.stringify({ reason: 'policy_missing', message: 'No credential within 300 s.' })
    const issuer = {
      ...{ name: 'jobcap-issuer', image: 'jobcap', imageID: '', ready: false, restartCount: 1 },
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 75, message } },
    }
    const status = { phase: 'Pending', initContainerStatuses: [issuer] }
    await cluster.kube.merge(`/api/v1/namespaces/${TEAM}/pods/${await podOf('restarts')}/status`, { status })
    const job = (await cluster.kube.get<AnyJob>(`/apis/batch/v1/namespaces/${TEAM}/jobs/restarts`)) as AnyJob
    const { name, uid } = job.metadata
    const watch = await watchLiving([{ namespace: TEAM, name, uid, restartsInPlace: restartsInPlace(job) }])
    await cluster.until('the event', async () =>
      (await notesOf('restarts', 'PodRefused')).length === 0 ? undefined : true,
    )
    watch.stop()
    expect((await notesOf('restarts', 'PodRefused'))[0]).to.match(
      /\(policy_missing\): No credential within 300 s\. Create/,
    )
  })

  describe('a run key', () => {
    it('makes one run of two Jobs; the second waits for the end of the first, also where the manager has not told of it', async () => {
      const key = { 'jobcap.dev/run-key': 'scheduled__2026-11-26T00:00:00+00:00' }
      for (const name of ['try-1', 'try-2']) await cluster.apply(annotated(name, key))
      const first = await exchange(await tokenOf('try-1'))
      expect(first.status, JSON.stringify(first.body)).to.equal(200)
      const token = await tokenOf('try-2')
      expect((await exchange(token)).body['code']).to.equal('continue_running')
      const release = cluster.holdManager()
      try {
        await cluster.kubectl(['delete', 'job', 'try-1', '-n', TEAM, '--wait=false'])
        const second = await exchange(token)
        expect(second.status, JSON.stringify(second.body)).to.equal(200)
        expect(second.body['runUid']).to.equal(first.body['runUid'])
      } finally {
        release()
      }
    })
  })

  describe('a name at its limit', () => {
    /** `<name>-<index>` is a DNS label of at most 63. */
    for (const [completions, longest] of [
      [1, 61],
      [10, 61],
      [11, 60],
      [1_000, 59],
      [100_000, 57],
    ] as const) {
      it(`${longest} characters are taken with ${completions} completions, one more is refused with the length`, async () => {
        const job = (length: number) => jobNamed('n'.repeat(length), { spec: { completions, parallelism: 1 } })
        expect(await refusalOf(job(longest))).to.equal('accepted')
        expect(await refusalOf(job(longest + 1))).to.match(new RegExp(`name_too_long.*\\b${longest}\\b`))
      })
    }
  })

  it('a Job of 100,000 completions is made, Indexed, and its Pod gets a credential', async () => {
    await cluster.apply(jobNamed('vast', { spec: { completions: 100_000, parallelism: 1 } }))
    const answer = await exchange(await tokenOf('vast'))
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200)
    expect(answer.body['index']).to.equal(0)
  })
})
