import type { HistoryId } from '../../contract/ids.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/log.ts'
import type { Random } from '../../runtime/random.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { Journal } from '../journal/journal.ts'
import type { CallRow, CapLimit, SendOutcome, SendRef, SendReport, Store } from '../store.ts'
import { StoreFault } from '../store.ts'
import { journalledCalls } from './journalled-calls.ts'
import { type OwnState, planOf } from './plan.ts'
import type { DistributedStore } from './registry.ts'

export interface GuardDoors {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
}

export interface GuardOptions extends GuardDoors {
  readonly inner: DistributedStore
  readonly journal: Journal
  readonly replicaId: string
  /** Under which the journal's last entries were written; null: it holds none. */
  readonly lastHistoryId: HistoryId | null
}

const CHECK_EVERY_MS = 5_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/**
 * Stands before a store that may lose its last steps: writes down each send before it goes out and what came of it
 * before the store is told; stops at the first doubt; and lets nothing pass until the store is known to be whole, with
 * every journal merged into it that matters.
 */
export class Guard {
  readonly #options: GuardOptions
  readonly #own: { replicaId: string; historyId: HistoryId | null }
  /** What the journal needs of a call that is out, and no later step is told. */
  readonly #asked = new Map<string, { readonly token: string | null; readonly limits: readonly CapLimit[] }>()
  readonly #intents = new Set<Promise<void>>()
  #isServing = false
  #isEnding = false
  #hasServed = false
  #problem = 'the ledger is starting'
  #recovering: Promise<void> | undefined
  readonly #stopChecking: () => void

