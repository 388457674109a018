import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import { PROXY_CONTAINER } from '../../../contract/labels.ts'
import type { ContainerStatus, PodResult } from '../../../local/kubelet/events.ts'
import { BodyRoom } from '../../../runtime/body-room.ts'
import { issue } from '../../../sidecar/issuer/issue.ts'
import type { LoopbackProbe } from '../../../sidecar/proxy/evidence/receive-queues.ts'
import type { Passthrough } from '../../../sidecar/proxy/passthrough.ts'
import { Proxy } from '../../../sidecar/proxy/proxy.ts'
import { Incarnation, type Machine } from '../incarnation.ts'
import type { PartKind } from '../plan/plan.ts'
import type { Stage } from '../stage.ts'
import { App, type AppMemory, type Work } from './app.ts'
import { Arrivals } from './arrivals.ts'
import { type AppSide, Connection } from './connection.ts'
import type { LedgerPart } from './ledger-part.ts'
import { ledgerLink } from './link.ts'
import { PodVolume } from './pod-files.ts'
import type { WireRequest } from './wire.ts'

const ISSUER = 'jobcap-issuer'
const STATE_DIR = '/state'
const TOKEN_FILE = '/token'
const TERMINATION_LOG = '/termination-log'
const PORT = 8080
const GRACE_MS = 30_000
const KILLED = 137
const PLACES = { stateDir: STATE_DIR, tokenFile: TOKEN_FILE, terminationLog: TERMINATION_LOG }
const NOWHERE = { isTls: false, host: 'ledger', port: 80 } as const
/** No body of the simulator is so large that it would wait. */
const BODIES_BYTES = 1024 * 1024
const PROBE = { app: 40_000, us: 40_001, bytes: 6 }

export interface PodOptions {
  readonly stage: Stage
  readonly name: string
  readonly token: string
  readonly machine: Machine
  readonly work: Work
  readonly showsQueues: boolean
  readonly memory: AppMemory
  readonly ledger: () => LedgerPart | undefined
  readonly onRequest: (request: WireRequest) => void
  readonly onResult: (result: PodResult) => void
}

/** One Pod: the sidecar, restarted in place when it dies, the issuer beside it, and then the app. */
export class PodPart {
  readonly #options: PodOptions
  readonly #volume: PodVolume
  readonly #connections = new Set<Connection>()
  /** Those of ended processes too. */
  readonly #everyConnection: Connection[] = []
  #sidecar: { process: Incarnation; proxy: Proxy; server: Server; arrivals: Arrivals } | null = null
  #issuer: Incarnation | null = null
  #app: { process: Incarnation; app: App } | null = null
  #boots = 0
  #lastPort = 50_000
  #onSidecarGone: () => void = () => {}
  #isProbing = false
  #isOver = false
  #isEnding = false

