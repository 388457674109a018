import type { CallId, HistoryId } from '../../contract/ids.ts'
import type { StoreProblemCode } from '../../contract/store-problems.ts'
import type { Clock } from '../../runtime/clock.ts'
import { fewAtOnce } from '../../runtime/few-at-once.ts'
import type { Log } from '../../runtime/log.ts'
import type { Random } from '../../runtime/random.ts'
import type { Timers } from '../../runtime/timers.ts'
import { JournalFault } from '../journal/disk.ts'
import type { Journal } from '../journal/journal.ts'
import { type CallRow, StoreFault } from '../store.ts'
import type { Barrier } from './barrier.ts'
import { mergeJournal, tellOutcomes } from './merge-journal.ts'
import { OwnReplica, type ReplicaName } from './own-replica.ts'
import { planOf, type RecoveryPlan } from './plan.ts'
import type { DistributedStore, RegistryState } from './registry.ts'
import { Roster } from './roster.ts'

export interface GuardDoors {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
}

export interface GuardOptions extends GuardDoors {
  readonly inner: DistributedStore
  readonly journal: Journal
  readonly replica: ReplicaName
  /** Under which the journal's last entries were written; null: it holds none. */
  readonly lastHistoryId: HistoryId | null
}

const CHECK_EVERY_MS = 5_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000
/** All replicas hand over after a loss, each a moment later than another, or once it was started again. */
const OTHERS_COME_WITHIN_MS = 30_000

/**
 * Says whether the store is known to be whole. At the first doubt it is not, until it has been looked at and every
 * journal that matters is merged into it.
 */
export class Recovery {
  readonly #options: GuardOptions
  readonly #barrier: Barrier
  readonly #own: OwnReplica
  readonly #roster: Roster
  readonly #blocked = Promise.withResolvers<void>()
  readonly #stopChecking: () => void
  #isServing = false
  #callPersonAtMs = Infinity
  /** How many there were: what was found before the newest is not known any more. */
  #doubts = 0
  #isEnding = false
  #hasServed = false
  /** Since it served: what comes back as the history that it knows has been put back, by a server that may not have restarted. */
  #hasMetAnother = false
  /** Run of the server that it serves under. */
  #servedRun = ''
  #problem = 'the ledger is starting'
  #code: StoreProblemCode = 'store_starting'
  #recovering: Promise<void> | undefined

  constructor(options: GuardOptions, barrier: Barrier) {
    this.#options = options
    this.#barrier = barrier
    this.#roster = new Roster(options.journal)
    const { replica: name, lastHistoryId: historyId, inner } = options
    this.#own = new OwnReplica({ ...options, registry: inner.registry, name, historyId })
    inner.onDoubt((why, met) => {
      this.#hasMetAnother ||= met === 'another_history'
      this.doubt(why)
    })
    this.#stopChecking = options.timers.every(CHECK_EVERY_MS, () => void this.#check())
  }

  /** Undefined while the store is known to be whole. */
  problem(): string | undefined {
    return this.#isServing ? undefined : this.#problem
  }

  problemCode(): StoreProblemCode | undefined {
    return this.#isServing ? undefined : this.#code
  }

