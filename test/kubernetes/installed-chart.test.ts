import { join } from 'node:path'
import { expect } from 'chai'
import { readOrCreateMasterKey } from '../../ledger/kubernetes/master-key.ts'
import { systemRandom } from '../../runtime/random.ts'
import { CHART, helm, WEBHOOKS_PATH } from './chart.ts'
import { type AnyJob, type Cluster, jobNamed, OWN_NAMESPACE, startCluster, TEAM } from './cluster.ts'
import { examplePolicy } from './example.ts'
import { needsControlPlane } from './needs.ts'
import { INSTALLS, render } from './rendered-chart.ts'

describe('the chart on a real control plane', function () {
  this.timeout(240_000)
  let cluster: Cluster
  let stop: () => Promise<void> = () => Promise.resolve()

  before(async function () {
    needsControlPlane(this, 'helm')
    cluster = await startCluster({ byChart: true })
    stop = () => cluster.stop()
  })
  after(() => stop())

  const failing = (made: Promise<unknown>) =>
    made.then(
      () => 'accepted',
      (fault: { readonly stderr?: string; readonly message: string }) => fault.stderr ?? fault.message,
    )
  const carrying = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: TEAM },
    spec: { containers: [{ name: 'app', image: 'x' }], initContainers: [{ name: 'jobcap-proxy', image: 'x' }] },
  })
  const adding = (pod: string, more: object) =>
    failing(
      cluster.kube.merge(`/api/v1/namespaces/${TEAM}/pods/${pod}/ephemeralcontainers`, {
        spec: { ephemeralContainers: [{ name: 'debug', image: 'x', ...more }] },
      }),
    )

  it('is taken by the API server with each of these values', async () => {
    for (const [title, values] of Object.entries(INSTALLS)) {
      const rendered = await render(cluster.folder, values, '--no-hooks', '--name-template', 'another')
      const said = await failing(
        cluster.kubectl(
          ['apply', '--server-side', '--dry-run=server', '--force-conflicts', '--validate=strict', '-f', '-'],
          // The one that is there is led to a process of this machine.
          rendered.replace(/(kind: MutatingWebhookConfiguration\nmetadata:\n {2}name: )jobcap\n/, '$1another\n'),
        ),
      )
      expect(said, title).to.equal('accepted')
    }
  })

  it('refuses another port of the ledger until the one that Pods know is named, and then serves both', async () => {
    const kubeconfig = join(cluster.folder, 'control-plane/kubeconfig')
    const place = ['-n', OWN_NAMESPACE, '--kubeconfig', kubeconfig, '--dry-run=server', '--reuse-values']
    const upgrade = (values: string) => helm(cluster.folder, 'upgrade', 'jobcap', CHART, ...place, '--set', values)
    expect(await failing(upgrade('ledger.port=9000'))).to.match(/by port 8081; add it to ledger\.formerPorts/)
    const said = await upgrade('ledger.port=9000,ledger.formerPorts={8081}')
    expect(said).to.match(/- name: https\n\s+port: 9000\n\s+targetPort: https\n\s+- name: former-8081\n\s+port: 8081/)
    expect(said).to.contain('--listen=0.0.0.0:9000')
  })

  it('gives manager and ledger the rights for a whole life of a Job', async () => {
    await cluster.apply(jobNamed('rights'))
    const job = (await cluster.kube.get<AnyJob>(`/apis/batch/v1/namespaces/${TEAM}/jobs/rights`)) as AnyJob
    expect(JSON.stringify(job.spec.template.spec['initContainers'])).to.contain('jobcap-proxy')
    const selected = ['-n', TEAM, '-l', 'batch.kubernetes.io/job-name=rights']
    await cluster.kubectl(['wait', '--for=create', 'pod', ...selected, '--timeout=60s'])
    const names = await cluster.kubectl(['get', 'pods', ...selected, '-o', 'jsonpath={.items[0].metadata.name}'])
    const proxy = await cluster.startSidecar(names.out)
    const paid = await fetch(`${proxy}/stripe/v1/payment_intents`, {
      method: 'POST',
      body: new URLSearchParams({ amount: '500', currency: 'usd' }),
    })
    expect(paid.status, await paid.text()).to.equal(200)
    await cluster.kubectl(['delete', 'job', 'rights', '-n', TEAM])
    await cluster.until('the event with the totals', async () => {
      const found = await cluster.kube.get<{ items: { note?: string; regarding: { uid: string } }[] }>(
        `/apis/events.k8s.io/v1/namespaces/${TEAM}/events`,
      )
      return found?.items.find(
        ({ regarding, note }) => regarding.uid === job.metadata.uid && note?.startsWith('Spent') === true,
      )
    })
    expect(cluster.managerLog() + cluster.ledgerLog()).not.to.match(/forbidden/i)
  })

  it('gives manager and ledger no more', async () => {
    const may = async (part: string, ...asked: readonly string[]) =>
      (
        await cluster
          .kubectl(['auth', 'can-i', ...asked, `--as=system:serviceaccount:${OWN_NAMESPACE}:jobcap-${part}`])
          .catch((fault: { stdout: string }) => ({ out: fault.stdout }))
      ).out.trim()
    for (const line of MUST_NOT.trim().split('\n')) {
      const [part = '', ...asked] = line.trim().split(/\s+/)
      expect(await may(part, ...asked), line).to.equal('no')
    }
    expect(await may('ledger', 'list', 'secrets', '-n', OWN_NAMESPACE)).to.equal('yes')
  })

  it('lets nobody but the Job controller make Pods that carry our containers', async () => {
    const pod = carrying('forged')
    const said = await cluster.until('the policy', async () => {
      const said = await failing(cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], JSON.stringify(pod)))
      return said === 'accepted' ? undefined : said
    })
    expect(said).to.contain('only the Job controller may make Pods that carry jobcap-issuer or jobcap-proxy')
    const plain = {
      ...pod,
      spec: { containers: pod.spec.containers, volumes: [{ name: 'jobcap-credential', emptyDir: {} }] },
    }
    expect(await failing(cluster.apply(plain))).to.equal('accepted')
  })

  it('keeps the credential out of containers that are added to a running Pod', async () => {
    const said = await adding('forged', { volumeMounts: [{ name: 'jobcap-credential', mountPath: '/x' }] })
    expect(said).to.contain('mounted in our own containers only')
  })

  it('keeps containers that are added to a running Pod out of the processes of ours, and lets them into those of the app', async () => {
    const asController = '--as=system:serviceaccount:kube-system:job-controller'
    await cluster.kubectl(['create', '-f', '-', asController], JSON.stringify(carrying('injected')))
    const added = (targetContainerName: string) => adding('injected', { targetContainerName })
    expect(await added('jobcap-proxy')).to.contain('leave --target away, or name a container of the app')
    expect(await added('app')).to.equal('accepted')
  })

  it('never asks admission about its own namespace, kube-system, or a change that leaves the spec alone', async () => {
    const { webhooks } = (await cluster.kube.get<{ webhooks: Webhook[] }>(WEBHOOKS_PATH)) as { webhooks: Webhook[] }
    expect(webhooks.map(({ name, failurePolicy }) => `${name} ${failurePolicy}`)).to.deep.equal([
      'create.jobcap.dev Fail',
      'update.jobcap.dev Ignore',
      'cronjobs.jobcap.dev Ignore',
    ])
    for (const { namespaceSelector } of webhooks) {
      expect(namespaceSelector.matchExpressions[0]?.values).to.include.members(['kube-system', OWN_NAMESPACE])
    }
    await cluster.apply(jobNamed('labelled'))
    const reviews = () => cluster.managerLog().match(/"operation":"UPDATE"/g)?.length ?? 0
    const before = reviews()
    await cluster.kubectl(['label', 'job', 'labelled', '-n', TEAM, 'team=b'])
    await cluster.kubectl(['patch', 'job', 'labelled', '-n', TEAM, '-p', '{"spec":{"suspend":true}}'])
    await cluster.until('the review of the second change', () => Promise.resolve(reviews() > before ? true : undefined))
    expect(reviews() - before).to.equal(1)
  })

  it('lets a manifest be applied again after its policy has got another vendor, and after the namespace has lost its label', async () => {
    const read = (name: string) =>
      cluster.kube.get<AnyJob>(`/apis/batch/v1/namespaces/${TEAM}/jobs/${name}`) as Promise<AnyJob>
    await cluster.apply(jobNamed('outlives'))
    const { spec } = await read('outlives')
    const policy = examplePolicy(cluster.stripe.url) as { spec: { vendors: object[] } }
    const resend = {
      ...{ name: 'resend', type: 'resend', secretRef: { name: 'resend', key: 'api-key' } },
      ...{ recipientUsd: '0.001', allowedEndpoints: ['POST /emails'] },
    }
    await cluster.apply({ ...policy, spec: { ...policy.spec, vendors: [resend, ...policy.spec.vendors] } })
    await cluster.until('a Job for both vendors', async () => {
      const asked = ['apply', '--dry-run=server', '-o', 'json', '-f', '-']
      const { out } = await cluster.kubectl(asked, JSON.stringify(jobNamed('made-later')))
      return out.includes('resend.localhost') || undefined
    })
    await cluster.apply(jobNamed('outlives'))
    const inject = (label: string) => cluster.kubectl(['label', 'namespace', TEAM, `jobcap.dev/inject${label}`])
    await inject('-')
    try {
      await cluster.apply(jobNamed('outlives'))
      const forced = ['apply', '--server-side', '--force-conflicts', '-f', '-']
      await cluster.kubectl(forced, JSON.stringify(jobNamed('outlives', { metadata: { labels: { team: 'b' } } })))
    } finally {
      await inject('=enabled')
    }
    expect((await read('outlives')).spec.template).to.deep.equal(spec.template)
  })

  it('has one master key for all ledgers, which may begin a store until one was opened with it', async () => {
    const place = { kube: cluster.kube, random: systemRandom, namespace: OWN_NAMESPACE, name: 'jobcap-master-key' }
    const [first, second] = await Promise.all([readOrCreateMasterKey(place), readOrCreateMasterKey(place)])
    expect(second.key).to.deep.equal(first.key)
    expect([first.isUnused, second.isUnused]).to.deep.equal([true, true])
    await first.markUsed()
    await second.markUsed()
    const later = await readOrCreateMasterKey(place)
    expect(later.key).to.deep.equal(first.key)
    expect(later.isUnused).to.equal(false)
  })

  it('leaves no webhook behind when it is uninstalled, and keeps the policies', async () => {
    const kubeconfig = join(cluster.folder, 'control-plane/kubeconfig')
    const said = await helm(cluster.folder, 'uninstall', 'jobcap', '-n', OWN_NAMESPACE, '--kubeconfig', kubeconfig)
    expect(said).to.contain('cappolicies.jobcap.dev')
    expect(await cluster.kube.get(WEBHOOKS_PATH)).to.equal(undefined)
    await cluster.kubectl(['get', 'cappolicy', 'default'])
    await cluster.apply(jobNamed('afterwards'))
  })
})

