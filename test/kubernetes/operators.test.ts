import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { CommandRun } from '../cli/command-run.ts'
import { type Cluster, jobNamed, OWN_NAMESPACE, startCluster, TEAM } from './cluster.ts'
import { examplePolicy } from './example.ts'
import { type StandInKubelet, startKubelet } from './kubelet.ts'
import { needsControlPlane } from './needs.ts'

const LEDGER_LABELS = { 'app.kubernetes.io/part-of': 'jobcap', 'app.kubernetes.io/component': 'ledger' }
const FINDS = [
  { apiGroups: ['admissionregistration.k8s.io'], resources: ['mutatingwebhookconfigurations'], verbs: ['get'] },
  { apiGroups: [''], resources: ['services', 'pods'], verbs: ['list'] },
  { apiGroups: [''], resources: ['pods/portforward'], verbs: ['get', 'create'] },
]
const RBAC = 'rbac.authorization.k8s.io/v1'

describe('operators of a cluster', function () {
  this.timeout(240_000)
  let cluster: Cluster
  let kubelet: StandInKubelet | undefined
  let stop: () => Promise<void> = () => Promise.resolve()

  before(async function () {
    needsControlPlane(this)
    cluster = await startCluster()
    stop = () => cluster.stop()
    kubelet = await startKubelet(join(cluster.folder, 'control-plane/pki'))
    await standUpLedgerPod(kubelet.port)
    await cluster.apply(jobNamed('paying'))
    await runOf('paying')
    for (const name of ['lead', 'guest']) await cluster.kubectl(['create', 'serviceaccount', name, '-n', TEAM])
    await bind('finder', { kind: 'ClusterRole', rules: FINDS, to: ['lead', 'guest'] })
    const own = [
      { apiGroups: ['jobcap.dev'], resources: ['runs'], verbs: ['list', 'get'] },
      { apiGroups: ['jobcap.dev'], resources: ['keys'], verbs: ['update'] },
    ]
    await bind('payer', { kind: 'Role', rules: own, to: ['lead'] })
  })
  after(async () => {
    kubelet?.stop()
    await stop()
  })

  /** The ledger's process as the API server's port-forward sees it: a ready Pod behind the chart's Service. */
  async function standUpLedgerPod(kubeletPort: number): Promise<void> {
    const { kube } = cluster
    const port = Number(new URL(cluster.ledgerUrl).port)
    const named = (name: string) => ({ name, namespace: OWN_NAMESPACE, labels: LEDGER_LABELS })
    await kube.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } })
    await kube.merge('/api/v1/nodes/node-1/status', {
      status: {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      },
    })
    await kube.create(`/api/v1/namespaces/${OWN_NAMESPACE}/services`, {
      metadata: named('jobcap-ledger'),
      spec: { selector: LEDGER_LABELS, ports: [{ name: 'operators', port: 8443, targetPort: 'https' }] },
    })
    await kube.create(`/api/v1/namespaces/${OWN_NAMESPACE}/pods`, {
      metadata: named('jobcap-ledger-0'),
      spec: {
        nodeName: 'node-1',
        containers: [{ name: 'ledger', image: 'jobcap:test', ports: [{ name: 'https', containerPort: port }] }],
      },
    })
    await kube.merge(`/api/v1/namespaces/${OWN_NAMESPACE}/pods/jobcap-ledger-0/status`, {
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    })
  }

  interface Bound {
    readonly kind: 'Role' | 'ClusterRole'
    readonly rules: readonly object[]
    readonly to: readonly string[]
  }

  async function bind(name: string, { kind, rules, to }: Bound): Promise<void> {
    const metadata = { name, ...(kind === 'Role' ? { namespace: TEAM } : {}) }
    await cluster.apply({ apiVersion: RBAC, kind, metadata, rules })
    await cluster.apply({
      apiVersion: RBAC,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects: to.map((account) => ({ kind: 'ServiceAccount', name: account, namespace: TEAM })),
    })
  }

  /** A Pod of the Job makes its first exchange, as its issuer would: that opens the run. */
  async function runOf(job: string): Promise<void> {
    await cluster.kubectl(['wait', '--for=create', 'pod', '-l', `job-name=${job}`, '-n', TEAM, '--timeout=60s'])
    const pods = await cluster.kubectl(['get', 'pods', '-n', TEAM, '-l', `job-name=${job}`, '-o', 'name'])
    const pod = pods.out.split('\n')[0]?.replace('pod/', '') ?? ''
    const token = await cluster.token({ account: `${TEAM}/default`, audience: 'jobcap', pod })
    const { status, body } = await cluster.ask({ path: '/vault/keys/exchange', token, json: { purpose: 'issue' } })
    expect(status, JSON.stringify(body)).to.equal(200)
  }

  /** Of the kubeconfig's context; undefined: it names none. */
  let namespace: string | undefined

  /** `jobcap` of a person with this kubeconfig, to its end. */
  async function jobcap(user: object, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
    const config = JSON.parse(readFileSync(join(cluster.folder, 'control-plane/kubeconfig'), 'utf8')) as {
      users: { name: string; user: object }[]
      contexts: { context: { namespace?: string } }[]
    }
    if (namespace !== undefined) for (const { context } of config.contexts) context.namespace = namespace
    config.users = [{ name: 'u', user }]
    const file = join(cluster.folder, 'persons-kubeconfig')
    writeFileSync(file, JSON.stringify(config))
    const run = new CommandRun(args, { folder: cluster.folder, environment: { KUBECONFIG: file } })
    const code = await run.ended
    return { code, out: run.out, err: run.err }
  }
  const as = async (account: string) => ({ token: await cluster.token({ account: `${TEAM}/${account}` }) })

  it('find the ledger by the kubeconfig, through the API server, and see the runs of their namespace', async () => {
    const { code, out, err } = await jobcap(await as('lead'), 'runs', 'list', '-n', TEAM)
    expect(code, err).to.equal(0)
    expect(out).to.match(/billing +paying +default +active +\$500\.00 +\$0\.00/)
    expect(kubelet?.asked).to.deep.equal(['GET /portForward/jobcap/jobcap-ledger-0'])
  })

  it('mean the namespace of their context where they name none, and all of them only when they say so', async () => {
    const lead = await as('lead')
    expect((await jobcap(lead, 'runs', 'list')).err).to.contain('in namespace default')
    namespace = TEAM
    try {
      const listed = await jobcap(lead, 'runs', 'list')
      expect(listed.out, listed.err).to.match(/billing +paying/)
      const shown = await jobcap(lead, 'runs', 'show', 'paying')
      expect(shown.out, shown.err).to.match(/billing +paying/)
      expect((await jobcap(lead, 'runs', 'list', '-A')).err).to.contain('in all namespaces')
      expect((await jobcap(lead, 'runs', 'list', '-A', '-n', TEAM)).err).to.contain('exclude each other')
    } finally {
      namespace = undefined
    }
  })

  it('are known by what their kubeconfig runs for a token, too', async () => {
    const { token } = await as('lead')
    const status = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }
    const exec = {
      apiVersion: status.apiVersion,
      command: process.execPath,
      args: ['-e', `console.log(${JSON.stringify(JSON.stringify(status))})`],
      interactiveMode: 'Never',
    }
    const { code, out, err } = await jobcap({ exec }, 'runs', 'show', 'paying', '-n', TEAM, '--json')
    expect(code, err).to.equal(0)
    expect(JSON.parse(out)).to.deep.include({
      totals: { call_count: 0, in_doubt_count: 0, replay_count: 0, refused_by_cap_count: 0 },
    })
  })

  it('raise where RBAC lets them, and may not revoke, nor look elsewhere, where it does not', async () => {
    const lead = await as('lead')
    const raised = await jobcap(lead, 'runs', 'raise', 'paying', '-n', TEAM, '--cap-usd', '600.00')
    expect(raised.out, raised.err).to.contain('$600.00')
    const revoked = await jobcap(lead, 'runs', 'revoke', 'paying', '-n', TEAM)
    expect([revoked.code, revoked.err]).to.deep.include(1)
    expect(revoked.err).to.contain(`You may not delete keys of jobcap.dev in namespace ${TEAM}. (operator_forbidden)`)
    expect((await jobcap(lead, 'runs', 'list', '--all-namespaces')).err).to.contain(
      'list runs of jobcap.dev in all namespaces',
    )
    const guest = await jobcap(await as('guest'), 'runs', 'list', '-n', TEAM)
    expect(guest.err).to.contain(`You may not list runs of jobcap.dev in namespace ${TEAM}.`)
  })

  it('who may only look do nothing else by an address that is theirs but for its letters', async () => {
    await cluster.kubectl(['create', 'serviceaccount', 'auditor', '-n', TEAM])
    const rules = [{ apiGroups: ['jobcap.dev'], resources: ['runs'], verbs: ['get', 'list'] }]
    await bind('auditor', { kind: 'ClusterRole', rules, to: ['auditor'] })
    const { token } = await as('auditor')
    expect((await cluster.ask({ path: '/runs', token })).status).to.equal(200)
    for (const [path, json] of [
      ['/vault/KEYS', { vendor: 'stripe', usd_cap: '100.00' }],
      ['/vault/KEYS', undefined],
      ['/caps/OPEN', {}],
    ] as const) {
      const { status, body } = await cluster.ask({ path, token, ...(json === undefined ? {} : { json }) })
      expect([status, body['code']], JSON.stringify(body)).to.deep.equal([404, 'route_not_ours'])
    }
  })

  it('are told what to do where the kubeconfig holds no token, no cluster answers, or rights are missing', async () => {
    const nobody = await jobcap({ token: 'no-token' }, 'runs', 'list', '-n', TEAM)
    expect(nobody.code).to.equal(69)
    expect(nobody.err).to.match(/the ledger of c could not be looked for: .*Unauthorized.*--ledger https:\/\//)
    await cluster.kubectl(['create', 'serviceaccount', 'stranger', '-n', TEAM])
    const stranger = await jobcap(await as('stranger'), 'runs', 'list', '-n', TEAM)
    expect(stranger.err).to.match(/cannot get resource "mutatingwebhookconfigurations"/)
    const wrong = await jobcap(await as('lead'), 'runs', 'list', '--ledger', 'kube:production')
    expect(wrong.err).to.match(/the kubeconfig has no context "production"; it has: c/)
    const missing = await jobcap(await as('lead'), 'runs', 'show', 'nobody', '-n', TEAM)
    expect(missing.err).to.match(/no run of a Job "nobody" in namespace billing; see: jobcap runs list -n billing/)
  })

  it('are told by jobcap doctor of secrets still mounted, policies without a Secret, and nodes whose clock is off', async () => {
    const { kube } = cluster
    const doctor = async () => (await jobcap({ token: cluster.adminToken }, 'doctor')).out
    expect(await doctor()).not.to.match(/holds a vendor|CapPolicy|clock|Admission/)
    const env = [{ name: 'STRIPE_API_KEY', valueFrom: { secretKeyRef: { name: 'left-behind', key: 'k' } } }]
    const all = [{ secretRef: { name: 'all-of-it' } }]
    const containers = [
      { name: 'app', image: 'app:1', env },
      { name: 'more', image: 'app:1', envFrom: all },
    ]
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'all-of-it', namespace: TEAM },
      stringData: { STRIPE_SECRET_KEY: 'one', DATABASE_URL: 'two', PAYMENT: 'sk_live_4242424242424242424242' },
    })
    await kube.create(`/api/v1/namespaces/${TEAM}/pods`, { metadata: { name: 'leaky' }, spec: { containers } })
    const policy = examplePolicy(cluster.stripe.url) as {
      metadata: { name: string }
      spec: { vendors: { secretRef: object }[] }
    }
    policy.metadata.name = 'secretless'
    for (const vendor of policy.spec.vendors) vendor.secretRef = { name: 'nowhere', key: 'k' }
    await cluster.apply(policy)
    const routes = [
      { match: 'POST /v1/*', usd: '0.01' },
      { match: 'POST /v1/lookup', usd: '0.02' },
    ]
    const shadowed = { name: 'geo', type: 'generic', baseUrl: 'https://geo.example', routes, idempotency: 'never' }
    const vendor = { ...shadowed, secretRef: { name: 'stripe', key: 'api-key' }, allowedEndpoints: ['POST /v1/*'] }
    await cluster.apply({ ...policy, metadata: { name: 'shadowed' }, spec: { ...policy.spec, vendors: [vendor] } })
    for (const [name, reason] of [
      ['secretless', 'SecretMissing'],
      ['shadowed', 'SpecInvalid'],
    ]) {
      const state = ['wait', `--for=jsonpath={.status.conditions[0].reason}=${reason}`, `cappolicy/${name}`]
      await cluster.kubectl([...state, '--timeout=60s'])
    }
    await kube.merge('/api/v1/nodes/node-1/status', { status: { conditions: [{ type: 'Ready', status: 'True' }] } })
    const renewTime = new Date(Date.now() + 300_000).toISOString().replace('Z', '000Z')
    await kube.create('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', {
      metadata: { name: 'node-1' },
      spec: { renewTime },
    })
    const said = await doctor()
    expect(said).to.contain(
      `Pod leaky in namespace ${TEAM}: containers[app].env[STRIPE_API_KEY] holds a vendor's secret.`,
    )
    expect(said).to.contain(`Pod leaky in namespace ${TEAM}: more takes STRIPE_SECRET_KEY from Secret all-of-it.`)
    expect(said).to.contain(
      'Container more takes PAYMENT of Secret all-of-it, which holds what looks like a secret of stripe.',
    )
    expect(said).to.contain('CapPolicy secretless: Secret nowhere with the key k is not in jobcap')
    expect(said).to.contain('CapPolicy shadowed: ').and.not.to.contain('The newest policy')
    expect(said).to.match(/The clock of node node-1 is about (29\d|300) s ahead of the API server's/)
    expect(said).not.to.contain('DATABASE_URL').and.not.to.contain('Admission').and.not.to.contain('4242')
  })

  it('are told by jobcap doctor what they may not look at', async () => {
    const { code, out } = await jobcap(await as('lead'), 'doctor')
    expect(code).not.to.equal(0)
    expect(out).to.match(/The namespaces could not be looked at: namespaces is forbidden.*\n.*jobcap-examines, lets/)
  })

  it('are told by jobcap doctor which Secrets they may not look into', async () => {
    const rules = [
      { apiGroups: [''], resources: ['namespaces', 'pods'], verbs: ['list'] },
      { apiGroups: ['batch'], resources: ['cronjobs'], verbs: ['list'] },
      { apiGroups: ['jobcap.dev'], resources: ['cappolicies'], verbs: ['list'] },
    ]
    await bind('blinkered', { kind: 'ClusterRole', rules, to: ['lead'] })
    const { out } = await jobcap(await as('lead'), 'doctor')
    expect(out).to.match(
      /In namespace billing nobody has looked into .*Secret all-of-it.*\n.*somebody who may get them there/,
    )
  })

  it('are told by jobcap doctor that the dry run of admission takes more than its ClusterRole', async () => {
    const rules = [{ apiGroups: [''], resources: ['namespaces'], verbs: ['list'] }]
    await bind('looker', { kind: 'ClusterRole', rules, to: ['lead'] })
    const { out } = await jobcap(await as('lead'), 'doctor')
    expect(out).to.match(
      /The admission in namespace billing could not be looked at: jobs.batch is forbidden.*\n.*somebody who may make Jobs there/,
    )
  })

  it('reach a ledger that has started and is not ready, to hear what it waits for; not one that has not started', async () => {
    const path = `/api/v1/namespaces/${OWN_NAMESPACE}/pods/jobcap-ledger-0/status`
    const put = (isReady: boolean, started: boolean) => {
      const container = { name: 'ledger', image: 'jobcap:test', imageID: '', ready: isReady, restartCount: 0, started }
      const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }]
      return cluster.kube.merge(path, { status: { conditions, containerStatuses: [container] } })
    }
    const repair = () => jobcap({ token: cluster.adminToken }, 'ledger', 'repair')
    try {
      await put(false, true)
      const asked = await repair()
      expect(asked.out, asked.err).to.contain('nothing to repair')
      await put(false, false)
      expect((await repair()).err).to.contain('no Pod of Service jobcap/jobcap-ledger has started')
    } finally {
      await put(true, true)
    }
  })

  it('may ask as a service account, whose token is good for the ledger alone', async () => {
    const admin = { token: cluster.adminToken }
    const listed = await jobcap(admin, 'runs', 'list', '-n', TEAM, '--service-account', `${TEAM}/lead`)
    expect(listed.code, listed.err).to.equal(0)
    const refused = await jobcap(admin, 'runs', 'list', '-n', TEAM, '--service-account', `${TEAM}/guest`)
    expect(refused.err).to.contain('operator_forbidden')
  })
})