  /**
   * A person's word that the store is to go on without the journal of a replica. Undefined where nobody waits for it:
   * then there is nothing to give up.
   */
  async giveUp(replicaId: string): Promise<'given_up' | undefined> {
    const { inner, log } = this.#options
    const { plan } = await this.#look()
    const isWaitedFor = plan.kind === 'wait' && plan.missing.includes(replicaId)
    if (!isWaitedFor && !(plan.kind === 'too_old' && replicaId === this.#own.id)) return undefined
    log.warn(
      { replicaId },
      'a person gave up the journal of a replica: calls of it that the store lost may be made again',
    )
    await inner.registry.giveUp(replicaId)
    return 'given_up'
  }

  /** Of these calls those whose end the store has, whoever told it; or whose records have been kept as long as they had to be. */
  async resolved(calls: readonly CallRow[]): Promise<readonly CallId[]> {
    const { inner } = this.#options
    const { historyId } = inner
    const ended: CallId[] = []
    await fewAtOnce(calls, async ({ callId, keyId }) => {
      const state = (await inner.findCall(callId))?.state
      const isPruned = state === undefined && ((await inner.findKey(keyId))?.retention ?? 'kept') !== 'kept'
      if (state === 'settled' || state === 'released' || isPruned) ended.push(callId)
    })
    this.mustServe(historyId)
    return ended
  }

  /**
   * Before a segment of the journal goes the store notes it, in the run that is known to be whole: one that has lost the
   * ends of its calls needs the segment to be made whole.
   */
  async notesDrop(droppedSegment: number): Promise<void> {
    this.mustServe()
    const { historyId } = this.#options.inner
    await this.#own.noteDrop(droppedSegment, { historyId, run: this.#servedRun })
    this.mustServe()
  }

  /** The store must be whole; a step that began under this history must still be under it. */
  mustServe(history: HistoryId = this.#options.inner.historyId): void {
    if (this.#isServing && this.#options.inner.historyId === history) return
    throw new StoreFault(this.#problem, { isTransient: true })
  }

  /** Of what is written down next, a copy of the journal that was made before shows that it lacks it. */
  async keepMarked(): Promise<void> {
    try {
      await this.#own.keepMarked(this.#servedRun)
    } catch (fault) {
      if (!(fault instanceof JournalFault)) this.doubt('the card of this replica was not written')
      throw fault
    }
  }

  /** Resolves when it serves for the first time, or when only a person can help. */
  async start(): Promise<void> {
    this.#recovering ??= this.#recover()
    await Promise.race([this.#recovering, this.#blocked.promise])
  }

  doubt(why: string): void {
    if (this.#isEnding) return
    this.#doubts += 1
    // While it does not serve, what is known to be wrong says more than one more break.
    if (this.#isServing) {
      this.#options.log.warn({ why }, 'the store may have lost something: nothing is sent until it is known')
      this.#problem = `the store may have lost something (${why}); it is being looked at`
      this.#code = 'store_in_doubt'
    }
    this.#isServing = false
    this.#recovering ??= this.#recover()
  }

  /** Nothing is sent any more. A replica that ends so is not waited for by the others. */
  async end(isClean: boolean): Promise<void> {
    this.#isEnding = true
    this.#stopChecking()
    const { inner, random, log } = this.#options
    const { historyId } = this.#own
    if (isClean && this.#isServing && historyId !== null) {
      await inner.registry.leave(this.#own.card(historyId), random.hex(8), this.#servedRun).catch((fault: unknown) => {
        log.warn(
          { err: fault },
          'this replica could not sign off; the others wait for its journal if the store loses something',
        )
      })
    }
    this.#isServing = false
  }

  async #check(): Promise<void> {
    if (!this.#isServing) return
    const { journal, log } = this.#options
    try {
      const { state, plan } = await this.#look()
      if (plan.kind !== 'serve') return this.doubt(`a check found: ${plan.kind}`)
      await this.#roster.note(state)
      // Its disk may have room again, and nothing is asked for until it says so.
      if (journal.problem() !== undefined) await this.#own.enter(state, plan.historyId)
    } catch (fault) {
      // The journal has said by itself that it cannot be written.
      if (!(fault instanceof JournalFault)) log.warn({ err: fault }, 'the store was not checked')
    }
  }

  async #recover(): Promise<void> {
    const { timers, log } = this.#options
    for (let pauseMs = FIRST_PAUSE_MS; !this.#isEnding; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        if (await this.#advance()) break
      } catch (fault) {
        this.#problem = fault instanceof Error ? fault.message : String(fault)
        const code = fault instanceof StoreFault || fault instanceof JournalFault ? fault.problemCode : undefined
        this.#code = code ?? 'store_unreachable'
        log.warn({ err: fault }, 'the store cannot be looked at yet')
      }
      await timers.sleep(pauseMs)
    }
    this.#recovering = undefined
  }

  /** One step towards serving; true when it serves. */
  async #advance(): Promise<boolean> {
    const { inner, journal, random, log } = this.#options
    const { registry } = inner
    const doubts = this.#doubts
    const { state, plan } = await this.#look()
    switch (plan.kind) {
      case 'serve':
        inner.adopt(plan.historyId)
        if (!this.#hasServed) await tellOutcomes(inner, journal, log)
        // If the store forgets them all the next moment, their journals are waited for all the same.
        await this.#roster.note(state)
        if (!(await this.#serve(plan.historyId, { state, doubts }))) return false
        await this.#note(state)
        return true
      case 'catch_up':
        inner.adopt(plan.historyId)
        await mergeJournal(inner, journal, log)
        return this.#serve(plan.historyId, { state, doubts })
      case 'copy':
        this.#own.becomeAnother()
        return false
      case 'begin':
        await registry.begin({ next: random.hex(8) as HistoryId, witness: state.witness.now })
        return false
      case 'hand_over':
        await registry.stopSlots()
        await this.#roster.register(state, registry, plan.historyId)
        // Of two over copies of one journal the second becomes another, which the first waits for.
        await this.#own.enter(state, plan.historyId)
        await this.#barrier.settled()
        inner.adopt(plan.next)
        await mergeJournal(inner, journal, log)
        await registry.handOver(this.#own.id, { next: plan.next, witness: state.witness.now })
        return false
      case 'finish':
        inner.adopt(plan.next)
        await this.#note(state)
        await registry.finish({ next: plan.next, witness: state.witness.now })
        log.info({ historyId: plan.next }, 'the store is whole again')
        return false
      case 'empty':
        this.#hasMetAnother = true
        await this.#announce(state)
        return this.#needsPerson(plan)
      case 'wait':
      case 'too_old':
        return this.#needsPerson(plan)
    }
  }

  /** Whoever is told to begin a store anew where this one was waits for the journals that it had, also one that has none. */
  async #announce(state: RegistryState): Promise<void> {
    const { historyId, id: replicaId } = this.#own
    if (historyId === null || state.replicas.some((card) => card.replicaId === replicaId)) return
    const { registry } = this.#options.inner
    await this.#roster.register(state, registry, historyId)
    // Nothing is known there of segments that were let go.
    await registry.enter({ replicaId, historyId, droppedSegment: 0 }, { witness: state.witness.now, mark: undefined })
  }

  /** What a person has given up is said in the record too, at least once. */
  async #note({ givenUp }: RegistryState): Promise<void> {
    const { inner } = this.#options
    for (const replicaId of givenUp) await inner.recordGivenUp(replicaId)
    await inner.registry.noted(givenUp)
  }

  #needsPerson(plan: PlanOfPerson): false {
    const { clock, log } = this.#options
    const problem = this.#sentence(plan)
    if (this.#problem !== problem) {
      this.#callPersonAtMs = clock.monotonicMs()
      if (plan.kind === 'wait') {
        this.#callPersonAtMs += OTHERS_COME_WITHIN_MS
        log.warn({ missing: plan.missing }, 'the journals of other replicas are waited for')
      }
    }
    if (clock.monotonicMs() >= this.#callPersonAtMs) {
      this.#callPersonAtMs = Infinity
      log.error({ problem }, 'a person is needed')
    }
    this.#problem = problem
    this.#code = CODES[plan.kind]
    this.#blocked.resolve()
    return false
  }

  #sentence(plan: PlanOfPerson): string {
    switch (plan.kind) {
      case 'wait':
        return (
          `the store may have lost its last steps, and the journals of these replicas are not there: ${plan.missing.join(', ')}. ` +
          'Start them again; or say that a journal is lost for good: jobcap ledger repair --give-up REPLICA (or --give-up REPLICA at one start of any replica)'
        )
      case 'empty':
        return 'the store is empty. Put its data back; or start one that has its journal once with --initialise: it is then made anew from the journals'
      case 'too_old':
        return (
          `the store is older than this replica's journal reaches back (it knows of segment ${plan.storeKnows}, ` +
          `${this.#options.journal.droppedSegment} were let go). Put newer data back; or go on with what the journal has: ` +
          `jobcap ledger repair --give-up ${this.#own.id}`
        )
    }
  }

  /** False where a doubt has come since the store was looked at. */
  async #serve(
    historyId: HistoryId,
    found: { readonly state: RegistryState; readonly doubts: number },
  ): Promise<boolean> {
    const { inner, journal } = this.#options
    inner.adopt(historyId)
    await this.#own.enter(found.state, historyId)
    await journal.write({ kind: 'served', history: historyId })
    if (this.#doubts !== found.doubts) return false
    this.#own.historyId = historyId
    this.#servedRun = found.state.witness.now
    this.#isServing = true
    this.#hasServed = true
    this.#hasMetAnother = false
    return true
  }

  async #look(): Promise<{ readonly state: RegistryState; readonly plan: RecoveryPlan }> {
    const { mark } = this.#own
    const state = await this.#options.inner.registry.read()
    const own = await this.#own.state(state, mark)
    return { state, plan: planOf(state, { ...own, wasPutBack: own.wasPutBack || this.#hasMetAnother }) }
  }
}

type PlanOfPerson = Extract<RecoveryPlan, { readonly kind: 'wait' | 'empty' | 'too_old' }>

const CODES = { wait: 'journals_missing', empty: 'store_empty', too_old: 'store_too_old' } as const
