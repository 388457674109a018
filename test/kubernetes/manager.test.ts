import { once } from 'node:events'
import { expect } from 'chai'
import { watchJobEnds } from '../../controller/job-ends.ts'
import type { KubeApi } from '../../kube/api.ts'
import { lead } from '../../kube/lead.ts'
import { createLedgerClient } from '../../ledger/client.ts'
import { systemClock } from '../../runtime/clock.ts'
import { createLog } from '../../runtime/log.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { type AnyJob, type Cluster, jobNamed, OWN_NAMESPACE, startCluster, TEAM } from './cluster.ts'
import { needsControlPlane } from './needs.ts'

describe('jobcap on a real control plane', function () {
  this.timeout(240_000)
  let cluster: Cluster
  let stop: () => Promise<void> = () => Promise.resolve()

  before(async function () {
    needsControlPlane(this)
    cluster = await startCluster()
    stop = () => cluster.stop()
  })
  after(() => stop())

  const jobAt = (name: string) => `/apis/batch/v1/namespaces/${TEAM}/jobs/${name}`
  const readJob = async (name: string) => (await cluster.kube.get<AnyJob>(jobAt(name))) as AnyJob

  it('rewrites a Job of a labelled namespace, and takes the vendor secret out of it', async () => {
    await cluster.apply(jobNamed('nightly'))
    const job = await readJob('nightly')
    const pod = job.spec.template.spec as {
      initContainers: { name: string }[]
      restartPolicy: string
      containers: { env: object[] }[]
    }
    expect(pod.initContainers.map(({ name }) => name)).to.deep.equal(['jobcap-proxy', 'jobcap-issuer'])
    expect(job.spec.completionMode).to.equal('Indexed')
    expect(pod.restartPolicy).to.equal('Never')
    expect(JSON.stringify(pod.containers)).not.to.contain('secretKeyRef')
  })

  it('leaves Jobs of other namespaces alone', async () => {
    const elsewhere = { ...jobNamed('elsewhere'), metadata: { name: 'elsewhere', namespace: 'default' } }
    await cluster.apply(elsewhere)
    const job = await cluster.kube.get<AnyJob>('/apis/batch/v1/namespaces/default/jobs/elsewhere')
    expect(job?.spec.template.spec['initContainers']).to.equal(undefined)
  })

  it('lets the same manifest be applied again, client-side and server-side', async () => {
    await cluster.apply(jobNamed('again'))
    const { spec } = await readJob('again')
    await cluster.apply(jobNamed('again'))
    await cluster.kubectl(
      ['apply', '--server-side', '--force-conflicts', '-f', '-'],
      JSON.stringify(jobNamed('again', { metadata: { labels: { team: 'b' } } })),
    )
    expect((await readJob('again')).spec.template).to.deep.equal(spec.template)
  })

  it('lets it be applied again where its Pod asks for resources as a whole, which hold ours too', async () => {
    const asking = jobNamed('pod-resources') as { spec: { template: { spec: Record<string, unknown> } } }
    asking.spec.template.spec['resources'] = { requests: { memory: '64Mi' }, limits: { cpu: '500m', memory: '256Mi' } }
    await cluster.apply(asking)
    const { spec } = await readJob('pod-resources')
    expect(spec.template.spec['resources']).to.deep.equal({
      requests: { cpu: '520m', memory: '128Mi' },
      limits: { cpu: '1500m', memory: '448Mi' },
    })
    await cluster.apply(asking)
    await cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(asking))
    expect((await readJob('pod-resources')).spec.template).to.deep.equal(spec.template)
  })

  it('lets it be applied again where it names one Pod at a time and no completions', async () => {
    const single = jobNamed('one-at-a-time', { spec: { completions: undefined, parallelism: 1 } })
    await cluster.apply(single)
    const { spec } = await readJob('one-at-a-time')
    expect(spec).to.include({ completions: 1, completionMode: 'Indexed' })
    await cluster.apply(single)
    await cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(single))
    expect((await readJob('one-at-a-time')).spec).to.deep.equal(spec)
  })

  it('leaves a real edit to the API server, which takes it where it would of a Job that is not injected', async () => {
    const waiting = (version: string) => {
      const job = jobNamed('waiting', { spec: { suspend: true } }) as { spec: { template: Record<string, unknown> } }
      job.spec.template['metadata'] = { labels: { 'helm.sh/chart': version } }
      return job
    }
    await cluster.apply(waiting('billing-1'))
    const { spec } = await readJob('waiting')
    await cluster.apply(waiting('billing-2'))
    const { template } = (await readJob('waiting')).spec
    expect(template).to.have.nested.property('metadata.labels.helm\\.sh/chart', 'billing-2')
    expect(template.spec).to.deep.equal(spec.template.spec)
  })

  it('leaves a real edit to the API server, which refuses it', async () => {
    await cluster.apply(jobNamed('edited'))
    const edited = JSON.parse(JSON.stringify(jobNamed('edited')).replace('billing:1', 'billing:2')) as object
    const said = await cluster.apply(edited).then(
      () => 'accepted',
      (fault: { stderr: string }) => fault.stderr,
    )
    expect(said)
      .to.match(/field is immutable/)
      .and.not.match(/valueFrom|Policy: Invalid/)
  })

  it('refuses a Job that it cannot make safe, with the reason and what to change', async () => {
    const job = jobNamed('host-network') as { spec: { template: { spec: Record<string, unknown> } } }
    job.spec.template.spec['hostNetwork'] = true
    const said = await cluster.apply(job).then(
      () => 'accepted',
      (fault: { stderr: string }) => fault.stderr,
    )
    expect(said).to.match(/jobcap \(.*host.*\).*hostNetwork/)
  })

  it('changes nothing of a CronJob, and warns of what its Jobs would meet', async () => {
    const { spec } = jobNamed('x') as { spec: object }
    const { warnings } = await cluster.apply({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'nightly', namespace: TEAM },
      spec: { schedule: '0 3 * * *', jobTemplate: { spec } },
    })
    expect(warnings).to.match(/concurrencyPolicy is Allow/)
  })

  it('puts a caBundle back that somebody emptied', async () => {
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/jobcap'
    await cluster.kube.patch(path, [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }])
    await cluster.kubectl([
      'wait',
      '--for=jsonpath={.webhooks[0].clientConfig.caBundle}',
      'mutatingwebhookconfiguration/jobcap',
    ])
  })

  it('writes the Secret of its authority again as it was when somebody deletes it: Pods that run trust no other', async () => {
    const name = ['secret/jobcap-ca', '-n', OWN_NAMESPACE]
    const certificate = async () => (await cluster.kubectl(['get', ...name, '-o', 'jsonpath={.data.ca\\.crt}'])).out
    const before = await certificate()
    await cluster.kubectl(['delete', ...name])
    await cluster.kubectl(['wait', '--for=create', ...name])
    expect(await certificate()).to.equal(before)
  })

  it('lets one replica at a time lead, and the next one as soon as it drains', async () => {
    expect(cluster.managerLog()).to.contain('"msg":"leading"')
    const order: string[] = []
    const replica = (identity: string) => {
      const { promise: begun, resolve } = Promise.withResolvers<void>()
      const doors = { kube: cluster.kube, timers: systemTimers, clock: systemClock, log: createLog('test', 'silent') }
      const leading = lead(doors, {
        namespace: OWN_NAMESPACE,
        name: 'test',
        identity,
        begin() {
          order.push(`${identity} begins`)
          resolve()
          return { stop: () => void order.push(`${identity} ends`) }
        },
      })
      return { begun, leading }
    }
    const first = replica('a')
    await first.begun
    const second = replica('b')
    await first.leading.stop()
    await second.begun
    await second.leading.stop()
    expect(order).to.deep.equal(['a begins', 'a ends', 'b begins', 'b ends'])
  })

  describe('a Pod of a Job', () => {
    let podName = ''
    before(async () => {
      await cluster.apply(jobNamed('paying'))
      await cluster.kubectl([
        'wait',
        '--for=create',
        'pod',
        '-l',
        'batch.kubernetes.io/job-completion-index=1',
        '-n',
        TEAM,
        '--timeout=60s',
      ])
      const pods = await cluster.kubectl([
        'get',
        'pods',
        '-n',
        TEAM,
        '-l',
        'job-name=paying',
        '-o',
        'jsonpath={.items[0].metadata.name}',
      ])
      podName = pods.out
    })

    const exchange = (token: string) => cluster.ask({ path: '/vault/keys/exchange', token, json: { purpose: 'issue' } })

    it('gets a credential for its token, with its index and the run of its Job', async () => {
      const token = await cluster.token({ account: `${TEAM}/default`, audience: 'jobcap', pod: podName })
      const { status, body } = await exchange(token)
      expect(status, JSON.stringify(body)).to.equal(200)
      expect(body['runUid']).to.equal((await readJob('paying')).metadata.uid)
      expect(podName).to.contain(`paying-${String(body['index'])}-`)
    })

    it('gets none for a token of another audience, and none for a token that is bound to no Pod', async () => {
      const otherAudience = await cluster.token({ account: `${TEAM}/default`, pod: podName })
      expect((await exchange(otherAudience)).body['code']).to.equal('pod_token_invalid')
      const unbound = await cluster.token({ account: `${TEAM}/default`, audience: 'jobcap' })
      expect((await exchange(unbound)).body['code']).to.equal('pod_token_invalid')
    })

    it('is not taken for one of an ended Job where the watch of Jobs is behind', async () => {
      const { promise: judged, resolve } = Promise.withResolvers<string>()
      const kube: KubeApi = {
        ...cluster.kube,
        // The list as it stood before the Job was made, and nothing after it.
        async get<Kind>(path: string) {
          if (path.startsWith('/apis/batch/v1/jobs?')) return { metadata: { resourceVersion: '1' }, items: [] } as Kind
          if (path.endsWith('/jobs/paying')) resolve('looked at the Job')
          return cluster.kube.get<Kind>(path)
        },
        stream: (_path, _onLine, signal) => once(signal, 'abort').then(() => {}),
      }
      const ledger = createLedgerClient({
        address: cluster.ledgerUrl,
        caPem: cluster.caPem,
        operatorToken: await cluster.token({ account: `${OWN_NAMESPACE}/manager`, audience: 'jobcap' }),
      })
      const { uid } = (await readJob('paying')).metadata
      const doors = { kube, timers: systemTimers, clock: systemClock, log: createLog('test', 'silent') }
      const ends = watchJobEnds(doors, {
        ...ledger,
        endJob(run, job) {
          if (job === uid) resolve('ended it')
          return ledger.endJob(run, job)
        },
      })
      expect(await judged).to.equal('looked at the Job')
      ends.stop()
      expect((await ledger.findRun(uid)).jobs.map(({ ended }) => ended)).to.deep.equal([false])
    })

    it('pays through its sidecar over TLS, and after the end of its Job no call passes', async () => {
      const proxy = await cluster.startSidecar(podName)
      const pay = async (amount: number) => {
        const answer = await fetch(`${proxy}/stripe/v1/payment_intents`, {
          method: 'POST',
          body: new URLSearchParams({ amount: String(amount), currency: 'usd' }),
        })
        return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
      }
      const paid = await pay(500)
      expect(paid.status, JSON.stringify(paid.body)).to.equal(200)
      const runUid = (await readJob('paying')).metadata.uid
      await cluster.kubectl(['delete', 'job', 'paying', '-n', TEAM])
      const refused = await cluster.until('the end of the run', async () => {
        const { status, body } = await pay(600)
        return status === 200 ? undefined : body
      })
      expect(refused['code']).to.equal('key_ended')
      const event = await cluster.until('the event with the totals', async () => {
        const { items } = (await cluster.kube.get<{ items: { note: string; regarding: { uid: string } }[] }>(
          `/apis/events.k8s.io/v1/namespaces/${TEAM}/events`,
        )) as { items: { note: string; regarding: { uid: string } }[] }
        return items.find(({ regarding, note }) => regarding.uid === runUid && note.startsWith('Spent'))
      })
      expect(event.note).to.match(
        /^Spent \$\d+\.\d+ of a cap of \$500.00(, \$\d+\.\d+ still held for calls in doubt)?: (1 call|\d+ calls), 0 replays\.$/,
      )
    })

    it('warns whoever makes the Job again of what it paid, with the line that replays it, also in a dry run', async () => {
      const told =
        /an earlier Job paying made (?:1 call|\d+ calls) for \$\d+\.\d\d; this one pays anew\. To replay them add the annotation jobcap\.dev\/continues: ([0-9a-f-]{36})/
      // A ledger that does not answer admission within 100 ms, as on a loaded machine, costs the warning and nothing else.
      const line = await cluster.until('the warning', async () => {
        const args = ['create', '--dry-run=server', '-f', '-']
        const { warnings } = await cluster.kubectl(args, JSON.stringify(jobNamed('paying')))
        return told.exec(warnings)?.[1]
      })
      const continuing = jobNamed('paying', { metadata: { annotations: { 'jobcap.dev/continues': line } } })
      const again = await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(continuing))
      expect(again.warnings).not.to.contain('an earlier Job')
      const other = await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(jobNamed('other')))
      expect(other.warnings).not.to.contain('an earlier Job')
      expect(await cluster.kube.get(jobAt('paying'))).to.equal(undefined)
    })
  })

  describe('an operator', () => {
    const runs = (token: string, query = '') => cluster.ask({ path: `/runs${query}`, token })

    it('sees what RBAC lets a service account see, and no other namespace', async () => {
      await cluster.kubectl(['create', 'serviceaccount', 'auditor', '-n', TEAM])
      const auditor = await cluster.token({ account: `${TEAM}/auditor` })
      expect((await runs(auditor, `?namespace=${TEAM}`)).body['code']).to.equal('operator_forbidden')
      await cluster
        .kubectl(['create', 'role', 'auditor', '-n', TEAM, '--verb=list', '--resource=runs.jobcap.dev'])
        .catch(() =>
          cluster.apply({
            apiVersion: 'rbac.authorization.k8s.io/v1',
            kind: 'Role',
            metadata: { name: 'auditor', namespace: TEAM },
            rules: [{ apiGroups: ['jobcap.dev'], resources: ['runs'], verbs: ['list'] }],
          }),
        )
      await cluster.kubectl([
        'create',
        'rolebinding',
        'auditor',
        '-n',
        TEAM,
        '--role=auditor',
        `--serviceaccount=${TEAM}:auditor`,
      ])
      await cluster.until('the right', async () =>
        (await runs(auditor, `?namespace=${TEAM}`)).status === 200 ? true : undefined,
      )
      expect((await runs(auditor)).body['code']).to.equal('operator_forbidden')
      expect((await runs(auditor, `?namespace=${OWN_NAMESPACE}`)).body['code']).to.equal('operator_forbidden')
    })

    it('is unknown with a token that the API server does not know', async () => {
      expect((await runs('no-token')).body['code']).to.equal('operator_denied')
    })
  })
})
