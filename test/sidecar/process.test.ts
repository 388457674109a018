import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { Agent, type AgentOptions, get } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { build } from 'esbuild'
import Stripe from 'stripe'
import { LEAN_NODE } from '../../cli/run/pod-parts.ts'
import { refusal } from '../../contract/refusals.ts'
import { freePort } from '../../tools/scene/free-port.ts'
import { proxyListens } from '../../tools/scene/proxy-listens.ts'
import { AppConnection } from './stand-in/app.ts'
import { newStateDir, StandInLedger } from './stand-in/ledger.ts'

const BODY = 'amount=5&currency=usd&customer=cus_1'

interface Process {
  readonly child: ChildProcess
  readonly exit: Promise<number | null>
  log(): string
}

function run(args: readonly string[], env: Record<string, string>): Process {
  const child = spawn(process.execPath, [...LEAN_NODE, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += String(chunk)
  })
  const exit = once(child, 'close').then(([code]) => code as number | null)
  return { child, exit, log: () => log }
}

describe('issuer and proxy as processes', () => {
  let ledger: StandInLedger
  let stateDir: string
  let port: number
  let env: Record<string, string>
  let proxies: Process[]

  const issue = (more: Record<string, string> = {}) => run(['sidecar/issuer/main.ts'], { ...env, ...more })
  const runProxy = (entry = 'sidecar/proxy/main.ts') => {
    const proxy = run([entry], env)
    proxies.push(proxy)
    return proxy
  }
  /** As in a Pod: the issuer ends once the proxy works with its credential. */
  const startPod = async () => {
    const proxy = runProxy()
    expect(await issue().exit).to.equal(0)
    return proxy
  }
  const stop = (proxy: Process) => {
    proxy.child.kill('SIGTERM')
    return proxy.exit
  }

  beforeEach(async () => {
    ledger = await StandInLedger.start()
    stateDir = newStateDir()
    port = await freePort()
    writeFileSync(join(stateDir, 'token'), 'the-pod-token')
    proxies = []
    env = {
      JOBCAP_LEDGER_URL: ledger.url,
      JOBCAP_TOKEN_FILE: join(stateDir, 'token'),
      JOBCAP_STATE_DIR: stateDir,
      JOBCAP_TERMINATION_LOG: join(stateDir, 'termination-log'),
      JOBCAP_PORT: String(port),
    }
  })

  afterEach(async () => {
    for (const { child } of proxies) child.kill('SIGKILL')
    await ledger.close()
  })

  it('the issuer puts the credential where only its user can read it, and nothing secret into its log', async () => {
    runProxy()
    const issuer = issue()
    expect(await issuer.exit).to.equal(0)
    const path = join(stateDir, 'credential.json')
    expect(statSync(path).mode & 0o777).to.equal(0o400)
    expect(JSON.parse(readFileSync(path, 'utf8')).answer).to.deep.include({ life: 1, credential: 'pod-credential-1' })
    expect(ledger.exchanges).to.deep.equal([{ purpose: 'issue', token: 'Bearer the-pod-token' }])
    expect(issuer.log())
      .to.include('credential issued')
      .and.not.match(/pod-credential|the-pod-token/)
    expect(await issue().exit, 'a second run').to.equal(0)
    expect(ledger.exchanges.at(-1), 'says which life it had').to.include({ purpose: 'issue', life: 1 })
  })

  it('the issuer waits for a ledger that comes later', async () => {
    const { port: ledgerPort } = ledger
    await ledger.close()
    runProxy()
    const issuer = issue()
    await once(issuer.child.stderr ?? process.stdin, 'data')
    await ledger.listen(ledgerPort)
    expect(await issuer.exit).to.equal(0)
  })

  it('the issuer waits for a proxy that comes later, and tells it at once', async () => {
    const issuer = issue()
    while (!issuer.log().includes('credential issued')) await once(issuer.child.stderr ?? process.stdin, 'data')
    expect(issuer.child.exitCode).to.equal(null)
    const proxy = runProxy()
    expect(await issuer.exit).to.equal(0)
    expect(proxy.log()).to.include('"ready"')
  })

  it('the proxy ends at once and with 0 when the issuer was refused', async () => {
    const proxy = runProxy()
    while (!proxy.log().includes('waiting for the issuer')) await once(proxy.child.stderr ?? process.stdin, 'data')
    ledger.refusesExchange = refusal('continue_unknown')
    expect(await issue().exit).to.equal(93)
    expect(await stop(proxy)).to.equal(0)
    expect(ledger.exchanges).to.have.length(1)
  })

  const CODES: readonly [string, number, Parameters<typeof refusal>[0] | null, Record<string, string>][] = [
    ['a refusal that holds for the whole run', 93, 'key_revoked', {}],
    ['a refusal of this Pod', 77, 'pod_ending', {}],
    [
      'a ledger that is not there within the deadline',
      75,
      null,
      { JOBCAP_LEDGER_URL: 'http://127.0.0.1:1', JOBCAP_ISSUE_DEADLINE_MS: '250' },
    ],
    ['a ledger that stays not ready', 75, 'ledger_not_ready', { JOBCAP_ISSUE_DEADLINE_MS: '250' }],
    ['a proxy that is not there within the deadline', 75, null, { JOBCAP_ISSUE_DEADLINE_MS: '250' }],
    ['no address of a ledger', 78, null, { JOBCAP_LEDGER_URL: '' }],
    ['no port of the proxy', 78, null, { JOBCAP_PORT: 'http' }],
    ['no token', 77, null, { JOBCAP_TOKEN_FILE: '/nowhere/token' }],
  ]
  for (const [what, code, refused, more] of CODES) {
    it(`the issuer exits with ${code} after ${what}`, async () => {
      if (refused !== null) ledger.refusesExchange = refusal(refused)
      expect(await issue(more).exit).to.equal(code)
    })
  }

  it('the official Stripe package charges through both, by host name, with retries of its own that stay one call', async () => {
    const proxy = await startPod()
    ledger.onCall = (call) =>
      ledger.calls.length === 2
        ? call.refuse(refusal('vendor_unreachable'))
        : call.answer(200, JSON.stringify({ id: `pi_${ledger.calls.length}`, object: 'payment_intent' }))
    // What hostAliases do in a Pod.
    const lookup: AgentOptions['lookup'] = (_name, _options, found) =>
      found(null, [{ address: '127.0.0.1', family: 4 }])
    const stripe = new Stripe('sk_test_placeholder', {
      host: 'stripe.localhost',
      port,
      protocol: 'http',
      httpAgent: new Agent({ keepAlive: true, lookup }),
    })
    const charge = (customer: string) => stripe.paymentIntents.create({ amount: 500, currency: 'usd', customer })
    expect((await charge('cus_1')).id).to.equal('pi_1')
    expect((await charge('cus_2')).id).to.equal('pi_3')
    expect((await charge('cus_1')).id).to.equal('pi_4')
    const [first, refused, retried, again] = ledger.calls.map(({ claims }) => claims)
    expect(retried?.identity.key).to.deep.equal(refused?.identity.key)
    expect(first?.identity.digest).to.equal(again?.identity.digest)
    expect(again?.seen.map(({ n }) => n)).to.deep.equal([1])
    expect(await stop(proxy)).to.equal(0)
  })

  it('the proxy exits with 93 when the cap is spent, and says how much in its termination message', async () => {
    const proxy = await startPod()
    ledger.onCall = (call) =>
      call.refuse(
        refusal('cap_exhausted', undefined, {
          level: 'run',
          limit_usd: '5.00',
          spent_usd: '4.80',
          reserved_usd: '0.00',
        }),
        {
          capLevel: 'run',
        },
      )
    const app = await AppConnection.open(port)
    await app.post(BODY).answer()
    app.socket.destroy()
    expect(await stop(proxy)).to.equal(93)
    expect(JSON.parse(readFileSync(join(stateDir, 'termination-log'), 'utf8'))).to.include({
      limitUsd: '5.00',
      spentUsd: '4.80',
    })
  })

  it('the proxy hands in what was seen when it is stopped, and counts its boots', async () => {
    const first = await startPod()
    const app = await AppConnection.open(port)
    await app.post(BODY).answer()
    app.socket.end()
    expect(await stop(first)).to.equal(0)
    expect(ledger.seen.map(({ n }) => n)).to.deep.equal([1])
    runProxy()
    await proxyListens(port)
    const next = await AppConnection.open(port)
    await next.post(BODY).answer()
    next.socket.destroy()
    expect(ledger.calls[1]?.claims.ord).to.deep.equal({ boot: 2, seq: 1 })
  })

  it('the proxy waits for its port when another process has it', async () => {
    const squatter = createServer().listen(port, '127.0.0.1')
    await once(squatter, 'listening')
    const proxy = runProxy()
    await once(proxy.child.stderr ?? process.stdin, 'data')
    await new Promise((resolve) => squatter.close(resolve))
    expect(await issue().exit).to.equal(0)
    expect(proxy.child.exitCode).to.equal(null)
  })

  it('the proxy exits with 78 on settings that it cannot work with', async () => {
    env['JOBCAP_VENDOR_PORTS'] = 'stripe'
    const proxy = runProxy()
    expect(await proxy.exit).to.equal(78)
    expect(proxy.log()).to.include('JOBCAP_VENDOR_PORTS')
  })

  it('both are one CommonJS file each, without zod, express, undici or prices, and start from it', async () => {
    for (const part of ['issuer', 'proxy']) {
      const { metafile } = await build({
        entryPoints: [`sidecar/${part}/main.ts`],
        outfile: join(stateDir, `${part}.cjs`),
        bundle: true,
        platform: 'node',
        target: 'node26',
        format: 'cjs',
        metafile: true,
        logLevel: 'silent',
      })
      const banned = /node_modules\/(?:zod|express|undici|better-sqlite3)\/|\.schema\.ts$|\/cost(?:ing)?\.ts$/
      expect(Object.keys(metafile.inputs).filter((path) => banned.test(path))).to.deep.equal([])
    }
    const proxy = runProxy(join(stateDir, 'proxy.cjs'))
    expect(await run([join(stateDir, 'issuer.cjs')], env).exit).to.equal(0)
    get({ port, host: '::1', path: '/stripe/v1/charges' }).on('response', (answer) => answer.resume())
    await ledger.until(() => ledger.calls.length === 1)
    expect(await stop(proxy)).to.equal(0)
  })
})
