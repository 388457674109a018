import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import { PROXY_CONTAINER } from '../../../contract/labels.ts'
import { restartDelayMs } from '../../../local/kubelet/back-off.ts'
import type { ContainerStatus, PodResult } from '../../../local/kubelet/events.ts'
import { BodyRoom } from '../../../runtime/body-room.ts'
import { issue } from '../../../sidecar/issuer/issue.ts'
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
import { SocketProbe } from './socket-probe.ts'
import type { WireRequest } from './wire.ts'

const ISSUER = 'jobcap-issuer'
const STATE_DIR = '/state'
const TOKEN_FILE = '/token'
const TERMINATION_LOG = '/termination-log'
const PORT = 8080
const GRACE_MS = 30_000
const KILLED = 137
const RESTART_BASE_MS = 10_000
const PLACES = { stateDir: STATE_DIR, tokenFile: TOKEN_FILE, terminationLog: TERMINATION_LOG }
const NOWHERE = { isTls: false, host: 'ledger', port: 80 } as const
/** No body of the simulator is so large that it would wait. */
const BODIES_BYTES = 1024 * 1024

export interface PodOptions {
  readonly stage: Stage
  readonly name: string
  readonly token: string
  readonly machine: Machine
  readonly work: Work
  readonly showsQueues: boolean
  /** `restartPolicy: OnFailure` */
  readonly keepsRestarts: boolean
  /** Of the app's n-th start, counted from 1. */
  readonly memory: (start: number) => AppMemory
  readonly ledger: () => LedgerPart | undefined
  readonly onRequest: (request: WireRequest) => void
  readonly onResult: (result: PodResult) => void
  readonly onRestart: () => void
}

/**
 * One Pod: the sidecar, restarted in place when it dies, the issuer beside it, and then the app. Where its Job keeps
 * restarts, issuer and app are restarted in place too, and so is all of it when its node is.
 */
export class PodPart {
  readonly #options: PodOptions
  readonly #volume: PodVolume
  readonly #probe: SocketProbe
  readonly #connections = new Set<Connection>()
  /** Those of ended processes too. */
  readonly #everyConnection: Connection[] = []
  #sidecar: { process: Incarnation; proxy: Proxy; server: Server; arrivals: Arrivals } | null = null
  #issuer: Incarnation | null = null
  #app: { process: Incarnation; app: App } | null = null
  #boots = 0
  #issuerStarts = 0
  #appStarts = 0
  #restarts = 0
  #nodeStarts = 0
  #lastPort = 50_000
  #onSidecarGone: () => void = () => {}
  #isOver = false
  #isEnding = false
  #isStopping = false

  constructor(options: PodOptions) {
    this.#options = options
    this.#probe = new SocketProbe(options.showsQueues)
    this.#volume = new PodVolume(() => this.#socketTable())
    this.#volume.files.set(TOKEN_FILE, options.token)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get restarts(): number {
    return this.#restarts
  }

  start(): void {
    this.#startSidecar()
    this.#startIssuer()
  }

  #startIssuer(): void {
    this.#issuerStarts += 1
    const process = this.#incarnation('issuer', nameOf('issuer', this.#issuerStarts), () => this.#issuerEnded(KILLED))
    this.#issuer = process
    const { clock, timers, random, log } = process
    const [files, ledger, tellProxy] = [this.#volume.door(process), this.#link(process), () => this.#tell(process)]
    const effects = { clock, timers, random, log, files, ledger, tellProxy }
    void issue(effects, { ...PLACES, ledger: NOWHERE, port: PORT, deadlineMs: 300_000 }).then((code) => {
      process.exit()
      if (code !== 0) this.#issuerEnded(code)
      else if (!this.#isEnding) this.#startApp()
    })
  }

  /** SIGTERM, as when the Pod is deleted. */
  stop(): void {
    if (this.#isEnding) return
    this.#isStopping = true
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
    this.#endAll()
    this.#finish(KILLED, KILLED)
  }

  /** Its node starts again: nothing runs for a while, and what is in memory is gone. */
  restartNode(downMs: number): void {
    if (this.#isEnding || !this.#options.keepsRestarts) return
    this.#options.stage.trace.say(this.#options.name, 'starts again with its node')
    this.#nodeStarts += 1
    this.#endAll()
    this.#app = null
    this.#volume.files.clear()
    this.#volume.files.set(TOKEN_FILE, this.#options.token)
    this.#afterwards(downMs, () => this.start())
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
      this.#afterwards(downMs, () => this.#startSidecar())
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
      (pod) => pod.queues.prove(() => this.#probe.start()),
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
    this.#appStarts += 1
    const process = this.#incarnation('app', nameOf('app', this.#appStarts), () => {
      app.closeConnections()
      this.#appEnded(KILLED)
    })
    const app = new App({ process, work, memory: memory(this.#appStarts), dial: (side) => this.#dial(process, side) })
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
    this.#app?.app.closeConnections()
    this.#options.stage.trace.say(`${this.#options.name} app`, `ends with ${code}`)
    if (code !== 0 && this.#isRestarted()) {
      this.#restartInPlace(() => this.#startApp())
      return
    }
    this.#isEnding = true
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

  /** Each of its processes, at once. */
  #endAll(): void {
    this.#issuer?.exit()
    this.#app?.process.exit()
    this.#app?.app.closeConnections()
    this.#endSidecar()
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

  #issuerEnded(code: number): void {
    if (this.#isRestarted()) this.#restartInPlace(() => this.#startIssuer())
    else this.#fail(ISSUER, code)
  }

  #isRestarted(): boolean {
    return this.#options.keepsRestarts && !this.#isStopping && !this.#isEnding
  }

  #restartInPlace(start: () => void): void {
    this.#afterwards(restartDelayMs(this.#restarts, RESTART_BASE_MS), start)
    this.#restarts += 1
    this.#options.onRestart()
  }

  /** Unless the Pod ends, or its node starts again, by then. */
  #afterwards(delayMs: number, act: () => void): void {
    const start = this.#nodeStarts
    this.#options.stage.scheduler.after(delayMs, () => {
      if (!this.#isEnding && this.#nodeStarts === start) act()
    })
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
    return ['head', ...lines, this.#probe.tableLine()].join('\n')
  }
}

const NO_PASSTHROUGH: Passthrough = {
  ask: () => Promise.reject(new Error('no reads are simulated')),
  upgrade: () => Promise.reject(new Error('no upgrades are simulated')),
}

// A call that waits for its turn listens on its app's signal; many may.
EventEmitter.defaultMaxListeners = 100

/** A process' chance goes by its name. */
function nameOf(kind: 'issuer' | 'app', start: number): string {
  return start === 1 ? kind : `${kind}#${start}`
}

function status(name: string, isInit: boolean, exitCode: number): ContainerStatus {
  return { name, isInit, exitCode, restarts: 0, message: '' }
}
