import type { RequestListener } from 'node:http'
import { createReports } from '../../../ledger/call/reports.ts'
import { createSends } from '../../../ledger/call/sends.ts'
import { type LedgerEffects, type PolicySource, Secret, type Workloads } from '../../../ledger/effects.ts'
import { createPodCredentials } from '../../../ledger/identity/pod-credential.ts'
import { createKeyedRuns } from '../../../ledger/identity/run-key.ts'
import { createRunTermsCache } from '../../../ledger/identity/run-terms.ts'
import type { Ledger } from '../../../ledger/ledger.ts'
import { createKnownTotals } from '../../../ledger/operator/run-totals.ts'
import { createRepair } from '../../../ledger/repair/repair.ts'
import type { Walks } from '../../../ledger/repair/walks.ts'
import { createSealer } from '../../../ledger/seal.ts'
import { createListener } from '../../../ledger/server.ts'
import { BodyRoom } from '../../../runtime/body-room.ts'
import { GrowingRoom } from '../../../runtime/growing-room.ts'
import type { Store } from '../../../store/store.ts'
import type { Incarnation } from '../incarnation.ts'
import type { Vendors } from './vendor.ts'
import { vendorNetwork } from './vendor-network.ts'
import { type AnswerWay, serveWire, type WireRequest } from './wire.ts'

const MASTER_KEY = Buffer.alloc(32, 7)
const SECRET = new Secret('sk_test_the_real_one')
const LAST_REPORTS_MS = 5_000
/** Nothing in the simulator is so large that it would wait. */
const LARGE_BYTES = 1024 * 1024
const SETTINGS = { modelDeadlineMs: 80_000, vendorDeadlineMs: 80_000, repairEveryMs: 5_000 }

export interface LedgerPartOptions {
  readonly process: Incarnation
  readonly store: Store
  readonly vendors: Vendors
  readonly workloads: Workloads
  readonly policies: PolicySource
}

/** One ledger process: the real journeys over the simulated store, network and clock. */
export class LedgerPart {
  readonly process: Incarnation
  readonly ledger: Ledger
  readonly #listener: RequestListener
  /** Tells each open request that its connection is gone. */
  readonly #open = new Map<object, () => void>()
  readonly #repair: Walks
  #isTaking = true
  #onIdle: () => void = () => {}

  constructor(options: LedgerPartOptions) {
    this.process = options.process
    this.ledger = ledgerOf(options)
    this.#listener = createListener(this.ledger, (_request, response) => {
      response.writeHead(404).end()
    })
    this.#repair = createRepair(this.ledger)
    void this.#repair.walk()
  }

  /** `onBroken`: the process is gone before it has answered, or in the midst of it. */
  serve(request: WireRequest, told: AnswerWay & { onBroken(): void }): () => void {
    const open = {}
    this.#open.set(open, () => told.onBroken())
    const { stage, chance } = this.process
    let written: Promise<unknown> = Promise.resolve()
    // What the kernel has been handed arrives, also when the process ends right after.
    const write = (tell: () => void) => {
      written = written.then(() => this.process.effect('reply', tell))
    }
    const leave = serveWire(this.#listener, request, {
      onAnswer: (answer) =>
        void this.process.effect('reply', () => {
          this.#closed(open)
          stage.scheduler.after(stage.delayMs(chance), () => told.onAnswer(answer))
        }),
      onHead: (head) => write(() => told.onHead(head)),
      onPart: (part) => write(() => told.onPart(part)),
      onEnd: (isWhole) =>
        write(() => {
          this.#closed(open)
          told.onEnd(isWhole)
        }),
    })
    return () =>
      this.process.wake(stage.delayMs(chance), () => {
        leave()
        this.#closed(open)
      })
  }

  #closed(open: object): void {
    this.#open.delete(open)
    if (this.#open.size === 0) this.#onIdle()
  }

  /** Whether it takes connections. */
  get isTaking(): boolean {
    return this.#isTaking
  }

  /** As `ledger/start.ts` does it at SIGTERM. Resolves when the process may end. */
  async drain(): Promise<void> {
    this.#isTaking = false
    const { promise: isIdle, resolve } = Promise.withResolvers<void>()
    this.#onIdle = resolve
    if (this.#open.size === 0) resolve()
    await Promise.all([isIdle, this.#repair.stop()])
    const { sends, reports, store } = this.ledger
    await sends.idle()
    await reports.flush(LAST_REPORTS_MS)
    sends.stop()
    await store.close()
  }

  /** The process is gone; its kernel closes its connections. */
  breakAll(): void {
    for (const tell of this.#open.values()) tell()
    this.#open.clear()
  }
}

function ledgerOf({ process, store, vendors, workloads, policies }: LedgerPartOptions): Ledger {
  const { clock, timers, random, log } = process
  const doors = { clock, timers, random, log }
  const effects: LedgerEffects = {
    ...doors,
    store,
    network: vendorNetwork(process, vendors),
    workloads,
    policies,
    secrets: { read: () => SECRET },
    metrics: {
      count: () => {},
      set: () => {},
      observe: () => {},
      text: () => Promise.resolve(''),
      contentType: '',
    },
  }
  return {
    ...effects,
    settings: SETTINGS,
    waived: [],
    care: { problemCodes: () => [], giveUp: async () => undefined },
    sealer: createSealer(MASTER_KEY, random),
    credentials: createPodCredentials(MASTER_KEY),
    keyedRuns: createKeyedRuns(MASTER_KEY),
    runTerms: createRunTermsCache(store),
    totals: createKnownTotals(store),
    sends: createSends({ ...doors, store }),
    reports: createReports({ ...doors, store }),
    bodies: new BodyRoom(LARGE_BYTES),
    answers: new GrowingRoom(LARGE_BYTES),
  }
}
