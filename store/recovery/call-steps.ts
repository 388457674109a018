import type { CallId, HistoryId } from '../../contract/ids.ts'
import type { CallRow, CapLimit, ReportAnswer, SendOutcome, SendRef, SendReport, Store } from '../store.ts'
import { MissingRecord, StoreFault } from '../store.ts'
import type { Barrier } from './barrier.ts'
import { journalledCalls } from './journalled-calls.ts'
import type { GuardOptions, Recovery } from './recovery.ts'

/** The steps of a call: each send is in the journal before it goes out, and what came of it before the store is told. */
export class CallSteps {
  readonly #options: GuardOptions
  readonly #recovery: Recovery
  readonly #barrier: Barrier
  /** What the journal needs of a call that is out, and no later step is told. */
  readonly #asked = new Map<string, { readonly token: string | null; readonly limits: readonly CapLimit[] }>()

  /** Calls whose records were not there when they were reported. */
  readonly #missed = new Set<CallId>()

  constructor(
    options: GuardOptions,
    { recovery, barrier }: { readonly recovery: Recovery; readonly barrier: Barrier },
  ) {
    this.#options = options
    this.#recovery = recovery
    this.#barrier = barrier
  }

  readonly steps = {
    number: async (request: Parameters<Store['number']>[0]) => {
      this.#recovery.mustServe()
      this.#mustWrite()
      const { inner } = this.#options
      const { historyId } = inner
      const answer = await inner.number(request)
      if (answer.status !== 'SEND') return answer
      const { key } = request.identity
      const asked = { token: key?.kind === 'token' ? key.value : null, limits: request.limits }
      this.#asked.set(answer.call.callId, asked)
      // A call that is sent once is written down when it is marked.
      if (answer.call.repeat.kind !== 'never') {
        await this.#intent(answer.call, refOf(answer.call, request.send.nonce), historyId)
      }
      return answer
    },
    markSent: async (send: Parameters<Store['markSent']>[0]) => {
      this.#recovery.mustServe()
      const { inner } = this.#options
      const { historyId } = inner
      const marked = await inner.markSent(send).catch((fault: unknown) => this.#lost(fault))
      if (marked === 'refused') return marked
      const call = await inner.findCall(send.callId)
      if (call === undefined) return this.#lost(new MissingRecord(send.callId))
      await this.#intent(call, send, historyId)
      return marked
    },
    repair: async (callId: CallRow['callId'], send: Parameters<Store['repair']>[1]) => {
      this.#recovery.mustServe()
      this.#mustWrite()
      const { inner } = this.#options
      const { historyId } = inner
      const answer = await inner.repair(callId, send).catch((fault: unknown) => this.#lost(fault))
      if (answer.status === 'SEND' && answer.call.repeat.kind !== 'never') {
        await this.#intent(answer.call, refOf(answer.call, send.nonce), historyId)
      }
      return answer
    },
    report: async (report: SendReport) => {
      const { inner, journal } = this.#options
      await this.#writeOutcome(report, report.outcome)
      this.#recovery.mustServe()
      const answer = await inner.report(report).catch((fault: unknown) => this.#putBack(report, fault))
      await this.#writeChoice(report, answer)
      if (answer.call.state === 'settled' || answer.call.state === 'released') {
        journal.resolved(report.callId)
        this.#asked.delete(report.callId)
        this.#missed.delete(report.callId)
      }
      return answer
    },
  }

  /** A record that is not there any more: the store has lost it, and with it perhaps others. */
  #lost(fault: unknown): never {
    if (!(fault instanceof MissingRecord)) throw fault
    this.#recovery.doubt(fault.message)
    throw new StoreFault(fault.message, { cause: fault, isTransient: true })
  }

  /** Once the store is known to be whole and still has no such record, the journal puts back what it has of the call. */
  async #putBack(report: SendReport, fault: unknown): Promise<ReportAnswer> {
    const { callId } = report
    if (!(fault instanceof MissingRecord) || !this.#missed.has(callId)) {
      if (fault instanceof MissingRecord) this.#missed.add(callId)
      return this.#lost(fault)
    }
    const { inner, journal, log } = this.#options
    const call = journalledCalls(await journal.entries()).find(({ row }) => row.callId === callId)
    if (call === undefined) throw fault
    const merged = await inner.merge(call)
    log.warn(
      { callId, merged: merged.status },
      'the record of a call was missing: the journal has put back what it has',
    )
    const found = merged.status === 'absent' ? undefined : await inner.findCall(merged.callId)
    return { status: 'noted', call: found ?? { ...call.row, state: 'released' }, isAlarm: false }
  }

  #mustWrite(): void {
    const problem = this.#options.journal.problem()
    if (problem !== undefined && !this.#barrier.isClear) throw new StoreFault(problem, { isTransient: true })
  }

  /** On disk before the send; and in the same step it is asked whether the store is still the one that reserved. */
  async #intent(row: CallRow, send: SendRef, history: HistoryId): Promise<void> {
    const { journal, inner } = this.#options
    const { token = null, limits = [] } = this.#asked.get(row.callId) ?? {}
    const { callId, epoch, gen, nonce } = send
    const ref = { callId, epoch, gen, nonce }
    try {
      await this.#recovery.keepMarked()
      await this.#barrier.passing(journal.write({ kind: 'intent', history, send: ref, row, token, limits }))
    } catch (fault) {
      await inner.report({ ...ref, outcome: dropped(String(fault)), handTo: null }).catch(() => undefined)
      throw new StoreFault(journal.problem() ?? String(fault), { cause: fault, isTransient: true })
    }
    try {
      this.#recovery.mustServe(history)
    } catch (fault) {
      await this.#writeOutcome(ref, dropped('the store may have lost the reservation'))
      throw fault
    }
  }

  /**
   * Of what a look-up found, the store takes what no other record has. Lost with the store, that choice would leave the
   * effect to another call that looks for one alike.
   */
  async #writeChoice(report: SendReport, { status, call }: ReportAnswer): Promise<void> {
    if (report.outcome.kind !== 'found' || status !== 'settled') return
    const answer = report.outcome.candidates.find(({ object }) => object === call.object)
    if (answer !== undefined) await this.#writeOutcome(report, { kind: 'definite', answer })
  }

  async #writeOutcome({ callId, epoch, gen, nonce }: SendRef, outcome: SendOutcome): Promise<void> {
    const { journal, log } = this.#options
    const written = journal.write({ kind: 'outcome', send: { callId, epoch, gen, nonce }, outcome })
    // Without it the call is in doubt after a loss, which is safe; the store is told all the same.
    await this.#barrier
      .passing(written)
      .catch((fault: unknown) => log.error({ err: fault, callId }, 'an outcome is not in the journal'))
  }
}

function refOf({ callId, epoch, gen }: CallRow, nonce: SendRef['nonce']): SendRef {
  return { callId, epoch, gen, nonce }
}

const dropped = (reason: string): SendOutcome => ({
  kind: 'not_sent',
  notSent: { refusal: null, sealedAnswer: null, reason },
})
