import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { type RunningVendor, startFakeVendor } from '../../fake-vendors/start.ts'
import { fakeStripe } from '../../fake-vendors/stripe/stripe.ts'
import { callsOf } from '../../fake-vendors/truth.ts'
import { parsePolicies } from '../../policy/policy-file.ts'
import { type RunningServer, startHttpServer } from '../../runtime/http-server.ts'
import { createLog } from '../../runtime/log.ts'
import { systemRandom } from '../../runtime/random.ts'
import { skip } from '../../tools/test/skip.ts'

const FOLDER = join(import.meta.dirname, '../../manifests/examples/nightly-billing')
const ANY_PORT = { host: '127.0.0.1', port: 0 }
const SECRET = 'sk_test_nightly'

interface Named {
  kind: string
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> }
}
interface CronJob extends Named {
  spec: {
    jobTemplate: {
      metadata: { annotations: Record<string, string> }
      spec: { template: { spec: { containers: { env: unknown[]; resources: object }[] } } }
    }
  }
}
interface ConfigMap extends Named {
  data: Record<string, string>
}

const documents = parseAllDocuments(readFileSync(join(FOLDER, 'cronjob.yaml'), 'utf8')).map((document) => {
  expect(document.errors).to.deep.equal([])
  return document.toJS() as Named
})
const [namespace, cronJob, configMap] = documents as [Named, CronJob, ConfigMap]
const { jobTemplate } = cronJob.spec

const csv = configMap.data['customers.csv'] ?? ''
const [header, ...rows] = csv.trim().split('\n')
const customers = rows.map((row) => {
  const [id = '', amount = '', paymentMethod = '', invoice = ''] = row.split(',')
  return { id, amountMinor: Number(amount), paymentMethod, invoice }
})

describe('the nightly billing example', () => {
  it('is a labelled namespace, an Indexed CronJob in its real shape, and its customers', () => {
    expect(documents.map(({ kind }) => kind)).to.deep.equal(['Namespace', 'CronJob', 'ConfigMap'])
    expect(namespace.metadata.labels).to.deep.equal({ 'jobcap.dev/inject': 'enabled' })
    expect(jobTemplate.spec).to.include({ completionMode: 'Indexed', completions: 40, parallelism: 8, backoffLimit: 6 })
    const [container, ...more] = jobTemplate.spec.template.spec.containers
    expect(more).to.deep.equal([])
    expect(container?.resources).to.have.keys('requests', 'limits')
    const secretKeyRef = { name: 'stripe', key: 'api-key' }
    expect(container?.env).to.deep.include({ name: 'STRIPE_API_KEY', valueFrom: { secretKeyRef } })
  })

  it('bills 400 customers once each, every one another amount, 10 to an index, well above a cap of $500', () => {
    expect(header).to.equal('customer,amount,payment_method,invoice')
    expect(customers).to.have.length(40 * 10)
    expect(new Set(customers.map(({ id }) => id)).size).to.equal(400)
    expect(new Set(customers.map(({ amountMinor }) => amountMinor)).size).to.equal(400)
    for (const { amountMinor } of customers) expect(amountMinor).to.be.within(200, 1500)
    expect(customers.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).to.equal(298_524)
  })

  it('has a policy that the schema takes, and the Job asks for no more than it allows', () => {
    const read = parsePolicies(readFileSync(join(FOLDER, 'policy.yaml'), 'utf8'), 'policy.yaml')
    if ('problems' in read) throw new Error(read.problems.map(({ message }) => message).join('; '))
    const [policy] = read.policies
    expect(policy?.name).to.equal('default')
    const asked = jobTemplate.metadata.annotations['jobcap.dev/cap-usd']
    expect(Number(asked) * 1_000_000).to.be.at.most(Number(policy?.caps.perRunMaxUsdMicros))
  })
})

interface Ended {
  code: number | null
  out: string
  err: string
}

async function run(command: string, args: string[], environment: Record<string, string>): Promise<Ended> {
  const env = { PATH: process.env['PATH'] ?? '', ...environment }
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, err }
}

