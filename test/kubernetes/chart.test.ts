import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { OWN_NAMESPACE } from './cluster.ts'
import { needsProgram } from './needs.ts'
import { INSTALLS, render } from './rendered-chart.ts'

/** A container that has run for so long begins with the shortest back-off again. */
const KUBELET_FORGETS_MINUTES = 10

const REFUSED: Readonly<Record<string, RegExp>> = {
  'ledger.replicas=2': /more than one ledger needs store.type redis/,
  'ledger.replica=2': /replica.* not allowed/,
  'store.type=postgres': /store.type|store\/type/,
  'store.redis.address=redis://:hunter2@redis:6379': /address/,
  'store.redis.waive={noeviction}': /waive/,
  'image.digest=sha256:abc': /digest/,
  'ledger.vendorProxy.url=http://me:secret@proxy:3128': /vendorProxy.url/,
  'injected.resources.requests.cpu=lots': /cpu/,
  'injected.pullSecrets={Reg Cred}': /pullSecrets/,
  'admission.failurePolicy=Maybe': /failurePolicy/,
  'admission.timeoutSeconds=31': /timeoutSeconds/,
  'manager.port=443': /port/,
  'fullnameOverride=my.caps': /fullnameOverride/,
  'networkPolicies.apiServerPorts=null': /apiServerPorts/,
}

interface Rendered {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly rules?: readonly { readonly resources: readonly string[]; readonly resourceNames?: readonly string[] }[]
  readonly spec: Readonly<Record<string, unknown>>
}

