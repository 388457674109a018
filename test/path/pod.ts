import { on } from 'node:events'
import { existsSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import Stripe from 'stripe'
import { LEAN_NODE } from '../../cli/run/pod-parts.ts'
import type { ExchangeAnswer } from '../../contract/exchange.ts'
import type { TermsAsked } from '../../contract/workload.ts'
import { readCredential } from '../../sidecar/credential-file.ts'
import { systemFiles } from '../../sidecar/files.ts'
import { freePort } from '../../tools/scene/free-port.ts'
import { proxyListens } from '../../tools/scene/proxy-listens.ts'
import { type Ask, ask, type Told } from '../ledger/call.ts'
import { podToken } from '../ledger/pod.ts'
import { AppConnection } from '../sidecar/stand-in/app.ts'
import { writeIssued } from '../sidecar/stand-in/sidecar.ts'
import type { Tap } from './tap.ts'
import type { Wire } from './wire.ts'
import { type Child, type World } from './world.ts'

export interface PodOptions {
  /** Default 0. */
  readonly index?: number
  /** The sidecar's hop to the ledger; without one it goes straight. */
  readonly wire?: Wire
  /** The same hop as bytes. */
  readonly tap?: Tap
}

/** What is unusual about a payment; by default 1.00 of customer 1. */
export interface Payment {
  readonly customer?: string | number
  readonly cents?: number
  /** Idempotency-Key of the app. */
  readonly key?: string
  /** Goes into the body, so that it is another content to the same counterparty. */
  readonly description?: string
  readonly signal?: AbortSignal
}

/** What a Pod needs to know of its Job. */
export interface OwnerJob {
  readonly world: World
  readonly name: string
  readonly terms: Partial<TermsAsked>
  readonly runUid: string
  customer(name: string | number): string
}

/** One Pod: sidecar, issuer and the apps that the test plays or starts. */
export class PathPod {
  readonly job: OwnerJob
  readonly name: string
  readonly index: number
  readonly port: number
  /** Killed for good: it is not started again. */
  isLost = false
  readonly #folder: string
  readonly #env: Readonly<Record<string, string>>
  readonly #apps: Child[] = []
  readonly #agents: Agent[] = []
  #sidecar: Child | undefined

  private constructor(job: OwnerJob, made: { name: string; options: PodOptions; port: number }) {
    const { name, options, port } = made
    this.job = job
    this.name = name
    this.index = options.index ?? 0
    this.port = port
    this.#folder = join(job.world.rig.folder, 'pods', name)
    mkdirSync(this.#folder, { recursive: true })
    this.#env = {
      JOBCAP_LEDGER_URL: options.wire?.address ?? options.tap?.url ?? job.world.ledgerAddress,
      JOBCAP_TOKEN_FILE: join(this.#folder, 'token'),
      JOBCAP_STATE_DIR: this.#stateDir,
      JOBCAP_TERMINATION_LOG: join(this.#folder, 'termination-log'),
      JOBCAP_PORT: String(port),
      JOBCAP_ISSUE_DEADLINE_MS: '10000',
    }
    mkdirSync(this.#stateDir)
    const { rig } = job.world
    const shape = { job: job.name, pod: name, index: this.index, terms: job.terms }
    writeFileSync(join(this.#folder, 'token'), podToken(rig, shape))
  }

  static async make(job: OwnerJob, name: string, options: PodOptions): Promise<PathPod> {
    return new PathPod(job, { name, options, port: await freePort() })
  }

  get uid(): string {
    return `uid-${this.name}`
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Runs the issuer to its exit code: 0 once the sidecar works with the credential. */
  issue(): Promise<number | null> {
    return this.job.world.startNode([...LEAN_NODE, 'sidecar/issuer/main.ts'], this.#env).ended
  }

  /** Resolves when it listens. */
  async startSidecar(): Promise<void> {
    this.#sidecar = this.job.world.startNode([...LEAN_NODE, 'sidecar/proxy/main.ts'], this.#env)
    await proxyListens(this.port)
  }

  async killSidecar(): Promise<void> {
    this.#sidecar?.process.kill('SIGKILL')
    await this.#sidecar?.ended
  }

  /** Such as SIGSTOP and SIGCONT. */
  signalSidecar(signal: NodeJS.Signals): void {
    this.#sidecar?.process.kill(signal)
  }

  /** What the kubelet does when a native sidecar has died: the same container again, on the same volume. */
  async restartSidecar(): Promise<void> {
    await this.killSidecar()
    await this.startSidecar()
  }

  /** SIGTERM, once the apps have ended; resolves to the exit code. */
  async endSidecar(): Promise<number | null> {
    this.#closeConnections()
    this.#sidecar?.process.kill('SIGTERM')
    return this.#sidecar === undefined ? null : await this.#sidecar.ended
  }

  sidecarLog(): string {
    return this.#sidecar?.log() ?? ''
  }

  terminationMessage(): string {
    try {
      return readFileSync(join(this.#folder, 'termination-log'), 'utf8')
    } catch {
      return ''
    }
  }

  /** Resolves when the sidecar has written down so many answers as about to be handed over, or as read. */
  async noted(state: 'delivering' | 'seen', times = 1): Promise<void> {
    const file = join(this.#stateDir, 'deliveries.jsonl')
    const lines = state === 'seen' ? /^\["s",/gm : /^\["[dsc]",/gm
    const count = () => (existsSync(file) ? (readFileSync(file, 'latin1').match(lines) ?? []).length : 0)
    const watcher = watch(this.#stateDir)
    const changes = on(watcher, 'change')
    try {
      while (count() < times) await changes.next()
    } finally {
      watcher.close()
    }
  }

  /** What a sidecar that starts again works with. A secret. */
  async credential(): Promise<ExchangeAnswer> {
    const kept = await readCredential(systemFiles, this.#stateDir)
    if (kept === undefined) throw new Error('there is no credential')
    return kept.answer
  }

  /** As an issuer would. */
  replaceCredential(answer: ExchangeAnswer): Promise<void> {
    return writeIssued(this.#stateDir, answer)
  }

  get credentialFile(): string {
    return join(this.#stateDir, 'credential.json')
  }

  get #stateDir(): string {
    return join(this.#folder, 'state')
  }

  /** All its processes die at once, as when its node is lost. */
  async killAll(): Promise<void> {
    this.isLost = true
    this.#closeConnections()
    const children = [...this.#apps, ...(this.#sidecar === undefined ? [] : [this.#sidecar])]
    for (const { process: child } of children) child.kill('SIGKILL')
    await Promise.all(children.map(({ ended }) => ended))
  }

  /** All its processes die at once, and the controller takes notice. */
  async lose(): Promise<void> {
    await this.killAll()
    await this.job.world.ledger.client.endPod(this.job.runUid, this.uid)
  }

  /** An app in a process of its own: what it is to do as JSON, see `fixtures/bill.ts`. */
  startApp(work: object): Child {
    const env = { APP_PORT: String(this.port), APP_WORK: JSON.stringify(work) }
    const app = this.job.world.startNode(['test/path/fixtures/bill.ts'], env)
    this.#apps.push(app)
    return app
  }

  /** One request on a connection of its own. */
  ask(request: Ask): Promise<Told> {
    return ask(this.address, request)
  }

  /** A payment as plain HTTP, without a key unless one is given. */
  pay({ customer, cents = 100, key, description, signal }: Payment = {}): Promise<Told> {
    return this.ask({
      path: '/stripe/v1/payment_intents',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      body: this.body({ ...(customer === undefined ? {} : { customer }), cents, ...(description && { description }) }),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /** The form of a payment. */
  body({ customer = 1, cents = 100, description }: Payment = {}): string {
    const fields = { amount: String(cents), currency: 'usd', customer: this.job.customer(customer), confirm: 'true' }
    const more = { off_session: 'true', ...(description === undefined ? {} : { description }) }
    return new URLSearchParams({ ...fields, ...more }).toString()
  }

  /** A call to the vendor that promises nothing about repeats. */
  lookUp(street: string): Promise<Told> {
    const headers = { 'content-type': 'application/json' }
    return this.ask({ path: '/geocode/v1/lookup', headers, body: JSON.stringify({ address: street }) })
  }

  /** A connection, byte by byte. */
  connect(): Promise<AppConnection> {
    return AppConnection.open(this.port)
  }

  /** The official package, pointed at `stripe.localhost`. Default retries: the package's own. */
  stripe({ retries = 2, keepAlive = true, timeoutMs = 80_000 } = {}): Stripe {
    const agent = new Agent({
      keepAlive,
      // What the Pod's hosts file does.
      lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    })
    this.#agents.push(agent)
    return new Stripe('sk_placeholder', {
      host: 'stripe.localhost',
      port: this.port,
      protocol: 'http',
      httpAgent: agent,
      maxNetworkRetries: retries,
      timeout: timeoutMs,
    })
  }

  /** A payment by the official package; resolves to its id. */
  async charge(stripe: Stripe, { customer = 1, cents = 100 }: Payment = {}): Promise<string> {
    const { id } = await stripe.paymentIntents.create({
      amount: cents,
      currency: 'usd',
      customer: this.job.customer(customer),
      confirm: true,
      off_session: true,
    })
    return id
  }

  #closeConnections(): void {
    for (const agent of this.#agents) agent.destroy()
  }
}