describe('the programs of the nightly billing example', () => {
  let folder: string
  let customersFile: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nightly-'))
    customersFile = join(folder, 'customers.csv')
    writeFileSync(customersFile, csv)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  describe('bill.mjs', () => {
    let fake: RunningVendor
    beforeEach(async () => {
      fake = await startFakeVendor({
        listen: ANY_PORT,
        control: ANY_PORT,
        truthFile: join(folder, 'truth.ndjson'),
        log: createLog('fake', 'error'),
        vendor: (clock) => fakeStripe({ secret: SECRET, clock, random: systemRandom }),
      })
    })
    afterEach(() => fake.drain())

    const bill = (index: number, apiKey = SECRET) => {
      const { hostname, port } = new URL(fake.url)
      return run(process.execPath, [join(FOLDER, 'bill.mjs')], {
        JOB_COMPLETION_INDEX: String(index),
        CUSTOMERS_FILE: customersFile,
        STRIPE_API_KEY: apiKey,
        JOBCAP_STRIPE_HOST: hostname,
        JOBCAP_STRIPE_PORT: port,
      })
    }

    it('charges exactly the ten customers of its index, in order, and exits 0', async () => {
      const ended = await bill(2)
      expect([ended.code, ended.err]).to.deep.equal([0, ''])
      expect(ended.out.trim().split('\n')).to.have.length(10)
      const charged = callsOf(fake.truth.lines, 'effect').map((line) => [line.customer, line.movedMinor])
      expect(charged).to.deep.equal(customers.slice(20, 30).map(({ id, amountMinor }) => [id, amountMinor]))
    })

    it('exits 1 at the first error and says which', async () => {
      const ended = await bill(0, 'sk_test_wrong')
      expect(ended.code).to.equal(1)
      expect(ended.err).to.contain('StripeAuthenticationError')
      expect(callsOf(fake.truth.lines, 'refused')).to.have.length(1)
    })
  })

  describe('bill.py', () => {
    interface Charge {
      customer: string
      amount: number
    }
    let server: RunningServer
    let asked: { headers: IncomingMessage['headers']; body: Charge }[]
    let answer: (charge: Charge, response: ServerResponse) => void

    before(function () {
      if (spawnSync('python3', ['-c', 'import requests']).status === 0) return
      skip(this, 'python3 with requests is not on this machine')
    })
    beforeEach(async () => {
      asked = []
      server = await startHttpServer({
        listen: ANY_PORT,
        handler: (request, response) => {
          void text(request).then((sent) => {
            const body = JSON.parse(sent) as Charge
            asked.push({ headers: request.headers, body })
            answer(body, response)
          })
        },
      })
    })
    afterEach(() => server.drain())

    /** The program as it is, but for the port that it calls. */
    const bill = async () => {
      const port = 'port' in server.address ? server.address.port : 0
      const program = join(folder, 'bill.py')
      copyFileSync(join(FOLDER, 'bill.py'), program)
      const source = readFileSync(program, 'utf8')
      expect(source).to.contain('http://localhost:8080/stripe/v1/payment_intents')
      writeFileSync(program, source.replace('localhost:8080', `127.0.0.1:${port}`))
      return await run('python3', [program], { JOB_COMPLETION_INDEX: '13', CUSTOMERS_FILE: customersFile })
    }
    const reply = (response: ServerResponse, status: number, body: object) => {
      response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' }).end(JSON.stringify(body))
    }

    it('sends JSON with a named idempotency key for each of its ten customers, and exits 0', async () => {
      answer = ({ amount }, response) => reply(response, 200, { id: 'pi_1', amount })
      const ended = await bill()
      expect([ended.code, ended.err]).to.deep.equal([0, ''])
      expect(ended.out.trim().split('\n')).to.have.length(10)
      const mine = customers.slice(130, 140)
      expect(asked.map(({ body }) => [body.customer, body.amount])).to.deep.equal(
        mine.map(({ id, amountMinor }) => [id, amountMinor]),
      )
      expect(asked[0]?.headers['idempotency-key']).to.equal('invoice-2026-11-cus_0131')
    })

    it('stops without an error when the cap is reached', async () => {
      answer = (_, response) => reply(response, 429, { code: 'cap_exhausted', message: 'The cap is reached.' })
      const ended = await bill()
      expect([ended.code, asked.length]).to.deep.equal([0, 1])
      expect(ended.out).to.contain('cap reached')
    })

    it('fails on any other error', async () => {
      answer = (_, response) => reply(response, 503, { code: 'ledger_unreachable' })
      const ended = await bill()
      expect([ended.code, asked.length]).to.deep.equal([1, 1])
      expect(ended.err).to.contain('HTTPError')
    })
  })
})
