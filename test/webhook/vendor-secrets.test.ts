import { expect } from 'chai'
import { parse } from 'yaml'
import { type JsonObject, secretsTakenWhole, vendorSecretsIn } from '../../webhook/plan.ts'
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
    const found = vendorSecretsIn({ podSpec, policy, keysOf: () => ['API_KEY', 'DATABASE_URL'] })
    expect(found).to.have.length(4)
    expect(found[0]).to.equal("containers[app].env[STRIPE_API_KEY] holds a vendor's secret")
    expect(found[1]).to.match(/^The command of container app/)
    expect(found[2]).to.match(/^Volume kept mounts Secret stripe/)
    expect(found[3]).to.equal('app takes STRIPE_API_KEY from Secret whole')
    expect(secretsTakenWhole(podSpec)).to.deep.equal([{ container: 'app', secret: 'whole', prefix: 'STRIPE_' }])
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
    expect(vendorSecretsIn({ podSpec: injected.spec.template.spec, policy, keysOf: () => [] })).to.deep.equal([])
  })
})
