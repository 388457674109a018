import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import type { AuditEvent } from '../../contract/audit.ts'
import { type VendorControl, vendorControl } from '../../fake-vendors/client.ts'
import { readTruth, type TruthLine } from '../../fake-vendors/truth.ts'
import { createLedgerClient, type LedgerClient } from '../../ledger/client.ts'
import { SIDECAR_BUNDLES, sidecarOptions } from '../bundle/bundles.ts'
import type { VendorSdks } from './case.ts'
import { type Process, start } from './process.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Short, so that a silent vendor is given up within a test; the ledger repeats within it. */
const VENDOR_DEADLINE_MS = 1_500
const REPAIR_EVERY_MS = 200
/** A language model may think longer before its first byte; what it was held back for is then no loss. */
const MODEL_DEADLINE_MS = 5_000

/** One fake vendor and one ledger, each a process, for one SDK. */
export class World {
  readonly of: VendorSdks
  readonly folder: string
  readonly control: VendorControl
  readonly #truthFile: string
  readonly #vendor: Process
  #ledger: Process | undefined
  #jobs = 0

  private constructor(of: VendorSdks, made: { folder: string; vendor: Process; controlUrl: string }) {
    this.of = of
    this.folder = made.folder
    this.#vendor = made.vendor
    this.#truthFile = join(made.folder, 'truth.ndjson')
    this.control = vendorControl(made.controlUrl)
  }

  static async start(of: VendorSdks): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'jobcap-sdks-'))
    for (const name of ['secrets', `secrets/${of.vendor}`]) mkdirSync(join(folder, name), { mode: 0o700 })
    writeFileSync(join(folder, 'secrets', of.vendor, 'key'), of.secret, { mode: 0o600 })
    await bundleSidecar(folder)
    const main = join(ROOT, 'fake-vendors', of.vendor, 'main.ts')
    const vendor = start([process.execPath, main, '--truth', join(folder, 'truth.ndjson'), '--secret', of.secret])
    const { url, control } = await readyLine<{ url: string; control: string }>(vendor)
    writeFileSync(join(folder, 'policy.yaml'), policyText(of, url))
    const world = new World(of, { folder, vendor, controlUrl: control })
    await world.startLedger()
    return world
  }

  /** `jobcap-proxy` or `jobcap-issuer`, as it ships. */
  sidecarFile(name: string): string {
    return join(this.folder, 'dist', `${name}.cjs`)
  }

  get ledgerAddress(): string {
    return `unix:${join(this.folder, 'ledger.sock')}`
  }

  /** Of the operators. */
  get ledger(): LedgerClient {
    const operatorToken = readFileSync(join(this.folder, 'state/operator-token'), 'utf8').trim()
    return createLedgerClient({ address: this.ledgerAddress, operatorToken })
  }

  async startLedger(): Promise<void> {
    const files = ['--policy', 'policy.yaml', '--store', 'sqlite:ledger.db', '--state', 'state', '--secrets', 'secrets']
    const times = ['--vendor-deadline-ms', String(VENDOR_DEADLINE_MS), '--repair-every-ms', String(REPAIR_EVERY_MS)]
    times.push('--model-deadline-ms', String(MODEL_DEADLINE_MS))
    const args = [join(ROOT, 'ledger/main.ts'), ...files, ...times, '--listen', this.ledgerAddress]
    this.#ledger = start([process.execPath, ...args], { cwd: this.folder })
    await readyLine(this.#ledger)
  }

  /** Ends it like a power cut and starts its successor. */
  async killLedger(): Promise<void> {
    await this.#ledger?.end('SIGKILL')
    await this.startLedger()
  }

  ledgerLog(): string {
    return this.#ledger?.log() ?? ''
  }

  nextJobName(): string {
    this.#jobs += 1
    return `job${this.#jobs}`
  }

  truth(): TruthLine[] {
    return readTruth(this.#truthFile)
  }

  async audit(run: string): Promise<AuditEvent[]> {
    const events: AuditEvent[] = []
    for await (const event of this.ledger.audit({ run })) events.push(event)
    return events
  }

  async stop(): Promise<void> {
    await Promise.all([this.#vendor.end('SIGTERM'), this.#ledger?.end('SIGTERM')])
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** What Pods carry is one file each, which also starts in a fifth of the time of the sources. */
async function bundleSidecar(folder: string): Promise<void> {
  for (const bundle of SIDECAR_BUNDLES) {
    await build({ ...sidecarOptions(bundle), absWorkingDir: ROOT, outfile: join(folder, bundle.file) })
  }
}

function policyText({ vendor, spec = '', policy }: VendorSdks, url: string): string {
  const indented = (text: string, by: string) => text.trim().replaceAll(/^/gm, by)
  return `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  namespaceSelector: {matchLabels: {}}
  caps: {perRunUsd: {default: "500.00", max: "1000.00"}}
${indented(spec, '  ')}
  vendors:
  -
    name: ${vendor}
    secretRef: {name: ${vendor}, key: key}
${indented(policy(url), '    ')}
`
}

/** The line that a process prints when it serves. */
async function readyLine<Line>(child: Process): Promise<Line> {
  const lines = createInterface(child.output)
  const ended = child.ended.then((code): never => {
    throw new Error(`a process ended with ${code} before it was ready: ${child.log()}`)
  })
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string]
  return JSON.parse(line) as Line
}
