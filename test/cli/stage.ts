import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Context } from 'mocha'
import { type VendorControl, vendorControl } from '../../fake-vendors/client.ts'
import { type RunningVendor, startFakeVendor } from '../../fake-vendors/start.ts'
import { fakeStripe } from '../../fake-vendors/stripe/stripe.ts'
import { callsOf } from '../../fake-vendors/truth.ts'
import { createLog } from '../../runtime/log.ts'
import { systemRandom } from '../../runtime/random.ts'
import { skip } from '../../tools/test/skip.ts'
import { openTestMachine } from '../local/machine.ts'
import { type CommandOptions, CommandRun } from './command-run.ts'

const APP = join(import.meta.dirname, 'fixtures/charge.mjs')
const ANY_PORT = { host: '127.0.0.1', port: 0 }
export const SECRET = 'sk_test_the_real_one'

/** A folder with a policy, a Job, a secret and a state folder, and a fake Stripe; all that it starts ends with it. */
export class CliStage {
  readonly folder: string
  readonly control: VendorControl
  readonly #vendor: RunningVendor
  readonly #running = new Set<CommandRun>()

  private constructor(folder: string, vendor: RunningVendor) {
    this.folder = folder
    this.#vendor = vendor
    this.control = vendorControl(vendor.controlUrl)
  }

  static async open(): Promise<CliStage> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'jobcap-cli-')))
    const vendor = await startFakeVendor({
      ...{ listen: ANY_PORT, control: ANY_PORT, truthFile: join(folder, 'truth.ndjson') },
      log: createLog('stripe', 'silent'),
      vendor: (clock) => fakeStripe({ clock, random: systemRandom, secret: SECRET }),
    })
    const stage = new CliStage(folder, vendor)
    copyFileSync(APP, join(folder, 'charge.mjs'))
    stage.write('secrets/stripe/api-key', SECRET)
    stage.write('policy.yaml', stage.policy())
    stage.write('job.yaml', job())
    return stage
  }

  get state(): string {
    return join(this.folder, 'state')
  }

  /** Charges that happened at the vendor. */
  get charges(): number {
    return callsOf(this.#vendor.truth.lines, 'effect').length
  }

  write(file: string, text: string): string {
    const path = join(this.folder, file)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }

  policy(more = ''): string {
    return `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  caps: {perRunUsd: {default: "10.00", max: "100.00"}}
  ${more}
  vendors:
  - name: stripe
    type: stripe
    baseUrl: ${this.#vendor.url}
    secretRef: {name: stripe, key: api-key}
    allowedEndpoints: ["POST /v1/payment_intents"]
`
  }

  /** `jobcap` with these words. */
  start(args: readonly string[], options: Partial<CommandOptions> = {}): CommandRun {
    const run = new CommandRun(args, { folder: this.folder, ...options })
    this.#running.add(run)
    void run.ended.finally(() => this.#running.delete(run))
    return run
  }

  /** `jobcap run` of the folder's Job. */
  startRun(args: readonly string[] = [], options: Partial<CommandOptions> = {}): CommandRun {
    const files = args.includes('-f') ? [] : ['-f', 'job.yaml']
    const usual = ['--policy', 'policy.yaml', '--secrets', 'secrets', '--state', 'state']
    return this.start(['run', ...files, ...usual, ...args], options)
  }

  /** A command on the state folder's ledger, to its end. */
  async ask(...args: readonly string[]): Promise<CommandRun & { readonly code: number | null }> {
    const run = this.start([...args, '--state', 'state'])
    return Object.assign(run, { code: await run.ended })
  }

  async close(): Promise<void> {
    for (const run of this.#running) run.signal('SIGKILL')
    await Promise.all([...this.#running].map(({ ended }) => ended))
    await this.#vendor.drain()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Skips what two Pods at once, or a Pod that sees less than its person, are needed for. */
export async function needsPodNetwork(this: Context): Promise<void> {
  const opened = await openTestMachine()
  const network = opened?.machine.isolation.network
  opened?.close()
  if (network !== 'pod') skip(this, 'needs namespaces, which this machine does not allow')
}

/** A Job of one container. `pod` and `spec` are more fields, in YAML. */
export function job(
  more: {
    readonly name?: string
    readonly namespace?: string
    readonly spec?: string
    readonly pod?: string
    readonly command?: string
  } = {},
): string {
  return `apiVersion: batch/v1
kind: Job
metadata: {name: ${more.name ?? 'bill'}, namespace: ${more.namespace ?? 'billing'}}
spec:
  ${more.spec ?? 'backoffLimit: 0'}
  template:
    spec:
      restartPolicy: Never
      ${more.pod ?? ''}
      containers:
      - {name: app, image: billing, ${more.command ?? 'command: [node, charge.mjs, "1"]'}}
`
}
