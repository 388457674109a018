import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, type AgentOptions } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import Stripe from 'stripe'
import { asJobUid, asPodUid } from '../../contract/ids.ts'
import { TERMS_ANNOTATION, TOKEN_AUDIENCE } from '../../contract/labels.ts'
import type { TermsAsked } from '../../contract/workload.ts'
import { createLedgerClient } from '../../ledger/client.ts'
import { readOrCreateKeyFile } from '../../runtime/key-file.ts'
import { signPodToken } from '../../runtime/pod-token.ts'
import { systemRandom } from '../../runtime/random.ts'
import { freePort } from '../../tools/scene/free-port.ts'
import { proxyListens } from '../../tools/scene/proxy-listens.ts'
import { newStateDir } from './stand-in/ledger.ts'

const POLICY = (vendorUrl: string) => `
apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  namespaceSelector: {matchLabels: {jobcap.dev/inject: enabled}}
  caps: {perRunUsd: {default: "30.00", max: "100.00"}}
  vendors:
  - name: stripe
    type: stripe
    baseUrl: ${vendorUrl}
    secretRef: {name: stripe, key: api-key}
    allowedEndpoints: ["POST /v1/payment_intents", "GET /v1/*"]
`

describe('the whole path: the official Stripe package, sidecar, ledger, fake Stripe', function () {
  this.timeout(60_000)
  let folder: string
  let children: ChildProcess[]
  let vendorUrl: string
  let ledgerPort: number
  let proxyPort: number

  const start = (args: readonly string[], env: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    children.push(child)
    return child
  }
  const ready = async (child: ChildProcess): Promise<Record<string, string>> => {
    if (child.stdout === null) expect.fail('no standard output')
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    return JSON.parse(line) as Record<string, string>
  }
  const exitOf = async (child: ChildProcess) => ((await once(child, 'close')) as [number | null])[0]
  const endOf = (child: ChildProcess) => {
    const exit = exitOf(child)
    child.kill('SIGTERM')
    return exit
  }
  const startLedger = async () => {
    const ledger = start([
      'ledger/main.ts',
      ...['--policy', join(folder, 'policy.yaml'), '--store', `sqlite:${join(folder, 'ledger.db')}`],
      ...[
        '--state',
        join(folder, 'state'),
        '--secrets',
        join(folder, 'secrets'),
        '--listen',
        `127.0.0.1:${ledgerPort}`,
      ],
    ])
    await ready(ledger)
    return ledger
  }
  const env = () => ({
    JOBCAP_LEDGER_URL: `http://127.0.0.1:${ledgerPort}`,
    JOBCAP_TOKEN_FILE: join(folder, 'token'),
    JOBCAP_STATE_DIR: join(folder, 'pod'),
    JOBCAP_TERMINATION_LOG: join(folder, 'termination-log'),
    JOBCAP_PORT: String(proxyPort),
  })
  const startProxy = () => start(['sidecar/proxy/main.ts'], env())
  const startPod = async () => {
    const proxy = startProxy()
    expect(await exitOf(start(['sidecar/issuer/main.ts'], env()))).to.equal(0)
    return proxy
  }
  beforeEach(async () => {
    children = []
    folder = newStateDir()
    for (const name of ['state', 'secrets', 'pod']) mkdirSync(join(folder, name), { mode: 0o700 })
    writeFileSync(join(folder, 'secrets', 'stripe.api-key'), 'sk_test_real')
    const truth = ['--truth', join(folder, 'truth.ndjson'), '--secret', 'sk_test_real']
    vendorUrl = (await ready(start(['fake-vendors/stripe/main.ts', ...truth])))['url'] ?? ''
    writeFileSync(join(folder, 'policy.yaml'), POLICY(vendorUrl))
    ;[ledgerPort, proxyPort] = [await freePort(), await freePort()]
    writeFileSync(join(folder, 'token'), podToken(join(folder, 'state', 'pod-token-key')))
  })

  afterEach(() => {
    for (const child of children) child.kill('SIGKILL')
  })

  it('charges each intention once through a kill of the ledger and of the sidecar, and ends with 93 at the cap', async () => {
    let ledger = await startLedger()
    let proxy = await startPod()
    const stripe = stripeAt(proxyPort)
    const charge = (amount: number) =>
      stripe.paymentIntents.create({
        amount,
        currency: 'usd',
        customer: 'cus_1',
        confirm: true,
        payment_method: 'pm_card_visa',
      })
    const first = await charge(500)
    const second = await charge(500)
    expect(second.id, 'the same content again is a new intention').to.not.equal(first.id)
    ledger.kill('SIGKILL')
    await once(ledger, 'close')
    const third = charge(500)
    ledger = await startLedger()
    expect((await third).id).to.not.be.oneOf([first.id, second.id])
    proxy.kill('SIGKILL')
    await once(proxy, 'close')
    proxy = startProxy()
    await proxyListens(proxyPort)
    const other = await charge(700)
    expect(other.amount).to.equal(700)
    const spent = await charge(900).catch((fault: unknown) => fault as Error)
    expect(spent).to.include({ code: 'cap_exhausted', statusCode: 429 })
    expect(await endOf(proxy)).to.equal(93)
    expect(JSON.parse(readFileSync(join(folder, 'termination-log'), 'utf8'))).to.include({
      level: 'run',
      limitUsd: '30.00',
      spentUsd: '22.00',
    })
    expect(new Set((await stripeTruth()).map(({ id }) => id)).size).to.equal(4)
  })

  it('ends with 93 after a revocation, and no call passes any more', async () => {
    await startLedger()
    const proxy = await startPod()
    const operatorToken = readFileSync(join(folder, 'state', 'operator-token'), 'utf8').trim()
    const operator = createLedgerClient({ address: `http://127.0.0.1:${ledgerPort}`, operatorToken })
    const [key] = await operator.listKeys({})
    await operator.revokeKey(key?.key_id ?? '')
    const refused = await stripeAt(proxyPort)
      .paymentIntents.create({ amount: 500, currency: 'usd', customer: 'cus_1' })
      .catch((fault: unknown) => fault as Error)
    expect(refused).to.include({ statusCode: 401 })
    expect(await endOf(proxy)).to.equal(93)
  })

  it('pays nothing while its policy is gone, and goes on as if it had never been once it is there again', async () => {
    const policy = join(folder, 'policy.yaml')
    const text = readFileSync(policy, 'utf8')
    await startLedger()
    const proxy = await startPod()
    // One that would ask again by itself would not show that the sidecar does.
    const stripe = stripeAt(proxyPort, 0)
    const charge = (amount: number) => stripe.paymentIntents.create({ amount, currency: 'usd', customer: 'cus_1' })
    await charge(500)
    writeFileSync(policy, text.replace('name: default', 'name: another'))
    const held = charge(700)
    await refusedOnce('policy_missing')
    expect(await stripeTruth()).to.have.length(1)
    writeFileSync(policy, text)
    expect((await held).amount).to.equal(700)
    expect(await stripeTruth()).to.have.length(2)
    expect(await endOf(proxy)).to.equal(0)
  })

  it('starts a Pod that came while its policy was gone', async () => {
    const policy = join(folder, 'policy.yaml')
    const text = readFileSync(policy, 'utf8')
    writeFileSync(policy, text.replace('name: default', 'name: another'))
    await startLedger()
    startProxy()
    const issuer = start(['sidecar/issuer/main.ts'], env())
    const exit = exitOf(issuer)
    await refusedOnce('policy_missing')
    writeFileSync(policy, text)
    expect(await exit).to.equal(0)
  })

  /** By the ledger's count. */
  async function refusedOnce(code: string): Promise<void> {
    for (;;) {
      const metrics = await (await fetch(`http://127.0.0.1:${ledgerPort}/metrics`)).text()
      if (metrics.split('\n').some((line) => line.includes('refusals_total') && line.includes(code))) return
    }
  }

  /** The vendor's own list, asked with its real secret. */
  async function stripeTruth(): Promise<{ id: string }[]> {
    const answer = await fetch(`${vendorUrl}/v1/payment_intents?limit=100`, {
      headers: { authorization: 'Bearer sk_test_real' },
    })
    return ((await answer.json()) as { data: { id: string }[] }).data
  }
})

function podToken(keyFile: string): string {
  const terms: TermsAsked = { policy: 'default' }
  return signPodToken(
    {
      audience: TOKEN_AUDIENCE,
      expiresAtMs: Date.now() + 3_600_000,
      facts: {
        namespace: 'billing',
        namespaceLabels: { 'jobcap.dev/inject': 'enabled' },
        pod: {
          name: 'bill-0',
          uid: asPodUid('pod-1'),
          index: 0,
          isEnding: false,
          templateAnnotations: { [TERMS_ANNOTATION]: JSON.stringify(terms) },
        },
        job: {
          name: 'bill',
          uid: asJobUid('job-1'),
          labels: {},
          completionMode: 'Indexed',
          completions: 1,
          isEnded: false,
        },
      },
    },
    readOrCreateKeyFile(keyFile, systemRandom),
  )
}

/** What hostAliases do in a Pod. */
function stripeAt(port: number, maxNetworkRetries = 1): Stripe {
  const lookup: AgentOptions['lookup'] = (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }])
  const httpAgent = new Agent({ keepAlive: true, lookup })
  const place = { host: 'stripe.localhost', port, protocol: 'http' } as const
  return new Stripe('sk_test_placeholder', { ...place, httpAgent, maxNetworkRetries })
}
