import { expect } from 'chai'
import { readManagerConfig } from '../../controller/config.ts'
import { restore } from '../../webhook/plan/restore.ts'
import { type JsonObject, type PlanSettings, plan } from '../../webhook/plan.ts'
import { applyPatch } from './apply-patch.ts'
import { POLICIES, SETTINGS } from './surroundings.ts'

const CPU_FREE = { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } }
const ENVIRONMENT = {
  JOBCAP_NAMESPACE: 'jobcap',
  JOBCAP_DNS_NAMES: 'localhost',
  JOBCAP_IMAGE: 'jobcap:1',
  JOBCAP_LEDGER_URL: 'https://ledger:8081',
}

interface PodSpec {
  readonly imagePullSecrets?: readonly { readonly name: string }[]
  readonly initContainers: readonly { readonly resources: object }[]
}

describe('values of the injected containers', () => {
  const job = (imagePullSecrets?: readonly object[]): JsonObject => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'nightly', namespace: 'billing' },
    spec: {
      completions: 1,
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [{ name: 'app', image: 'app:1' }],
          ...(imagePullSecrets === undefined ? {} : { imagePullSecrets }),
        },
      },
    },
  })
  const injected = (asked: JsonObject, settings: Partial<PlanSettings>) => {
    const namespaceLabels = { 'jobcap.dev/inject': 'enabled' }
    const made = plan({ job: asked, namespaceLabels, policies: POLICIES, settings: { ...SETTINGS, ...settings } })
    if (made.kind !== 'inject') throw new Error(made.sentence)
    return made
  }
  const planned = (asked: JsonObject, settings: Partial<PlanSettings>) => injected(asked, settings).job
  const changesOf = (asked: JsonObject, settings: Partial<PlanSettings>) =>
    injected(asked, settings).changes.map(({ code }) => code)
  const podOf = (made: JsonObject) => (made['spec'] as { template: { spec: PodSpec } }).template.spec
  const pulls = (made: JsonObject) => podOf(made).imagePullSecrets?.map(({ name }) => name)

  it('resources stand on both containers as they were given, also without a limit of CPU', () => {
    const ours = podOf(planned(job(), { resources: CPU_FREE })).initContainers
    expect(ours.map(({ resources }) => resources)).to.deep.equal([CPU_FREE, CPU_FREE])
  })

  it('pull Secrets are added to those of the app, each once', () => {
    const settings = { imagePullSecrets: ['ours', 'both'] }
    expect(pulls(planned(job(), settings))).to.deep.equal(['ours', 'both'])
    expect(changesOf(job(), settings)).to.include('pull_secrets_added')
    expect(changesOf(job(), {})).not.to.include('pull_secrets_added')
    const made = planned(job([{ name: 'apps' }, { name: 'both' }]), settings)
    expect(pulls(made)).to.deep.equal(['apps', 'both', 'ours'])
    expect(planned(made, settings)).to.deep.equal(made)
    expect(pulls(planned(job(), {}))).to.equal(undefined)
  })

  it('a Job can be applied again after the values have changed; a pull Secret of its own that is new is a real edit', () => {
    const old = planned(job([{ name: 'apps' }]), { imagePullSecrets: ['first'] })
    const again = (updated: JsonObject) => {
      const today = planned(updated, { imagePullSecrets: ['second'], resources: CPU_FREE })
      return applyPatch(updated, restore({ old, updated, planned: today }))
    }
    expect(again(job([{ name: 'apps' }]))).to.deep.equal(old)
    expect(pulls(again(job([{ name: 'apps' }, { name: 'new' }])) as JsonObject)).to.include('new')
  })

  it('the manager reads them from its environment, and says what is wrong with them', () => {
    const read = (more: Record<string, string>) => readManagerConfig({ ...ENVIRONMENT, ...more })
    const given = { JOBCAP_INJECTED_RESOURCES: JSON.stringify(CPU_FREE), JOBCAP_INJECTED_PULL_SECRETS: 'a,b' }
    expect(read(given)).to.deep.include({ resources: CPU_FREE, imagePullSecrets: ['a', 'b'] })
    expect(read({}).imagePullSecrets).to.deep.equal([])
    expect(() => read({ JOBCAP_INJECTED_RESOURCES: '{' })).to.throw(/JOBCAP_INJECTED_RESOURCES: not JSON such as/)
    const odd = JSON.stringify({ ...CPU_FREE, requests: { cpu: 'lots', memory: '1Mi' } })
    expect(() => read({ JOBCAP_INJECTED_RESOURCES: odd })).to.throw(/requests.cpu: a quantity such as "20m"/)
    for (const [name, requests] of [
      ['memory', { cpu: '1', memory: '1Gi' }],
      ['cpu', { cpu: '1001m', memory: '192Mi' }],
    ] as const) {
      const above = JSON.stringify({ requests, limits: { cpu: '1', memory: '192Mi' } })
      expect(() => read({ JOBCAP_INJECTED_RESOURCES: above })).to.throw(`requests.${name}: more than limits.${name}`)
    }
  })
})
