import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { HeldCall, Release } from '../../fake-vendors/holds.ts'
import type { Match } from '../../fake-vendors/match.ts'
import { type FakeVendor, type LedgerProcess, policyText, type Rig, startRig } from '../ledger/rig.ts'
import type { Engine, RunningEngine } from './engine.ts'
import { Tap } from './tap.ts'
import { Wire } from './wire.ts'

const ROOT = join(import.meta.dirname, '../..')

/** A vendor that keeps one answer back after its effect. */
export interface Hold {
  /** Resolves when the vendor is holding a call. */
  held(): Promise<HeldCall>
  /** Lets it go. */
  release(how?: Release): Promise<void>
}

export interface Child {
  readonly process: ChildProcess
  /** All that it said on stderr. */
  log(): string
  /** All that it said on stdout. */
  output(): string
  /** Resolves with the exit code when it has ended; null after a signal. */
  readonly ended: Promise<number | null>
}

/** The parts of the path on one machine, each a process of its own; the test is the Job controller. */
export class World {
  readonly rig: Rig
  readonly #engine: RunningEngine | undefined
  readonly #flags: readonly string[]
  readonly #children = new Set<Child>()
  readonly #lasting = new Set<Child>()
  #taps: Tap[] = []
  #wires: Wire[] = []
  #lastingWires: Wire[] = []
  #ledger: LedgerProcess | undefined
  #jobs = 0
  #wireCount = 0

  private constructor(rig: Rig, flags: readonly string[], engine?: RunningEngine) {
    this.rig = rig
    this.#engine = engine
    this.#flags = flags
  }

  /** Over SQLite. `flags` of every start of the ledger. */
  static async start(...flags: readonly string[]): Promise<World> {
    const world = new World(await startRig(), flags)
    await world.startLedger()
    return world
  }

  /** Over a store of this kind. */
  static async over(engine: Engine, ...flags: readonly string[]): Promise<World> {
    const rig = await startRig()
    const running = await engine.start(rig.folder)
    const world = new World(rig, [...running.flags, ...flags], running)
    await world.startLedger(...running.firstFlags)
    return world
  }

  /** The store of a world that was started over one. */
  get engine(): RunningEngine {
    if (this.#engine === undefined) throw new Error('this world was started without an engine')
    return this.#engine
  }

  get stripe(): FakeVendor {
    return this.rig.stripe
  }

  get geocoder(): FakeVendor {
    return this.rig.geocoder
  }

  get ledger(): LedgerProcess {
    if (this.#ledger === undefined) throw new Error('the ledger is not running')
    return this.#ledger
  }

  get ledgerAddress(): string {
    return `unix:${join(this.rig.folder, 'ledger.sock')}`
  }

  /** `flags` for this start alone. */
  async startLedger(...flags: readonly string[]): Promise<void> {
    this.#ledger = await this.rig.startLedger(['--listen', this.ledgerAddress, ...this.#flags, ...flags])
  }

  /** Ends it like a power cut. */
  async killLedger(): Promise<void> {
    await this.ledger.kill()
    this.#ledger = undefined
  }

  /** SIGTERM; resolves to its exit code. */
  async drainLedger(): Promise<number | null> {
    const { ledger } = this
    this.#ledger = undefined
    return ledger.drain()
  }

  async restartLedger(): Promise<void> {
    await this.killLedger()
    await this.startLedger()
  }

  /** A name that no other Job of this world has. */
  nextJobName(): string {
    this.#jobs += 1
    return `job${this.#jobs}`
  }

  /** The vendor keeps back the answer of the next matching call, whose effect has happened. */
  async holdNext(vendor: FakeVendor = this.stripe, rule: { match?: Match; keyBusy?: boolean } = {}): Promise<Hold> {
    await vendor.control.hold(rule)
    let call: HeldCall | undefined
    const held = async () => {
      call ??= await vendor.control.nextHeld()
      return call
    }
    return { held, release: async (how = 'answer') => vendor.control.release((await held()).id, how) }
  }

  /** A hop to the ledger that can be tampered with. */
  async wire(): Promise<Wire> {
    this.#wireCount += 1
    const socketPath = join(this.rig.folder, `wire${this.#wireCount}.sock`)
    const wire = await Wire.open(socketPath, join(this.rig.folder, 'ledger.sock'))
    this.#wires.push(wire)
    return wire
  }

  /** The hop to the ledger as bytes. */
  async tapLedger(): Promise<Tap> {
    return this.#tap(await Tap.open({ path: join(this.rig.folder, 'ledger.sock') }))
  }

  /** From now on the ledger calls this vendor through the tap, until the test ends. */
  async tapVendor(vendor: FakeVendor): Promise<Tap> {
    const { hostname, port } = new URL(vendor.url)
    const tap = this.#tap(await Tap.open({ host: hostname, port: Number(port) }))
    const way = vendor === this.stripe ? { stripeUrl: tap.url } : { geocoderUrl: tap.url }
    this.rig.writePolicy(policyText(this.rig, way))
    return tap
  }

  #tap(tap: Tap): Tap {
    this.#taps.push(tap)
    return tap
  }

  /** A Node process that ends with the test. */
  startNode(args: readonly string[], env: Readonly<Record<string, string>>): Child {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let log = ''
    let output = ''
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString()
    })
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    const ended = once(child, 'close').then(([code]) => code as number | null)
    const started: Child = { process: child, log: () => log, output: () => output, ended }
    this.#children.add(started)
    void ended.then(() => this.#children.delete(started))
    return started
  }

  /** What runs now outlasts the tests of this file. */
  keep(): void {
    for (const child of this.#children) this.#lasting.add(child)
    this.#lastingWires = [...this.#wires]
  }

  /** After each test: the processes that it started are ended, the vendors keep to their promises, a ledger serves. */
  async endTest(): Promise<void> {
    await endAll([...this.#children].filter((child) => !this.#lasting.has(child)))
    const wires = this.#wires.filter((wire) => !this.#lastingWires.includes(wire))
    this.#wires = this.#lastingWires
    const taps = this.#taps.splice(0)
    if (taps.length > 0) this.rig.writePolicy(policyText(this.rig))
    await Promise.all([...wires, ...taps].map((hop) => hop.close()))
    for (const { control } of [this.stripe, this.geocoder]) {
      await control.clearFaults()
      await control.clearHolds()
    }
    if (this.#ledger === undefined) await this.startLedger()
  }

  async stop(): Promise<void> {
    await endAll([...this.#children])
    await Promise.all([...this.#wires, ...this.#taps].map((hop) => hop.close()))
    await this.#engine?.stop()
    await this.rig.stop()
  }
}

async function endAll(children: readonly Child[]): Promise<void> {
  for (const { process: child } of children) child.kill('SIGKILL')
  await Promise.all(children.map(({ ended }) => ended))
}

/** How a request ended that may lose its connection. */
export function broken(asking: Promise<unknown>): Promise<'answered' | 'broken'> {
  return asking.then(
    () => 'answered',
    () => 'broken',
  )
}
