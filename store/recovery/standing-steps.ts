import type { HistoryId, KeyId } from '../../contract/ids.ts'
import type { KeyRow, RunRow, Store } from '../store.ts'
import { StoreFault } from '../store.ts'
import type { Barrier } from './barrier.ts'
import type { JournalEntry } from './entries.ts'
import type { GuardOptions, Recovery } from './recovery.ts'

/** Each exchange and renewal of a Pod asks; what was written down of these keys need not be written again. */
const MOST_KNOWN = 50_000

/**
 * The steps that change who may spend what. Each is answered only when it is in the journal too, so that what a person
 * or the controller was told outlives a loss of the store. All of them may be asked for again.
 */
export class StandingSteps {
  readonly #options: GuardOptions
  readonly #recovery: Recovery
  readonly #barrier: Barrier
  #written: { readonly history: HistoryId | null; readonly versions: Map<KeyId, number> } = {
    history: null,
    versions: new Map(),
  }

  constructor(
    options: GuardOptions,
    { recovery, barrier }: { readonly recovery: Recovery; readonly barrier: Barrier },
  ) {
    this.#options = options
    this.#recovery = recovery
    this.#barrier = barrier
  }

  readonly steps = {
    createKey: (request: Parameters<Store['createKey']>[0]) =>
      this.#changing(
        () => this.#options.inner.createKey(request),
        (key, history) => this.#write(key, null, history),
      ),
    setLimits: (...args: Parameters<Store['setLimits']>) =>
      this.#changing(
        () => this.#options.inner.setLimits(...args),
        (key, history) => this.#writeKey(key, history),
      ),
    revokeKey: (keyId: KeyId) =>
      this.#changing(
        () => this.#options.inner.revokeKey(keyId),
        (answer, history) => this.#writeKey(answer?.key, history),
      ),
    endJob: (...args: Parameters<Store['endJob']>) =>
      this.#changing(
        () => this.#options.inner.endJob(...args),
        async (run, history) => {
          const [runUid, jobUid] = args
          if (run === undefined) return this.#journal({ kind: 'ended_job', runUid, jobUid }, history)
          const key = await this.#options.inner.findKey(run.keyId)
          if (key !== undefined) await this.#write(key, run, history)
        },
      ),
    admitPod: (request: Parameters<Store['admitPod']>[0]) =>
      this.#changing(
        () => this.#options.inner.admitPod(request),
        async (answer, history) => {
          if (answer.status === 'ADMITTED') await this.#write(answer.key, answer.run, history)
        },
      ),
  }

  async #changing<Answer>(
    step: () => Promise<Answer>,
    write: (answer: Answer, history: HistoryId) => Promise<void>,
  ): Promise<Answer> {
    this.#recovery.mustServe()
    const { historyId } = this.#options.inner
    const answer = await step()
    await write(answer, historyId)
    // Also where nothing was left to write down: the store may have lost the change before it was read again.
    this.#recovery.mustServe(historyId)
    return answer
  }

  async #writeKey(key: KeyRow | undefined, history: HistoryId): Promise<void> {
    if (key === undefined) return
    await this.#write(key, (await this.#options.inner.findRun(key.runUid)) ?? null, history)
  }

  async #write(key: KeyRow, run: RunRow | null, history: HistoryId): Promise<void> {
    const { keyId, version } = key
    // Versions are counted anew where a loss took them away, so what is known holds for one history.
    if (this.#written.history !== history) this.#written = { history, versions: new Map() }
    const { versions } = this.#written
    if ((versions.get(keyId) ?? -1) >= version) return
    await this.#journal({ kind: 'standing', key, run }, history)
    if (versions.size >= MOST_KNOWN) versions.clear()
    versions.set(keyId, version)
  }

  /** On disk; and in the same step it is asked whether the store is still the one that took the change. */
  async #journal(entry: JournalEntry, history: HistoryId): Promise<void> {
    const { journal } = this.#options
    // A row that was read before a loss would stand beside another of its version that was made after it.
    this.#recovery.mustServe(history)
    try {
      await this.#recovery.keepMarked()
      await this.#barrier.passing(journal.write(entry))
    } catch (fault) {
      const problem = journal.problem() ?? String(fault)
      throw new StoreFault(problem, { cause: fault, isTransient: true, mayHaveHappened: true })
    }
    this.#recovery.mustServe(history)
  }
}