  constructor(options: GuardOptions) {
    this.#options = options
    this.#own = { replicaId: options.replicaId, historyId: options.lastHistoryId }
    options.inner.onDoubt((why) => this.#doubt(why))
    this.#stopChecking = options.timers.every(CHECK_EVERY_MS, () => void this.#check())
  }

  problem(): string | undefined {
    return this.#isServing ? (this.#options.journal.problem() ?? this.#options.inner.problem()) : this.#problem
  }

  /** Resolves when it serves for the first time, or when only a person can help. */
  async start(): Promise<void> {
    this.#recovering ??= this.#recover()
    await Promise.race([this.#recovering, this.#blocked.promise])
  }

  readonly #blocked = Promise.withResolvers<void>()

  /** A step of the store that needs no journal. */
  async pass<Answer>(step: () => Promise<Answer>): Promise<Answer> {
    this.#mustServe()
    return step()
  }

  readonly steps = {
    number: async (request: Parameters<Store['number']>[0]) => {
      this.#mustServe()
      this.#mustWrite()
      const { inner } = this.#options
      const { historyId } = inner
      const answer = await inner.number(request)
      if (answer.status !== 'SEND') return answer
      const { key } = request.identity
      const asked = { token: key?.kind === 'token' ? key.value : null, limits: request.limits }
      this.#asked.set(answer.call.callId, asked)
      // A call that is sent once is written down when it is marked.
      if (answer.call.repeat.kind === 'idempotent') {
        await this.#intent(answer.call, refOf(answer.call, request.send.nonce), historyId)
      }
      return answer
    },
    markSent: async (send: Parameters<Store['markSent']>[0]) => {
      this.#mustServe()
      const { inner } = this.#options
      const { historyId } = inner
      const marked = await inner.markSent(send)
      const call = marked === 'marked' ? await inner.findCall(send.callId) : undefined
      if (call !== undefined) await this.#intent(call, send, historyId)
      return marked
    },
    repair: async (callId: CallRow['callId'], send: Parameters<Store['repair']>[1]) => {
      this.#mustServe()
      this.#mustWrite()
      const { inner } = this.#options
      const { historyId } = inner
      const answer = await inner.repair(callId, send)
      if (answer.status === 'SEND' && answer.call.repeat.kind === 'idempotent') {
        await this.#intent(answer.call, refOf(answer.call, send.nonce), historyId)
      }
      return answer
    },
    report: async (report: SendReport) => {
      const { inner, journal } = this.#options
      await this.#writeOutcome(report, report.outcome)
      this.#mustServe()
      const answer = await inner.report(report).catch((fault: unknown) => {
        // A settle that finds no record: the store has lost it.
        if (!(fault instanceof StoreFault)) this.#doubt(String(fault))
        throw fault instanceof StoreFault ? fault : new StoreFault(String(fault), { cause: fault, isTransient: true })
      })
      if (answer.status === 'settled' || answer.status === 'released') {
        journal.resolved(report.callId)
        this.#asked.delete(report.callId)
      }
      return answer
    },
  }

  /** Nothing is sent any more. A replica that ends so is not waited for by the others. */
  async end(isClean: boolean): Promise<void> {
    this.#isEnding = true
    this.#stopChecking()
    const { inner, journal, log } = this.#options
    if (isClean && this.#isServing) {
      await inner.registry.remove(this.#own.replicaId).catch((fault: unknown) => {
        log.warn(
          { err: fault },
          'this replica could not sign off; the others wait for its journal if the store loses something',
        )
      })
    }
    this.#isServing = false
    await journal.close()
    await inner.close()
  }

  #mustServe(): void {
    if (!this.#isServing) throw new StoreFault(this.#problem, { isTransient: true })
  }

  #mustWrite(): void {
    const problem = this.#options.journal.problem()
    if (problem !== undefined && this.#intents.size > 0) throw new StoreFault(problem, { isTransient: true })
  }

  /** On disk before the send; and in the same step it is asked whether the store is still the one that reserved. */
  async #intent(row: CallRow, send: SendRef, history: HistoryId): Promise<void> {
    const { journal, inner } = this.#options
    const { token = null, limits = [] } = this.#asked.get(row.callId) ?? {}
    const { callId, epoch, gen, nonce } = send
    const ref = { callId, epoch, gen, nonce }
    const writing = journal.write({ kind: 'intent', history, send: ref, row, token, limits })
    this.#intents.add(writing)
    try {
      await writing
    } catch (fault) {
      await inner.report({ ...ref, outcome: dropped(String(fault)), handTo: null }).catch(() => undefined)
      throw new StoreFault(journal.problem() ?? String(fault), { cause: fault, isTransient: true })
    } finally {
      this.#intents.delete(writing)
    }
    if (this.#isServing && inner.historyId === history) return
    await this.#writeOutcome(ref, dropped('the store may have lost the reservation'))
    throw new StoreFault(this.#problem, { isTransient: true })
  }

  async #writeOutcome({ callId, epoch, gen, nonce }: SendRef, outcome: SendOutcome): Promise<void> {
    const { journal, log } = this.#options
    const written = journal.write({ kind: 'outcome', send: { callId, epoch, gen, nonce }, outcome })
    this.#intents.add(written)
    // Without it the call is in doubt after a loss, which is safe; the store is told all the same.
    await written.catch((fault: unknown) => log.error({ err: fault, callId }, 'an outcome is not in the journal'))
    this.#intents.delete(written)
  }

  async #check(): Promise<void> {
    if (!this.#isServing) return
    const { inner, log } = this.#options
    try {
      const plan = planOf(await inner.registry.read(), this.#ownState())
      if (plan.kind !== 'serve') this.#doubt(`a check found: ${plan.kind}`)
    } catch (fault) {
      log.warn({ err: fault }, 'the store was not checked')
    }
  }

  #doubt(why: string): void {
    if (this.#isEnding) return
    if (this.#isServing)
      this.#options.log.warn({ why }, 'the store may have lost something: nothing is sent until it is known')
    this.#isServing = false
    this.#problem = `the store may have lost something (${why}); it is being looked at`
    this.#recovering ??= this.#recover()
  }

  async #recover(): Promise<void> {
    const { timers, log } = this.#options
    for (let pauseMs = FIRST_PAUSE_MS; !this.#isEnding; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        if (await this.#advance()) break
      } catch (fault) {
        this.#problem = fault instanceof Error ? fault.message : String(fault)
        log.warn({ err: fault }, 'the store cannot be looked at yet')
      }
      await timers.sleep(pauseMs)
    }
    this.#recovering = undefined
  }

  /** One step towards serving; true when it serves. */
  async #advance(): Promise<boolean> {
    const { inner, random, log } = this.#options
    const { registry } = inner
    const state = await registry.read()
    const plan = planOf(state, this.#ownState())
    switch (plan.kind) {
      case 'serve':
        inner.adopt(plan.historyId)
        if (!this.#hasServed) await this.#tellOutcomes()
        await this.#serve(plan.historyId)
        return true
      case 'catch_up':
        inner.adopt(plan.historyId)
        await this.#mergeJournal()
        await this.#serve(plan.historyId)
        return true
      case 'begin':
        await registry.begin(random.hex(8) as HistoryId)
        return false
      case 'hand_over':
        // Whoever began may have ended before every slot was told.
        await registry.begin(plan.next)
        await this.#settledDown()
        inner.adopt(plan.next)
        await this.#mergeJournal()
        await registry.handOver(this.#own.replicaId)
        return false
      case 'finish':
        await registry.finish(plan.next)
        log.info({ historyId: plan.next }, 'the store is whole again')
        return false
      case 'wait':
        return this.#needsPerson(
          `the store may have lost its last steps, and the journals of these replicas are not there: ${plan.missing.join(', ')}. ` +
            'Start them again; or say for one start of any replica that a journal is lost: --give-up REPLICA',
        )
      case 'empty':
        return this.#needsPerson(
          'the store is empty. Put its data back; or start a replica once with --initialise: it is then made anew from the journals',
        )
      case 'too_old':
        return this.#needsPerson(
          `the store is older than this replica's journal reaches back (it knows of segment ${plan.storeKnows}, ` +
            `${this.#options.journal.droppedSegment} were let go). Put newer data back; or give this journal up: --give-up ${this.#own.replicaId}, and a new folder for --journal`,
        )
    }
  }

  #needsPerson(problem: string): false {
    if (this.#problem !== problem) this.#options.log.error({ problem }, 'a person is needed')
    this.#problem = problem
    this.#blocked.resolve()
    return false
  }

  /** The barrier: what is being written is on disk, and what was not is dropped. */
  async #settledDown(): Promise<void> {
    while (this.#intents.size > 0) await Promise.allSettled([...this.#intents])
  }

  async #mergeJournal(): Promise<void> {
    const { inner, journal, log } = this.#options
    const calls = journalledCalls(await journal.entries())
    let frozen = 0
    await eachOf(calls, async (call) => {
      const answer = await inner.merge(call)
      if (answer.status === 'merged' && answer.isFrozen) frozen += 1
    })
    log.info({ calls: calls.length, frozen }, 'the journal is merged into the store')
  }

