import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { AuditEvent } from '../../contract/audit.ts'
import { type VendorControl, vendorControl } from '../../fake-vendors/client.ts'
import { readTruth, type TruthCall } from '../../fake-vendors/truth.ts'
import { createLedgerClient, type LedgerClient } from '../../ledger/client.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What both stand-ins accept. */
export const STRIPE_SECRET = 'sk_test_the_real_one'

/** A folder with a ledger's files and the real processes around them, ended and removed by `stop`. */
export interface Rig {
  readonly folder: string
  readonly stripe: FakeVendor
  /** A vendor that promises nothing about repeats. */
  readonly geocoder: FakeVendor
  writePolicy(text: string): void
  /** Default: Stripe's. */
  writeSecret(secret: string, file?: string): void
  /** Starts the ledger over the same files; `flags` after the usual ones. */
  startLedger(flags?: readonly string[]): Promise<LedgerProcess>
  /** A further stand-in. */
  startVendor(name: VendorName): Promise<FakeVendor>
  stop(): Promise<void>
}

type VendorName = 'stripe' | 'generic' | 'twilio' | 'resend' | 'openai' | 'anthropic' | 'geocoding'

export interface FakeVendor {
  readonly url: string
  readonly control: VendorControl
  /** What happened at the vendor, of one kind. */
  truth(kind: TruthCall['kind']): TruthCall[]
}

export interface LedgerProcess {
  /** Of the first listener. */
  readonly address: string
  readonly client: LedgerClient
  /** All that it logged so far. */
  log(): string
  /** Such as SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void
  /** Ends it like a power cut. */
  kill(): Promise<void>
  /** SIGTERM; resolves to its exit code. */
  drain(): Promise<number | null>
}

export async function startRig(): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'jobcap-ledger-'))
  const running = new Set<ChildProcess>()
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const [stripe, geocoder] = await Promise.all([
    startVendor('stripe', folder, running),
    startVendor('generic', folder, running),
  ])
  const rig: Rig = {
    folder,
    stripe,
    geocoder,
    writePolicy: (text) => write('policy.yaml', text),
    writeSecret: (secret, file = 'stripe/api-key') => write(`secrets/${file}`, `${secret}\n`),
    startLedger: (flags = []) => startLedger(folder, flags, running),
    startVendor: (name) => startVendor(name, folder, running),
    async stop() {
      await Promise.all([...running].map((child) => end(child, 'SIGKILL')))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  rig.writePolicy(policyText(rig))
  rig.writeSecret(STRIPE_SECRET)
  rig.writeSecret(STRIPE_SECRET, 'geo.token')
  return rig
}

/** A policy for both vendors. `spec` and `stripe`: further lines there. */
export function policyText(
  { stripe, geocoder }: Pick<Rig, 'stripe' | 'geocoder'>,
  more: {
    readonly spec?: string
    readonly stripe?: string
    readonly stripeUrl?: string
    readonly geocoderUrl?: string
    readonly lookupUsd?: string
  } = {},
): string {
  return `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  namespaceSelector: {matchLabels: {team: billing}}
  caps: {perRunUsd: {default: "500.00", max: "1000.00"}}
  ${more.spec ?? ''}
  vendors:
  - name: stripe
    type: stripe
    baseUrl: ${more.stripeUrl ?? stripe.url}
    secretRef: {name: stripe, key: api-key}
    allowedEndpoints: ["POST /v1/payment_intents", "POST /v1/payment_intents/*", "POST /v1/charges", "GET /v1/*"]
    ${more.stripe ?? ''}
  - name: geocode
    type: generic
    baseUrl: ${more.geocoderUrl ?? geocoder.url}
    secretRef: {name: geo, key: token}
    auth: {header: X-Api-Key}
    idempotency: never
    routes: [{match: "POST /v1/lookup", usd: "${more.lookupUsd ?? '0.01'}", core: [/address]}]
    allowedEndpoints: ["POST /v1/lookup", "POST /v1/unpriced", "GET /v1/coverage"]
`
}

export async function startVendor(name: VendorName, folder: string, running: Set<ChildProcess>): Promise<FakeVendor> {
  const truthFile = join(folder, `truth-${name}.ndjson`)
  const main = join(ROOT, `fake-vendors/${name}/main.ts`)
  const child = startNode([main, '--truth', truthFile, '--secret', STRIPE_SECRET], running)
  const ready = (await readyLine(child.process, child.log)) as { url: string; control: string }
  return {
    url: ready.url,
    control: vendorControl(ready.control),
    truth: (kind) => readTruth(truthFile).filter((line): line is TruthCall => line.kind === kind),
  }
}

async function startLedger(
  folder: string,
  flags: readonly string[],
  running: Set<ChildProcess>,
): Promise<LedgerProcess> {
  const usual = ['--policy', 'policy.yaml', '--store', 'sqlite:ledger.db', '--state', 'state', '--secrets', 'secrets']
  const listen = flags.includes('--listen') ? [] : ['--listen', '127.0.0.1:0']
  const main = join(ROOT, 'ledger/main.ts')
  const child = startNode([main, ...usual, ...listen, ...flags], running, { cwd: folder })
  const ready = (await readyLine(child.process, child.log)) as { addresses: string[] }
  const address = ready.addresses[0] ?? ''
  const operatorToken = readFileSync(join(folder, 'state/operator-token'), 'utf8').trim()
  return {
    address,
    client: createLedgerClient({ address, operatorToken }),
    log: child.log,
    signal: (signal) => child.process.kill(signal),
    async kill() {
      await end(child.process, 'SIGKILL')
    },
    drain: () => end(child.process, 'SIGTERM'),
  }
}

/** A program of this clone. `environment` comes on top of the test's own. */
export function startNode(
  args: readonly string[],
  running: Set<ChildProcess>,
  { cwd, environment = {} }: { readonly cwd?: string; readonly environment?: Readonly<Record<string, string>> } = {},
) {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
    ...(cwd === undefined ? {} : { cwd }),
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  return { process: child, log: () => log }
}

/** The line that a process prints when it serves; rejects with its log when it ends before. */
export async function readyLine(child: ChildProcess, log: () => string = () => ''): Promise<unknown> {
  if (child.stdout === null) throw new Error('the process has no standard output')
  const lines = createInterface(child.stdout)
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`the process ended with ${code} before it was ready: ${log()}`)
  })
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string]
  return JSON.parse(line)
}

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exited = once(child, 'exit')
  child.kill(signal)
  const [code] = (await exited) as [number | null]
  return code
}

export async function auditOf(ledger: LedgerProcess): Promise<AuditEvent[]> {
  const events: AuditEvent[] = []
  for await (const event of ledger.client.audit()) events.push(event)
  return events
}