interface Webhook {
  readonly name: string
  readonly failurePolicy: string
  readonly namespaceSelector: { readonly matchExpressions: readonly { readonly values: readonly string[] }[] }
}

/** Who, and what `kubectl auth can-i` is asked. */
const MUST_NOT = `
  manager get secrets/stripe -n jobcap
  manager list secrets -n jobcap
  manager get secrets/stripe -n billing
  manager create jobs -n billing
  manager update jobs -n billing
  manager patch jobs -n billing
  manager delete jobs -n billing
  manager create pods -n billing
  manager patch mutatingwebhookconfigurations/other
  manager create mutatingwebhookconfigurations
  manager update cappolicies
  manager create tokenreviews
  manager create serviceaccounts/token -n billing
  manager delete runs.jobcap.dev
  manager update keys.jobcap.dev
  ledger get secrets/stripe -n billing
  ledger list secrets -n billing
  ledger list secrets -A
  ledger update secrets/stripe -n jobcap
  ledger delete secrets/stripe -n jobcap
  ledger list pods -A
  ledger list jobs -A
  ledger create pods -n billing
  ledger create jobs -n billing
  ledger update cappolicies
  ledger patch mutatingwebhookconfigurations/jobcap
  ledger create serviceaccounts/token -n billing
  ledger impersonate users
`