  /** What an earlier process of this replica had written down and may not have told the store. */
  async #tellOutcomes(): Promise<void> {
    const { inner, journal, log } = this.#options
    const outcomes = (await journal.entries()).filter((entry) => entry.kind === 'outcome')
    await eachOf(outcomes, async ({ send, outcome }) => {
      await inner.report({ ...send, outcome, handTo: null }).catch((fault: unknown) => {
        if (fault instanceof StoreFault) throw fault
        log.debug({ callId: send.callId }, 'an outcome is of a call whose record has been pruned')
      })
    })
  }

  async #serve(historyId: HistoryId): Promise<void> {
    const { inner, journal } = this.#options
    inner.adopt(historyId)
    const { replicaId } = this.#own
    await inner.registry.enter({ replicaId, historyId, droppedSegment: journal.droppedSegment })
    await journal.write({ kind: 'served', history: historyId })
    this.#own.historyId = historyId
    this.#isServing = true
    this.#hasServed = true
  }

  #ownState(): OwnState {
    return { ...this.#own, droppedSegment: this.#options.journal.droppedSegment }
  }
}

const AT_ONCE = 32

async function eachOf<Item>(items: readonly Item[], action: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values()
  const worker = async () => {
    for (let next = left.next(); !next.done; next = left.next()) await action(next.value)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

function refOf({ callId, epoch, gen }: CallRow, nonce: SendRef['nonce']): SendRef {
  return { callId, epoch, gen, nonce }
}

const dropped = (reason: string): SendOutcome => ({
  kind: 'not_sent',
  notSent: { refusal: null, sealedAnswer: null, reason },
})
