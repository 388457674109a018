import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { systemClock } from '../../runtime/clock.ts'
import { type RunningServer, startHttpServer } from '../../runtime/http-server.ts'
import { createLog } from '../../runtime/log.ts'
import { createMetrics } from '../../runtime/metrics.ts'
import { createAdmissionApp } from '../../webhook/server/app.ts'
import { WEBHOOK_METRICS } from '../../webhook/server/metrics.ts'
import { rehearse } from '../../webhook/server/rehearsal.ts'
import { POLICIES, SETTINGS } from './surroundings.ts'

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

interface Sent {
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

const NOWHERE = 'nowhere'

let server: RunningServer
/** Requests that came to Express. */
let leftToExpress = 0
before(async () => {
  const app = createAdmissionApp({
    sources: {
      namespaceLabels: async (namespace) => {
        if (namespace === NOWHERE) throw new Error('the API server is away')
        return { 'jobcap.dev/inject': 'enabled' }
      },
      policies: () => POLICIES,
      settings: () => SETTINGS,
    },
    earlierRuns: { warningFor: () => Promise.resolve(undefined) },
    metrics: createMetrics(WEBHOOK_METRICS),
    clock: systemClock,
    log: createLog('webhook', 'silent'),
  })
  server = await startHttpServer({ listen: { host: '127.0.0.1', port: 0 }, ...app })
  server.server.on('request', () => {
    leftToExpress += 1
  })
})
after(() => server.drain())

const port = () => (server.address as { port: number }).port

/** As the API server does it: nothing is asked of the connection. */
async function sendPlainly({ body, headers }: Sent): Promise<Answer> {
  const socket = connect(port(), '127.0.0.1')
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = `Content-Length: ${body.length}\r\n`
  socket.write(`POST /admit?timeout=10s HTTP/1.1\r\nHost: admission\r\n${length}${more.join('')}\r\n`)
  socket.write(body)
  let got = ''
  for await (const part of socket.setEncoding('utf8')) {
    got += String(part)
    const [head = '', said] = got.split('\r\n\r\n')
    const promised = Number(/^content-length: (\d+)$/im.exec(head)?.[1])
    if (said !== undefined && Buffer.byteLength(said) === promised) break
  }
  const [head = '', said = ''] = got.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), ...(JSON.parse(said) as object) }
}

/** With `connection: keep-alive`, which is left to Node's server. */
async function sendByFetch({ body, headers }: Sent): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${port()}/admit?timeout=10s`, { method: 'POST', headers, body })
  return { status: answer.status, ...((await answer.json()) as object) }
}

const job = (more: object = {}) => ({
  kind: 'Job',
  apiVersion: 'batch/v1',
  metadata: { name: 'a' },
  spec: { template: { spec: { containers: [{ name: 'app', image: 'a' }], restartPolicy: 'Never' } } },
  ...more,
})
const LOST = { name: 'a', labels: { 'jobcap.dev/policy': 'lost' } }

interface Review {
  readonly apiVersion?: string
  readonly kind?: object
  readonly namespace?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly encode?: (body: Buffer) => Buffer
}

for (const [way, send] of Object.entries({ 'off the socket': sendPlainly, 'by Express': sendByFetch })) {
  async function ask(object: object, review: Review = {}): Promise<Answer> {
    const {
      kind = { group: 'batch', version: 'v1', kind: 'Job' },
      namespace = 'billing',
      encode = (body) => body,
    } = review
    const request = { uid: 'u', operation: 'CREATE', namespace, kind, object }
    const { apiVersion = 'admission.k8s.io/v1', headers = {} } = review
    const body = Buffer.from(JSON.stringify({ apiVersion, kind: 'AdmissionReview', request }))
    return send({ body: encode(body), headers })
  }

  describe(`admission, asked ${way} what it should not be asked,`, () => {
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

    it('in what is no JSON answers no review either', async () => {
      const { status, message } = await ask(job(), { encode: (body) => body.subarray(0, -1) })
      expect([status, message]).to.deep.equal([400, 'The body is no AdmissionReview of admission.k8s.io/v1.'])
    })

    it('about a namespace that cannot be read fails, so that the failurePolicy decides', async () => {
      const { status, message } = await ask(job(), { namespace: NOWHERE })
      expect([status, message]).to.deep.equal([500, 'the API server is away'])
    })

    it('about a Job in a labelled namespace without its policy refuses it and names what there is', async () => {
      const { response } = await ask(job({ metadata: LOST }))
      expect(response?.allowed).to.equal(false)
      expect(response?.status?.message).to.match(/^jobcap \(policy_missing\): .*default/)
    })

    it('about a Job of 3 MiB judges it like any other', async () => {
      const metadata = { ...LOST, annotations: { a: 'x'.repeat(3 << 20) } }
      const { status, response } = await ask(job({ metadata }))
      expect([status, response?.allowed]).to.deep.equal([200, false])
      expect(response?.status?.message).to.match(/policy_missing/)
    })

    it('in gzip understands it', async () => {
      const { status, response } = await ask(job(), { encode: gzipSync, headers: { 'Content-Encoding': 'gzip' } })
      expect([status, response?.allowed]).to.deep.equal([200, true])
    })

    it('with more than the API server can send answers 413', async () => {
      expect((await ask(job({ extra: 'x'.repeat(11 << 20) }))).status).to.equal(413)
    })
  })
}

describe('admission', () => {
  it('answers a review that comes whole as Express would, without it', async () => {
    const kind = { group: 'batch', version: 'v1', kind: 'Job' }
    const request = { uid: 'u', operation: 'CREATE', namespace: 'billing', kind, object: job() }
    const body = Buffer.from(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }))
    const before = leftToExpress
    const plainly = await sendPlainly({ body, headers: {} })
    expect(leftToExpress).to.equal(before)
    expect(plainly.response?.patch).to.be.a('string')
    expect(await sendByFetch({ body, headers: {} })).to.deep.equal(plainly)
    expect(leftToExpress).to.equal(before + 1)
  })

  it('goes through the injection of a Job before the first one comes', async () => {
    expect([...(await rehearse(SETTINGS))]).to.deep.equal(['injected'])
  })
})