describe('the chart', function () {
  this.timeout(240_000)
  let folder = ''
  before(function () {
    needsProgram(this, 'helm')
    folder = mkdtempSync(join(tmpdir(), 'jobcap-chart-'))
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  it('renders the same twice, and never a caBundle', async () => {
    for (const values of Object.values(INSTALLS)) {
      const first = await render(folder, values)
      expect(await render(folder, values)).to.equal(first)
      expect(first).not.to.match(/^\s*(- )?caBundle:/m)
    }
  })

  it('refuses values that it cannot work with, and says which', async () => {
    for (const [values, complaint] of Object.entries(REFUSED)) {
      const said = await render(folder, values).then(
        () => 'accepted',
        (fault: { stderr: string }) => fault.stderr,
      )
      expect(said, values).to.match(complaint)
    }
  })

  it('lets a ledger wait for its Redis until the kubelet has forgotten earlier restarts, so that no back-off makes it late', async () => {
    const [text = ''] = /startupProbe:[^]*?readinessProbe:/.exec(await render(folder, '')) ?? []
    const [, period] = /periodSeconds: (\d+)/.exec(text) ?? []
    const [, threshold] = /failureThreshold: (\d+)/.exec(text) ?? []
    expect((Number(period) * Number(threshold)) / 60).to.be.above(KUBELET_FORGETS_MINUTES)
  })

  it('keeps no node from being drained because a ledger on it is not ready', async () => {
    const budgets = parseAllDocuments(await render(folder, 'store.type=redis,ledger.replicas=3'))
      .map((document) => document.toJS() as Rendered)
      .filter(({ kind }) => kind === 'PodDisruptionBudget')
    expect(budgets.map(({ metadata }) => metadata.name)).to.deep.equal(['jobcap-manager', 'jobcap-ledger'])
    for (const { spec } of budgets) {
      expect(spec).to.deep.include({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' })
    }
  })

  it('leaves certificates to cert-manager by one value: nothing of it may then sign, or patch a webhook', async () => {
    const documents = parseAllDocuments(await render(folder, 'certificates.certManager.enabled=true')).map(
      (document) => document.toJS() as Rendered,
    )
    const named = (kind: string, name: string) =>
      documents.find((one) => one.kind === kind && one.metadata.name === name) as Rendered
    for (const part of ['manager', 'ledger']) {
      const { spec } = named('Certificate', `jobcap-${part}-tls`)
      expect(spec).to.deep.include({
        secretName: `jobcap-${part}-tls`,
        issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: 'jobcap-ca' },
      })
      expect(spec['dnsNames']).to.include(`jobcap-${part}.${OWN_NAMESPACE}.svc`)
    }
    const { metadata } = named('MutatingWebhookConfiguration', 'jobcap')
    expect(metadata.annotations).to.deep.equal({
      'cert-manager.io/inject-ca-from': `${OWN_NAMESPACE}/jobcap-manager-tls`,
    })
    const rights = JSON.stringify([named('ClusterRole', 'jobcap-manager'), named('Role', 'jobcap-manager')])
    expect(rights).not.to.match(/secrets|webhookconfigurations/)
    const text = JSON.stringify(documents)
    for (const said of ['JOBCAP_TLS_FOLDER', '--tls-cert=/var/run/jobcap/tls/tls.crt']) expect(text).to.contain(said)
    const own = await render(
      folder,
      'certificates.certManager.enabled=true,certificates.certManager.issuerRef.name=corp',
    )
    expect(own)
      .to.contain('name: corp')
      .and.not.to.match(/kind: Issuer\nmetadata/)
  })

  it('alerts on the first event of a counter, which `increase` does not see, and scrapes by the authority that is used', async () => {
    const monitored = 'monitoring.alertRules.enabled=true,monitoring.serviceMonitor.enabled=true'
    const own = await render(folder, monitored)
    const counted = [...own.matchAll(/expr: sum by \(\w+\) \(increase\((.*?\})\[(\w+)\]\) > 0 or \((.*)\)\)$/gm)]
    expect(counted).to.have.length(own.split('increase(').length - 1)
    for (const [, series = '', span = '', rest = ''] of counted)
      expect(rest).to.equal(`${series} unless ${series} offset ${span}`)
    const authorities = (text: string) =>
      [...text.matchAll(/secret: \{name: (\S+), key: ca.crt\}/g)].map(([, name]) => name)
    expect(authorities(own)).to.deep.equal(['jobcap-ca', 'jobcap-ca'])
    const others = await render(folder, `${monitored},certificates.certManager.enabled=true`)
    expect(authorities(others)).to.deep.equal(['jobcap-ledger-tls', 'jobcap-manager-tls'])
  })

  it('is found by the command whatever the release is called: by one name and one label', async () => {
    const named = ['--name-template', 'money', '--namespace', 'platform']
    const documents = parseAllDocuments(await render(folder, 'nameOverride=caps', ...named)).map(
      (document) => document.toJS() as Rendered,
    )
    const namesOf = (...kinds: string[]) =>
      documents.flatMap(({ kind, metadata: { name } }) => (kinds.includes(kind) ? [name] : []))
    expect(namesOf('MutatingWebhookConfiguration')).to.deep.equal(['jobcap'])
    expect(namesOf('StatefulSet', 'Deployment')).to.include.members(['money-caps-ledger', 'money-caps-manager'])
    const found = documents.find(({ kind, metadata: { labels } }) => {
      const isLedger = labels?.['app.kubernetes.io/component'] === 'ledger'
      return kind === 'Service' && isLedger && labels['app.kubernetes.io/part-of'] === 'jobcap'
    })
    expect(found?.metadata.name).to.equal('money-caps-ledger')
    const rights = documents.flatMap(({ kind, rules = [] }) => (kind === 'ClusterRole' ? rules : []))
    const ofWebhooks = rights.filter(({ resources }) => resources.includes('mutatingwebhookconfigurations'))
    expect(ofWebhooks.map(({ resourceNames }) => resourceNames)).to.deep.equal([['jobcap'], ['jobcap']])
    expect(JSON.stringify(documents)).to.contain('{"name":"JOBCAP_WEBHOOK_CONFIGURATION","value":"jobcap"}')
  })

  it('refuses a Kubernetes that is older than what was tried', async () => {
    const said = await render(folder, '', '--kube-version', '1.33.9').then(
      () => 'accepted',
      (fault: { stderr: string }) => fault.stderr,
    )
    expect(said).to.contain('requires kubeVersion')
  })

  it('gives every container of its own what Pod Security `restricted` demands, and bounds its memory', async () => {
    const pods = parseAllDocuments(await render(folder, INSTALLS['three ledgers and the Redis of the chart'] ?? ''))
      .map((document) => document.toJS() as { kind: string; spec: { template?: { spec: PodSpec } } & PodSpec })
      .filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job', 'Pod'].includes(kind))
      .map(({ spec }) => spec.template?.spec ?? spec)
    expect(pods).to.have.length(6)
    for (const pod of pods) {
      expect(pod.securityContext).to.deep.include({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      for (const { securityContext, resources } of pod.containers) {
        expect(securityContext).to.deep.equal({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
        expect(resources.limits).to.have.property('memory')
      }
    }
  })
})

interface PodSpec {
  readonly securityContext: object
  readonly containers: readonly { readonly securityContext: object; readonly resources: { readonly limits: object } }[]
}