  constructor(options: PodOptions) {
    this.#options = options
    this.#volume = new PodVolume(() => this.#socketTable())
    this.#volume.files.set(TOKEN_FILE, options.token)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  start(): void {
    this.#startSidecar()
    const process = this.#incarnation('issuer', 'issuer', () => this.#fail(ISSUER, KILLED))
    this.#issuer = process
    const { clock, timers, random, log } = process
    const [files, ledger, tellProxy] = [this.#volume.door(process), this.#link(process), () => this.#tell(process)]
    const effects = { clock, timers, random, log, files, ledger, tellProxy }
    void issue(effects, { ...PLACES, ledger: NOWHERE, port: PORT, deadlineMs: 300_000 }).then((code) => {
      process.exit()
      if (code !== 0) this.#fail(ISSUER, code)
      else if (!this.#isEnding) this.#startApp()
    })
  }

  /** SIGTERM, as when the Pod is deleted. */
  stop(): void {
    if (this.#isEnding) return
    if (this.#app === null) {
      this.#fail(ISSUER, KILLED)
      return
    }
    this.#app.process.exit()
    this.#appEnded(143)
  }

  /** SIGKILL to all of it. */
  kill(): void {
    if (this.#isOver) return
    this.#isEnding = true
    this.#options.stage.trace.say(this.#options.name, 'KILLED')
    this.#issuer?.exit()
    this.#app?.process.exit()
    this.#app?.app.closeConnections()
    this.#endSidecar()
    this.#finish(KILLED, KILLED)
  }

  /** The simulation is over. */
  discard(): void {
    for (const connection of this.#everyConnection) connection.discard()
  }

  #startSidecar(): void {
    this.#boots += 1
    const { stage, name } = this.#options
    const process = this.#incarnation('sidecar', `sidecar#${this.#boots}`, (downMs) => {
      this.#dropConnections()
      this.#sidecar = null
      stage.scheduler.after(downMs, () => {
        if (!this.#isEnding) this.#startSidecar()
      })
    })
    stage.trace.say(`${name} sidecar#${this.#boots}`, 'starts')
    const { clock, timers, random, log } = process
    const files = this.#volume.door(process)
    const bodies = new BodyRoom(BODIES_BYTES)
    const effects = {
      clock,
      timers,
      random,
      log,
      files,
      bodies,
      ledger: this.#link(process),
      passthrough: NO_PASSTHROUGH,
    }
    const config = { ...PLACES, ledger: NOWHERE, port: PORT, vendorPorts: new Map(), drainMs: 20_000 }
    const proxy = new Proxy(effects, config)
    // Its first look at the volume may have been its last.
    if (!process.isAlive) return
    this.#sidecar = { process, proxy, server: proxy.serverFor(), arrivals: new Arrivals(process) }
    void proxy.started.then(
      (pod) => pod.queues.prove(() => this.#probe()),
      () => {},
    )
  }

  /** The issuer's word to the sidecar. Undefined when none listens, or it dies over it. */
  #tell(issuer: Incarnation): Promise<number | undefined> {
    return new Promise((resolve) => {
      const answer = (status?: number) => {
        this.#onSidecarGone = () => {}
        issuer.wake(this.#options.stage.delayMs(issuer.chance), () => resolve(status))
      }
      void issuer.effect('tell', () => {
        if (this.#sidecar === null) return void answer()
        const { process, proxy } = this.#sidecar
        this.#onSidecarGone = answer
        process.wake(1, () => void proxy.takeIssued().then((isTaken) => answer(isTaken ? 200 : 404)))
      })
    })
  }

  #startApp(): void {
    const { work, memory } = this.#options
    const process = this.#incarnation('app', 'app', () => {
      app.closeConnections()
      this.#appEnded(KILLED)
    })
    const app = new App({ process, work, memory, dial: (side) => this.#dial(process, side) })
    this.#app = { process, app }
    void app.run().then((code) => {
      if (!process.isAlive) return
      process.exit()
      this.#appEnded(code)
    })
  }

  #dial(app: Incarnation, side: AppSide): Connection | undefined {
    if (this.#sidecar === null) return undefined
    this.#lastPort += 1
    const { process, server, arrivals } = this.#sidecar
    const ends = { app, sidecar: process, arrivals, appPort: this.#lastPort }
    const connection = new Connection(ends, { side, onTaken: (socket) => server.emit('connection', socket) })
    this.#connections.add(connection)
    this.#everyConnection.push(connection)
    return connection
  }

  /** The kubelet ends the sidecar once the app has ended. */
  #appEnded(code: number): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#app?.app.closeConnections()
    this.#options.stage.trace.say(`${this.#options.name} app`, `ends with ${code}`)
    const sidecar = this.#sidecar
    if (sidecar === null) {
      this.#finish(code, KILLED)
      return
    }
    const end = (sidecarCode: number) => {
      this.#endSidecar()
      this.#finish(code, sidecarCode)
    }
    const { process, proxy } = sidecar
    this.#options.stage.scheduler.after(GRACE_MS, () => end(KILLED))
    process.wake(1, () => void proxy.farewell().then((exitCode) => process.wake(0, () => end(exitCode))))
  }

  #endSidecar(): void {
    const sidecar = this.#sidecar
    if (sidecar === null) return
    this.#sidecar = null
    sidecar.process.exit()
    this.#dropConnections()
  }

  #dropConnections(): void {
    this.#onSidecarGone()
    for (const connection of this.#connections) connection.sidecarGone()
    this.#connections.clear()
  }

  #fail(container: string, code: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isEnding = true
    this.#issuer?.exit()
    this.#endSidecar()
    this.#options.onResult({ phase: 'Failed', containers: [status(container, true, code)] })
  }

  #finish(appCode: number, sidecarCode: number): void {
    if (this.#isOver) return
    this.#isOver = true
    const containers = [status(PROXY_CONTAINER, true, sidecarCode), status('app', false, appCode)]
    this.#options.onResult({ phase: appCode === 0 ? 'Succeeded' : 'Failed', containers })
  }

  #incarnation(kind: PartKind, name: string, onCrash: (downMs: number) => void): Incarnation {
    const { stage, machine } = this.#options
    return new Incarnation(stage, { kind, name: `${this.#options.name} ${name}`, machine, onCrash })
  }

  #link(asker: Incarnation) {
    const { ledger, onRequest } = this.#options
    return ledgerLink({ asker, ledger, onRequest })
  }

  #socketTable(): string {
    const lines = [...this.#connections].flatMap((connection) => connection.tableLines())
    const queue = this.#options.showsQueues && this.#isProbing ? PROBE.bytes : 0
    const probe = [
      `9: 0100007F:${PROBE.app.toString(16)} 0100007F:${PROBE.us.toString(16)} 01 00000000:${queue.toString(16)}`,
    ]
    return ['head', ...lines, ...probe].join('\n')
  }

  async #probe(): Promise<LoopbackProbe> {
    this.#isProbing = true
    return {
      ends: { appAddress: '127.0.0.1', appPort: PROBE.app, ourAddress: '127.0.0.1', ourPort: PROBE.us },
      bytes: PROBE.bytes,
      read: async () => {
        this.#isProbing = false
      },
      close: () => {},
    }
  }
}

const NO_PASSTHROUGH: Passthrough = {
  ask: () => Promise.reject(new Error('no reads are simulated')),
  upgrade: () => Promise.reject(new Error('no upgrades are simulated')),
}

// A call that waits for its turn listens on its app's signal; many may.
EventEmitter.defaultMaxListeners = 100

function status(name: string, isInit: boolean, exitCode: number): ContainerStatus {
  return { name, isInit, exitCode, restarts: 0, message: '' }
}
