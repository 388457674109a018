import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { IsolationLevel } from '../../local/namespaces/sandbox.ts'
import { EXAMPLE, type Stage, setStage, writePolicy } from '../../tools/demo/stage.ts'
import { type FakeStripe, startFakeStripe } from '../../tools/scene/fake-stripe.ts'
import { JobcapRun } from '../../tools/scene/jobcap-run.ts'
import { type Charges, judgeCharges } from '../../tools/scene/judge.ts'
import { readLogs } from '../../tools/scene/logs.ts'
import { TOOLS } from '../../tools/scene/places.ts'
import { openTestMachine } from '../local/machine.ts'

/** Whom the tests become where they are root, for the level without root. */
const NOBODY = 65_534
const COMPLETIONS = 4

export interface Level {
  readonly isolation: IsolationLevel
  readonly network?: 'host'
}

/** The nightly example with four completions, run by `jobcap run` at one level against a fake Stripe of its own. */
export class RunScene {
  readonly stage: Stage
  readonly vendor: FakeStripe
  readonly state: string
  readonly #level: Level
  readonly #uid: number | undefined

  private constructor(stage: Stage, vendor: FakeStripe, level: Level) {
    this.stage = stage
    this.vendor = vendor
    this.state = join(stage.folder, 'state')
    this.#level = level
    this.#uid = level.isolation === 'user' && process.getuid?.() === 0 ? NOBODY : undefined
  }

  static async open(level: Level): Promise<RunScene> {
    const stage = setStage()
    const vendor = await startFakeStripe(stage, join(stage.folder, 'truth.ndjson'))
    const scene = new RunScene(stage, vendor, level)
    writePolicy(join(stage.folder, 'policy.yaml'), vendor.url)
    mkdirSync(scene.state, { mode: 0o700 })
    scene.#handOver()
    return scene
  }

  get customers() {
    return this.stage.customers.filter(({ index }) => index < COMPLETIONS)
  }

  get charges(): Charges {
    return judgeCharges(this.customers, this.vendor.truth())
  }

  /** `jobcap run` of the example. */
  run(...more: readonly string[]): JobcapRun {
    const manifest = this.#hasPython() ? this.stage.manifest : this.stage.manifest.replace(/^.*bill\.py.*\n/m, '')
    return this.runText(manifest.replace('completions: 40', `completions: ${COMPLETIONS}`), ...more)
  }

  /** `jobcap run` of this manifest. */
  runText(input: string, ...more: readonly string[]): JobcapRun {
    const { folder, secretsFolder, children } = this.stage
    const { isolation, network } = this.#level
    const level = ['--isolation', isolation, ...(network === undefined ? [] : ['--network', network])]
    const files = [
      '-f',
      '-',
      '--policy',
      join(folder, 'policy.yaml'),
      '--secrets',
      secretsFolder,
      '--state',
      this.state,
    ]
    const uid = this.#uid === undefined ? {} : { uid: this.#uid }
    return new JobcapRun(children, [...files, ...level, ...more], { cwd: EXAMPLE, input, ...uid })
  }

  /** All lines that a Job's containers have written. */
  async linesOf(run: JobcapRun): Promise<string[]> {
    const { summary } = await run.end()
    return readLogs(summary.logs)
  }

  get secret(): string {
    return readFileSync(this.stage.secretFile, 'utf8')
  }

  /** SIGKILL while the vendor holds the answer to the first charge after so many. */
  async killAfter(charges: number, kill: (index: number) => Promise<void>): Promise<void> {
    const { control } = this.vendor
    await control.reached('effect', charges)
    await control.hold()
    const held = await control.nextHeld()
    const customer = this.customers.find(({ id }) => id === held.truth.customer)
    if (customer === undefined) throw new Error(`the held call is for ${held.truth.customer}`)
    await kill(customer.index)
    await control.release(held.id)
  }

  async close(): Promise<void> {
    await this.stage.strike()
  }

  #hasPython(): boolean {
    const uid = this.#uid === undefined ? {} : { uid: this.#uid }
    return spawnSync(join(TOOLS, 'python3'), ['-c', 'import requests'], uid).status === 0
  }

  #handOver(): void {
    if (this.#uid === undefined) return
    spawnSync('chown', ['-R', String(this.#uid), this.stage.folder])
    chmodSync(this.stage.folder, 0o700)
  }
}

/** Why the level cannot be tried on this machine; undefined when it can. */
export async function whyNot({ isolation, network }: Level): Promise<string | undefined> {
  if (isolation === 'root' && process.getuid?.() !== 0) return 'Pods with all of their isolation need root'
  if (isolation === 'root') {
    const machine = await openTestMachine('root')
    if (machine === undefined) return 'this machine does not allow the namespaces of the strongest level, even to root'
    machine.close()
  }
  if (isolation === 'none' || network === 'host') return portProblem(8080)
  const asUser = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  const isolates = ['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', 'true']
  const probe = spawnSync('unshare', isolates, asUser)
  if (isolation === 'user' && spawnSync(join(TOOLS, 'node'), ['--version'], asUser).status !== 0) {
    return `a plain user may not enter the folder of this clone, ${TOOLS}: clone it where all may enter`
  }
  return isolation === 'root' || probe.status === 0 ? undefined : 'a plain user may not make namespaces on this machine'
}

function portProblem(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(`port ${port}, which Pods without a network of their own need, is taken`))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)))
  })
}
