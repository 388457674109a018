import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { systemClock } from '../../runtime/clock.ts'
import { createLog } from '../../runtime/log.ts'
import { createMetrics } from '../../runtime/metrics.ts'
import { DEFAULT_RESOURCES, type PlanSettings } from '../../webhook/plan.ts'
import { createAdmissionApp } from '../../webhook/server/app.ts'
import { WEBHOOK_METRICS } from '../../webhook/server/metrics.ts'

const SETTINGS: PlanSettings = {
  image: 'jobcap:test',
  imagePullPolicy: null,
  ledgerUrl: 'https://ledger:8443',
  ledgerCaPem: null,
  resources: DEFAULT_RESOURCES,
}

interface Answer {
  readonly status: number
  readonly response?: {
    readonly uid: string
    readonly allowed: boolean
    readonly patch?: string
    readonly warnings?: readonly string[]
    readonly status?: { readonly message: string }
  }
  readonly message?: string
}

describe('admission, asked what it should not be asked,', () => {
  let server: Server
  before(async () => {
    const app = createAdmissionApp({
      sources: {
        namespaceLabels: () => Promise.resolve({ 'jobcap.dev/inject': 'enabled' }),
        policies: () => [],
        settings: () => SETTINGS,
      },
      earlierRuns: { warningFor: () => Promise.resolve(undefined) },
      metrics: createMetrics(WEBHOOK_METRICS),
      clock: systemClock,
      log: createLog('webhook', 'silent'),
    })
    server = createServer(app)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => {
    server.close()
  })

  const job = (more: object = {}) => ({
    kind: 'Job',
    apiVersion: 'batch/v1',
    metadata: { name: 'a' },
    spec: { template: { spec: { containers: [{ name: 'app', image: 'a' }] } } },
    ...more,
  })
  async function ask(object: object, more: { apiVersion?: string; kind?: object } = {}): Promise<Answer> {
    const kind = more.kind ?? { group: 'batch', version: 'v1', kind: 'Job' }
    const request = { uid: 'u', operation: 'CREATE', namespace: 'billing', kind, object }
    const apiVersion = more.apiVersion ?? 'admission.k8s.io/v1'
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/admit`, {
      method: 'POST',
      body: JSON.stringify({ apiVersion, kind: 'AdmissionReview', request }),
    })
    return { status: answer.status, ...((await answer.json()) as object) }
  }

  it('about a Pod lets it through as it is, and says why', async () => {
    const { response } = await ask({ kind: 'Pod' }, { kind: { group: '', version: 'v1', kind: 'Pod' } })
    expect(response).to.deep.include({ uid: 'u', allowed: true })
    expect(response?.patch).to.equal(undefined)
    expect(response?.warnings?.[0]).to.match(/looks at Jobs and CronJobs of batch\/v1 only; this is Pod of \/v1/)
  })

  it('in v1beta1 answers no review, so that the failurePolicy decides', async () => {
    const { status, message } = await ask(job(), { apiVersion: 'admission.k8s.io/v1beta1' })
    expect([status, message]).to.deep.equal([400, 'The body is no AdmissionReview of admission.k8s.io/v1.'])
  })

  it('about a Job in a labelled namespace without a policy refuses it and names what to make', async () => {
    const { response } = await ask(job())
    expect(response?.allowed).to.equal(false)
    expect(response?.status?.message).to.match(/^jobcap \(policy_missing\): .*default/)
  })

  it('about a Job of 3 MiB judges it like any other', async () => {
    const { status, response } = await ask(job({ metadata: { name: 'a', annotations: { a: 'x'.repeat(3 << 20) } } }))
    expect([status, response?.allowed]).to.deep.equal([200, false])
    expect(response?.status?.message).to.match(/policy_missing/)
  })

  it('with more than the API server can send answers 413', async () => {
    expect((await ask(job({ extra: 'x'.repeat(11 << 20) }))).status).to.equal(413)
  })
})
