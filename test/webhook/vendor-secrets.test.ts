import { expect } from 'chai'
import { parse } from 'yaml'
import { type JsonObject, objectsTaken, vendorSecretsIn } from '../../webhook/plan.ts'
import { POLICIES, planOf, readJob } from './surroundings.ts'

const [FIRST] = POLICIES
if (FIRST === undefined) throw new Error('there is no policy')
const policy = { ...FIRST, vendors: POLICIES.flatMap(({ vendors }) => vendors) }
const podSpec = parse(`
restartPolicy: Never
containers:
  - name: app
    image: app:1
    command: [pay, --key=sk_live_4242424242424242424242]
    env:
      - {name: STRIPE_API_KEY, valueFrom: {secretKeyRef: {name: any, key: k}}}
      - {name: OTHER, value: nothing}
    envFrom: [{secretRef: {name: whole}, prefix: STRIPE_}]
volumes:
  - {name: kept, secret: {secretName: stripe}}
  - {name: other, secret: {secretName: database}}
`) as JsonObject

describe('vendor secrets in a Pod as it stands', () => {
  it('are found in variables, volumes and commands, and in Secrets that are taken whole by the names of their keys', () => {
    const contentOf = ({ name }: { name: string }) =>
      name === 'whole' ? { API_KEY: 'anything', DATABASE_URL: 'else' } : {}
    const found = vendorSecretsIn({ podSpec, isTemplate: false, policy, contentOf })
    expect(found).to.have.length(4)
    expect(found[0]).to.equal("containers[app].env[STRIPE_API_KEY] holds a vendor's secret")
    expect(found[1]).to.match(/^The command of container app/)
    expect(found[2]).to.match(/^Volume kept mounts Secret stripe/)
    expect(found[3]).to.equal('app takes STRIPE_API_KEY from Secret whole')
  })

  describe('under names of their own', () => {
    const neutral = parse(`
containers:
  - name: app
    image: app:1
    env:
      - {name: PAYMENT_TOKEN, valueFrom: {secretKeyRef: {name: app, key: payment}}}
      - {name: GREETING, valueFrom: {configMapKeyRef: {name: settings, key: greeting}}}
      - {name: STRIPE_API_KEY, valueFrom: {secretKeyRef: {name: app, key: payment}}}
    envFrom: [{configMapRef: {name: settings}}]
volumes:
  - {name: config, secret: {secretName: app, items: [{key: .env, path: .env}]}}
  - {name: both, projected: {sources: [{configMap: {name: settings}}, {secret: {name: app}}]}}
  - {name: stripe, secret: {secretName: stripe}}
`) as JsonObject
    const real = 'sk_live_4242424242424242424242'
    const contents: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      app: { payment: real, '.env': `A=1\nSTRIPE=${real}\n`, placeholder: 'sk_test_jobcapHoldsTheRealSecret' },
      settings: { greeting: 'hello', model: 'sk-ant-api03-AAAAAAAAAAAAAAAAAAAAAAAA' },
      stripe: { 'api-key': real },
    }
    const contentOf = ({ name }: { name: string }) => contents[name] ?? {}

    it('are found by what they look like, and are not in the sentence', () => {
      const found = vendorSecretsIn({ podSpec: neutral, isTemplate: false, policy, contentOf })
      const like = (vendor: string) => `which holds what looks like a secret of ${vendor}`
      expect(found).to.deep.equal([
        "containers[app].env[STRIPE_API_KEY] holds a vendor's secret",
        found[1],
        `PAYMENT_TOKEN of container app takes payment of Secret app, ${like('stripe')}`,
        `Container app takes model of ConfigMap settings, ${like('anthropic')}`,
        `Volume config takes .env of Secret app, ${like('stripe')}`,
        `Volume both takes model of ConfigMap settings, ${like('anthropic')}`,
        `Volume both takes payment of Secret app, ${like('stripe')}`,
        `Volume both takes .env of Secret app, ${like('stripe')}`,
      ])
      expect(found[1]).to.match(/^Volume stripe mounts Secret stripe/)
      expect(found.join()).not.to.contain('4242')
    })

    it('are found in a template, but for what admission will put a placeholder in the place of', () => {
      const found = vendorSecretsIn({ podSpec: neutral, isTemplate: true, policy, contentOf })
      expect(found).to.have.length(7)
      expect(found.join()).not.to.contain('STRIPE_API_KEY')
    })
  })

  it('are found in a ConfigMap under a vendor’s own name too, where no policy names that vendor', () => {
    const mapped = parse(`
containers:
  - name: app
    env: [{name: STRIPE_API_KEY, valueFrom: {configMapKeyRef: {name: settings, key: k}}}]
`) as JsonObject
    const contentOf = () => ({ k: 'sk_live_4242424242424242424242' })
    const noVendors = { ...policy, vendors: [] }
    expect(vendorSecretsIn({ podSpec: mapped, isTemplate: false, policy: noVendors, contentOf })).to.deep.equal([
      'STRIPE_API_KEY of container app takes k of ConfigMap settings, which holds what looks like a secret of stripe',
    ])
  })

  it('are told of Secrets and ConfigMaps, wherever a Pod takes them', () => {
    expect(objectsTaken(podSpec).map(({ name, keys }) => [name, keys])).to.deep.equal([
      ['any', ['k']],
      ['whole', null],
      ['stripe', null],
      ['database', null],
    ])
  })

  it('in plain text are told of in a template too, since others have read them', () => {
    const literal = parse('containers: [{name: app, env: [{name: K, value: sk_live_4242424242424242424242}]}]')
    const found = (isTemplate: boolean) =>
      vendorSecretsIn({ podSpec: literal as JsonObject, isTemplate, policy, contentOf: () => ({}) })
    expect(found(true)).to.have.length(1)
    expect(found(true)[0]).to.match(/^K of container app holds a vendor secret in plain text/)
    expect(found(false)).to.deep.equal(["containers[app].env[K] holds a vendor's secret"])
  })

  it('are not found in what admission has put in their place', () => {
    const containers = [
      {
        name: 'app',
        image: 'app:1',
        env: [{ name: 'STRIPE_API_KEY', valueFrom: { secretKeyRef: { name: 'any', key: 'k' } } }],
      },
    ]
    const spec = { template: { spec: { restartPolicy: 'Never', containers } } }
    const planned = planOf(
      readJob(JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x' }, spec })),
    )
    if (planned.kind !== 'inject') throw new Error(planned.sentence)
    const injected = planned.job as { spec: { template: { spec: JsonObject } } }
    const held = vendorSecretsIn({
      podSpec: injected.spec.template.spec,
      isTemplate: false,
      policy,
      contentOf: () => ({}),
    })
    expect(held).to.deep.equal([])
  })
})
