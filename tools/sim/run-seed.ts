import type { UsdMicros } from '../../contract/money.ts'
import type { JobCondition } from '../../local/controller/job-state.ts'
import type { Rulebook } from '../../store/rules/rulebook.ts'
import { Faults } from './faults.ts'
import type { Breach } from './judge/breach.ts'
import type { Act, CallPlan, Plan } from './plan/plan.ts'
import { callsOf } from './plan/troubles.ts'
import { Scheduler, settled } from './scheduler.ts'
import type { Stage } from './stage.ts'
import { isUnresolved, type StoredState } from './store/memory-tables.ts'
import { Trace } from './trace.ts'
import { World } from './world.ts'

/** More than any seed has taken that came to an end. */
const MOST_STEPS = 60_000
/** No vendor, no message and no lease is under way after this long without faults. */
const HEAL_MS = 200_000
/** By then every vendor has ended what it was at. */
const VENDORS_END_MS = 150_000
/** Of 50 s each: longer than the lease of a read whose owner has died in the midst of it. */
const MOST_WALKS_OF_A_PERSON = 20
const HEALED_CAP_USD = 50_000

export interface SeedResult {
  readonly seed: number
  readonly steps: number
  readonly crashes: number
  readonly hash: string
  readonly breaches: readonly Breach[]
  readonly lines: readonly string[]
  /** What the store held at the end, and the steps that led there. */
  readonly state: StoredState
}

export interface RunOptions {
  readonly rules: Rulebook
  readonly isTraced: boolean
}

/** Runs one plan to its end and judges it. Deterministic: the same plan gives the same trace. */
export async function runPlan(plan: Plan, { rules, isTraced }: RunOptions): Promise<SeedResult> {
  const breaches: Breach[] = []
  const trace = new Trace(isTraced)
  const scheduler = new Scheduler(trace)
  const faults = new Faults(plan.faults)
  let course: Course | undefined
  const breach = (one: Breach) => {
    trace.say('judge', `BROKEN ${one.kind}: ${one.message}`)
    breaches.push(one)
  }
  const stage: Stage = {
    seed: plan.seed,
    startMs: plan.startMs,
    scheduler,
    trace,
    faults,
    delayMs(chance) {
      if (faults.areOver || chance.is(0.93)) return chance.between(0.05, 1) * plan.slowness
      return chance.between(1, 40) * plan.slowness * (chance.is(0.1) ? 20 : 1)
    },
    onStoreRestart: (how) => course?.restartStore(how),
    onLoggedFault(message, fault) {
      if (message === 'a request failed inside the ledger') breach({ kind: 'fault', message: String(fault) })
    },
  }
  const onFault = (fault: unknown) => breach({ kind: 'fault', message: (fault as Error).stack ?? String(fault) })
  process.on('unhandledRejection', onFault).on('uncaughtException', onFault)
  try {
    course = new Course(stage, plan, { rules, onBreach: breach })
    course.begin()
    const { isOver } = course
    const isDone = await scheduler.run(() => isOver() || breaches.length > 0, MOST_STEPS)
    if (!isDone || (!isOver() && breaches.length === 0)) {
      breach({
        kind: 'stuck',
        message: `no end after ${scheduler.steps} steps and ${scheduler.nowMs / 1000} s: ${course.phase}`,
      })
    }
    const { steps } = scheduler
    const told = { steps, crashes: faults.crashes, hash: trace.hash, breaches: [...breaches], lines: trace.lines }
    return { seed: plan.seed, ...told, state: course.state }
  } finally {
    course?.discard()
    // What still follows from that is judged no more.
    await settled()
    process.off('unhandledRejection', onFault).off('uncaughtException', onFault)
  }
}

/** From the first Job to the last word: the Jobs under faults, then healing, a walk without faults, and the judgement. */
class Course {
  phase = 'begins'
  readonly #stage: Stage
  readonly #plan: Plan
  readonly #world: World
  readonly #onBreach: (breach: Breach) => void
  #isOver = false
  #isRevoked = false
  #hasDeadEnd = false

