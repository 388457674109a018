import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { LEAN_NODE } from '../../cli/run/pod-parts.ts'
import { asJobUid, asPodUid } from '../../contract/ids.ts'
import { TERMS_ANNOTATION, TOKEN_AUDIENCE } from '../../contract/labels.ts'
import type { TermsAsked, WorkloadFacts } from '../../contract/workload.ts'
import { signPodToken } from '../../runtime/pod-token.ts'
import { freePorts } from '../scene/free-port.ts'
import type { Call, Told, Way } from './case.ts'
import type { InstalledSdk } from './install.ts'
import { type Process, start } from './process.ts'
import type { World } from './world.ts'

/** What stands around a program: the Pod's hosts file, and how its calls come in. */
const AROUND = join(import.meta.dirname, 'around')
const TOKEN_MS = 600_000

export interface PodPlan {
  readonly world: World
  readonly installed: InstalledSdk
  readonly job: string
  /** 1, 2, 3 … within the Job. */
  readonly attempt: number
  readonly capUsd: string | undefined
  readonly way: Way
}

/** One Pod of completion index 0: sidecar, issuer, and the program that uses the SDK. */
export class Pod {
  readonly #sidecar: Process
  readonly #app: Process
  readonly #answers: AsyncIterator<string>

  private constructor(sidecar: Process, app: Process) {
    this.#sidecar = sidecar
    this.#app = app
    this.#answers = createInterface(app.output)[Symbol.asyncIterator]()
  }

  static async start(plan: PodPlan): Promise<Pod> {
    const { world, job, attempt } = plan
    const folder = join(world.folder, `${job}-${attempt}`)
    mkdirSync(join(folder, 'state'), { recursive: true })
    writeFileSync(join(folder, 'token'), podToken(plan))
    const [port = 0, vendorPort = 0] = await freePorts(2)
    const env = {
      JOBCAP_LEDGER_URL: world.ledgerAddress,
      JOBCAP_TOKEN_FILE: join(folder, 'token'),
      JOBCAP_STATE_DIR: join(folder, 'state'),
      JOBCAP_TERMINATION_LOG: join(folder, 'termination-log'),
      JOBCAP_PORT: String(port),
      JOBCAP_VENDOR_PORTS: `${world.of.vendor}=${vendorPort}`,
    }
    const node = (name: string) => start([process.execPath, ...LEAN_NODE, world.sidecarFile(name)], { env })
    const sidecar = node('jobcap-proxy')
    const issuer = node('jobcap-issuer')
    const code = await issuer.ended
    if (code !== 0) {
      await sidecar.end('SIGKILL')
      throw new Error(`the issuer ended with ${code}: ${issuer.log()}${sidecar.log()}`)
    }
    return new Pod(sidecar, startApp(plan, { port, vendorPort }))
  }

  /** What the call came to for the program. */
  async call({ call, with: args = {} }: Omit<Call, 'sees'>): Promise<Told> {
    this.#app.input.write(`${JSON.stringify({ call, with: args })}\n`)
    const answer: IteratorResult<string, unknown> = await this.#answers.next()
    if (answer.done === true) throw new Error(`the program ended in the middle of \`${call}\`: ${this.#app.log()}`)
    return JSON.parse(answer.value) as Told
  }

  /** The program reads its last call and exits; then the sidecar ends. */
  async end(): Promise<void> {
    this.#app.input.end()
    const code = await this.#app.ended
    await this.#sidecar.end('SIGTERM')
    if (code !== 0) throw new Error(`the program ended with ${code}: ${this.#app.log()}`)
  }

  /** As when its node is lost. */
  async kill(): Promise<void> {
    await Promise.all([this.#app.end('SIGKILL'), this.#sidecar.end('SIGKILL')])
  }

  /** The last lines of each of its parts. */
  get logs(): Readonly<Record<string, string>> {
    return { app: this.#app.log(), sidecar: this.#sidecar.log() }
  }
}

function startApp({ world, installed, way }: PodPlan, at: { port: number; vendorPort: number }): Process {
  const { sdk, folder, command } = installed
  const source = join(import.meta.dirname, world.of.vendor, world.of.programs[sdk.language])
  const isNode = sdk.language === 'node'
  // Node looks for packages from where the program lies; what the program imports of ours lies beside its folder, as here.
  const program = isNode ? join(folder, 'program.mjs') : source
  if (isNode) {
    copyFileSync(source, program)
    placeBeside(folder)
  }
  const env = {
    SDK_AT: JSON.stringify({ way, ...at }),
    PYTHONPATH: `${AROUND}:${folder}`,
    PYTHONDONTWRITEBYTECODE: '1',
    ...(way === 'environment' ? world.of.environment?.(at.port) : {}),
  }
  return start([...command, ...(isNode ? ['--import', join(AROUND, 'hosts.mjs')] : []), program], { env })
}

/** By a link: two SDKs of a vendor run at once, and one must not read what the other is writing. */
function placeBeside(folder: string): void {
  const place = join(folder, '../around')
  if (!existsSync(place)) symlinkSync(AROUND, place)
}

function podToken({ world, job, attempt, capUsd }: PodPlan): string {
  const terms: TermsAsked = { policy: 'default', ...(capUsd === undefined ? {} : { capUsd }) }
  const facts: WorkloadFacts = {
    namespace: 'billing',
    namespaceLabels: {},
    pod: {
      name: `${job}-0-${attempt}`,
      uid: asPodUid(`uid-${job}-0-${attempt}`),
      index: 0,
      isEnding: false,
      templateAnnotations: { [TERMS_ANNOTATION]: JSON.stringify(terms) },
    },
    job: {
      name: job,
      uid: asJobUid(`uid-${job}`),
      labels: {},
      completionMode: 'Indexed',
      completions: 1,
      isEnded: false,
    },
  }
  const key = readFileSync(join(world.folder, 'state/pod-token-key'), 'utf8').trim()
  const token = { audience: TOKEN_AUDIENCE, expiresAtMs: Date.now() + TOKEN_MS, facts }
  return signPodToken(token, Buffer.from(key, 'hex'))
}
