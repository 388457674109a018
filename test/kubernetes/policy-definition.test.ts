import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { type ControlPlane, startControlPlane } from '../../tools/cluster/control-plane.ts'
import { examplePolicy } from './example.ts'
import { runKubectl } from './kubectl.ts'
import { needsControlPlane } from './needs.ts'

const CRD = join(import.meta.dirname, '../../manifests/crd/cappolicies.jobcap.dev.yaml')
const VENDOR = { name: 'x', secretRef: { name: 'x', key: 'k' }, allowedEndpoints: ['POST /v1/x'] }

/** What is wrong with one vendor of a policy, and what the API server says. */
const WRONG_VENDORS: readonly (readonly [vendor: object, complaint: string])[] = [
  [{ ...VENDOR, type: 'stripe', accountSid: `AC${'0'.repeat(32)}` }, 'type stripe has no field accountSid'],
  [{ ...VENDOR, type: 'twilio' }, 'type twilio needs accountSid'],
  [{ ...VENDOR, type: 'resend' }, 'type resend needs recipientUsd'],
  [{ ...VENDOR, type: 'generic', routes: [] }, 'type generic needs baseUrl'],
  [{ ...VENDOR, type: 'stripe', perDayUsd: 5 }, 'perDayUsd'],
  [{ ...VENDOR, type: 'stripe', capUsd: '5.00' }, 'capUsd'],
]

interface Policy {
  readonly spec: { readonly caps: object; readonly vendors: readonly object[] }
}

describe('the definition of CapPolicy on a real API server', function () {
  this.timeout(240_000)
  let folder = ''
  let plane: ControlPlane | undefined

  before(async function () {
    needsControlPlane(this, 'kubectl')
    folder = mkdtempSync(join(tmpdir(), 'jobcap-definition-'))
    plane = await startControlPlane(folder)
    await kubectl(['apply', '--server-side', '-f', CRD])
    await kubectl(['wait', '--for=condition=established', 'crd/cappolicies.jobcap.dev', '--timeout=60s'])
  })
  after(async () => {
    await plane?.stop()
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  const kubectl = async (args: readonly string[], stdin?: string) =>
    (await runKubectl(plane?.kubeconfig ?? '', args, stdin)).out
  const objection = (policy: object) =>
    kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], stringify(policy)).then(
      () => undefined,
      (fault: { stderr: string }) => fault.stderr,
    )

  it('takes the example, and shows what it allows in columns', async () => {
    const policy = examplePolicy('https://api.stripe.com')
    expect(await objection(policy)).to.equal(undefined)
    await kubectl(['apply', '-f', '-'], stringify(policy))
    const [head = '', row = ''] = (await kubectl(['get', 'cappolicies'])).split('\n')
    expect(head.split(/ {2,}/)).to.include.members(['NAME', 'READY', 'PER RUN $', 'PER DAY $', 'SPENT TODAY $'])
    expect(row).to.match(/^default .*500\.00 +50000\.00/)
  })

  it('refuses, without a webhook, what the vendor of a policy cannot have, and names it', async () => {
    const policy = examplePolicy('https://api.stripe.com') as Policy
    for (const [vendor, complaint] of WRONG_VENDORS) {
      expect(await objection({ ...policy, spec: { ...policy.spec, vendors: [vendor] } })).to.contain(complaint)
    }
  })

  it('refuses, without a webhook, a run that may ask for less than it gets, and two vendors of one name', async () => {
    const policy = examplePolicy('https://api.stripe.com') as Policy
    const { caps, vendors } = policy.spec
    const below = { ...caps, perRunUsd: { default: '500.00', max: '499.99' } }
    expect(await objection({ ...policy, spec: { ...policy.spec, caps: below } })).to.contain('`max` is below `default`')
    const twice = { ...policy.spec, vendors: [...vendors, ...vendors] }
    expect(await objection({ ...policy, spec: twice })).to.contain('Duplicate value')
  })

  it('refuses, without a webhook, a name that no label of a Job can hold', async () => {
    const policy = examplePolicy('https://api.stripe.com')
    for (const [name, complaint] of [
      ['nights.eu', 'metadata.name'],
      ['n'.repeat(64), 'may not be more than 63'],
    ] as const) {
      expect(await objection({ ...policy, metadata: { name } })).to.contain(complaint)
    }
  })

  it('is explained by kubectl, field by field', async () => {
    for (const path of ['spec', 'spec.caps', 'spec.vendors', 'spec.caps.perRunUsd', 'status']) {
      const said = await kubectl(['explain', `cappolicy.${path}`])
      const [, description = ''] = /DESCRIPTION:\n(.*?)(?=\nFIELDS|$)/s.exec(said) ?? []
      expect(description, path).not.to.contain('<empty>')
      const [, fields = ''] = /FIELDS:\n(.*)$/s.exec(said) ?? []
      const silent = [...fields.matchAll(/^ {2}(\w+)\t.*\n {4}(.*)$/gm)].filter(([, , text = '']) =>
        /no description/.test(text),
      )
      expect(
        silent.map(([, name]) => name),
        path,
      ).to.deep.equal([])
    }
  })
})