  constructor(stage: Stage, plan: Plan, how: { rules: Rulebook; onBreach: (breach: Breach) => void }) {
    this.#stage = stage
    this.#plan = plan
    this.#onBreach = how.onBreach
    this.#world = new World(stage, plan, { ...how, onBeyondPromises: () => this.#endUnjudged() })
  }

  readonly isOver = (): boolean => this.#isOver

  get state(): StoredState {
    return this.#world.state
  }

  /** Lets go of what Node would keep. */
  discard(): void {
    this.#world.discard()
  }

  restartStore(how: { awayMs: number; losesMs: number }): void {
    if (this.#plan.store === 'redis') this.#world.ledgers.restartStore(how)
  }

  begin(): void {
    for (const act of this.#plan.acts) {
      this.#stage.scheduler.after(act.atMs, () => {
        if (!this.#stage.faults.areOver) this.#act(act)
      })
    }
    this.#startJob(0)
  }

  #startJob(nth: number): void {
    const job = this.#plan.jobs[nth]
    this.#enter(`job ${nth + 1}`)
    if (job === undefined || this.#isRevoked) this.#heal(() => this.#walkAgain())
    else this.#world.startJob(job, () => this.#startJob(nth + 1))
  }

  /** No more faults. After a while a person says of each call in doubt what the vendor knows. */
  #heal(then: () => void): void {
    this.#enter('heals')
    this.#stage.faults.end()
    this.#world.ledgers.holdUp()
    this.#world.policies.change({
      perDayUsd: null,
      perNamespaceDayUsd: null,
      stripePerDayUsd: null,
      allowsStripe: true,
    })
    this.#stage.scheduler.after(HEAL_MS / 2, () => this.#world.killAllPods())
    this.#stage.scheduler.after(HEAL_MS, () => this.#resolve(1, then))
  }

  #resolve(walk: number, then: () => void): void {
    const unresolved = [...this.#world.state.calls.values()].filter(isUnresolved)
    if (unresolved.length === 0 || walk > MOST_WALKS_OF_A_PERSON) {
      then()
      return
    }
    const taken = new Map<string, number>()
    for (const row of unresolved.filter(({ state }) => state === 'in_doubt')) {
      this.#world.judge.owners.asksPerson(row)
      const word = this.#world.hadEffect(row, taken)
        ? ({ kind: 'effect', spentUsdMicros: row.reservedUsdMicros } as const)
        : ({ kind: 'no_effect' } as const)
      if (word.kind === 'no_effect') this.#world.judge.foundWithoutEffect(row)
      else this.#world.judge.foundWithEffect(row)
      // A call without a kept answer, or with a failure under the app's own key, cannot be replayed or made again.
      if (word.kind === 'effect' || (row.namedKey !== null && row.isFailureSaved)) this.#hasDeadEnd = true
      this.#world.operate(
        `says of ${row.callId.slice(0, 11)}: ${word.kind}`,
        ({ ledger }) => ledger.store.resolveByPerson(row.callId, word),
        () => {},
      )
    }
    this.#stage.scheduler.after(HEAL_MS / 4, () => this.#resolve(walk + 1, then))
  }

  /** The programs once more, without faults and with room under every cap: nothing may be a dead end. */
  #walkAgain(): void {
    const [first] = this.#plan.jobs
    const { key } = this.#world
    if (first === undefined || key === undefined || key.status === 'revoked') {
      this.#judge()
      return
    }
    this.#enter('walks again')
    this.#world.judge.walksAgain()
    const limits = { capUsdMicros: microsOf(HEALED_CAP_USD), dailyCapUsdMicros: null }
    this.#world.limit(limits, () => {
      const job = { ...first, programs: [], capUsd: null, backoffLimit: 6 }
      this.#world.startJob(job, (condition) => {
        this.#judgeWalk(condition)
        this.#heal(() => this.#judge())
      })
    })
  }

  #judgeWalk({ type, message }: JobCondition): void {
    // A body that never repeats cannot be replayed: the app is told so, and a person has to look.
    // Nor can two calls under one name.
    // And in a work queue, and where restarts are kept, a call without a name is always refused.
    const needsNames = this.#plan.queue !== null || this.#plan.keepsRestarts
    const isRefused = (key: CallPlan['key']) => key === 'misnamed' || (needsNames && key !== 'named')
    const mayDiverge = callsOf(this.#plan).some(({ isStamped, key }) => isStamped || isRefused(key))
    // Nor can a call whose answer nobody has: what a person said of it is all that there is.
    // And a failure that the vendor had saved without our knowing shows only now: a person has to look once more.
    const isInDoubt = [...this.#world.state.calls.values()].some(({ state }) => state === 'in_doubt')
    if (type === 'Complete' || mayDiverge || this.#hasDeadEnd || isInDoubt) return
    this.#onBreach({ kind: 'stuck', message: `the walk without faults did not end well: ${message}` })
  }

  #judge(): void {
    this.#world.judge.atEnd()
    for (const key of this.#world.vendors.mixedKeys) {
      this.#onBreach({ kind: 'duplicates', message: `the vendor got other bytes under the key ${key}` })
    }
    this.#enter('over')
    this.#isOver = true
  }

  /** Only a person can help, and what they may do without is what they have been told. */
  #endUnjudged(): void {
    this.#enter('over, and not judged')
    this.#isOver = true
  }

  #longNight(forMs: number): void {
    this.#world.ledgers.holdDown()
    this.#world.killAllPods()
    for (const job of this.#world.jobs) job.hold()
    this.#stage.scheduler.after(VENDORS_END_MS, () => {
      this.#stage.scheduler.leap(forMs)
      this.#world.ledgers.holdUp()
      for (const job of this.#world.jobs) job.goOn()
    })
  }

  #enter(phase: string): void {
    this.phase = phase
    this.#stage.trace.say('course', phase)
  }

  #act(act: Act): void {
    this.#stage.trace.say('act', JSON.stringify(act))
    switch (act.kind) {
      case 'set cap':
        return this.#world.limit({ capUsdMicros: microsOf(act.usd) })
      case 'set day cap':
        return this.#world.limit({ dailyCapUsdMicros: microsOf(act.usd) })
      case 'set policy day cap':
        return this.#world.policies.change({ perDayUsd: act.usd })
      case 'revoke':
        this.#isRevoked = true
        return this.#world.revoke()
      case 'forbid':
        return this.#world.policies.change({ allowsStripe: false })
      case 'clock':
        if (act.machine === 'ledger') this.#world.ledgers.jumpClocks(act.byMs)
        else this.#world.podMachine.offsetMs += act.byMs
        return
      case 'kill pod':
        return this.#world.jobs.at(-1)?.killPod(act.index)
      case 'lose node':
        return this.#world.jobs.at(-1)?.loseNode(act.index, act.lingersMs)
      case 'restart node':
        return this.#world.jobs.at(-1)?.restartNode(act.index, act.downMs)
      case 'ledger down':
        this.#world.ledgers.holdDown()
        this.#stage.scheduler.after(act.forMs, () => this.#world.ledgers.holdUp())
        return
      case 'drain':
        return this.#world.ledgers.drain(act.nth, act.downMs)
      case 'lose journal':
        return this.#world.ledgers.loseJournal(act.nth, act.downMs)
      case 'copy journal':
        return this.#world.ledgers.copies.runBeside(act)
      case 'old journal':
        return this.#world.ledgers.copies.putBack(act)
      case 'store restart':
        return this.restartStore(act)
      case 'store setting':
        if (this.#plan.store === 'redis') this.#world.ledgers.setStoreWrong(act.demand, act.forMs)
        return
      case 'store made anew':
        if (this.#plan.store === 'redis') this.#world.ledgers.loseStore(act.forMs, act.isRestart)
        return
      case 'store emptied':
        if (this.#plan.store === 'redis') this.#world.ledgers.emptyStore(act.forMs, act.isRestart)
        return
      case 'store put back':
        if (this.#plan.store === 'redis') this.#world.ledgers.replaceStore(act)
        return
      case 'long night':
        return this.#longNight(act.forMs)
    }
  }
}

const microsOf = (usd: number): UsdMicros => Math.round(usd * 1e6) as UsdMicros
