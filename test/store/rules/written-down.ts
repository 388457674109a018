import type { JournalEntry } from '../../../store/recovery/entries.ts'
import { journalledCalls } from '../../../store/recovery/journalled-calls.ts'
import type * as S from '../../../store/store.ts'
import type { Stage } from '../stage.ts'
import type { Disk } from './disk.ts'

/** What the senders write into their journal, and the store that it is merged into after a rollback. */
export class WrittenDown {
  readonly #stage: Stage
  readonly #disk: Disk
  readonly #journal: JournalEntry[] = []

  constructor(stage: Stage, disk: Disk) {
    this.#stage = stage
    this.#disk = disk
  }

  /** What is there now is what a rollback brings back. */
  async save(): Promise<string> {
    this.#stage.store = await this.#disk.save(this.#stage)
    return ''
  }

  async rollBack(): Promise<string> {
    const store = await this.#disk.rollBack(this.#stage)
    this.#stage.store = store
    for (const entry of this.#journal) if (entry.kind === 'standing') await store.mergeStanding(entry)
    const merged = journalledCalls(this.#journal)
    for (const call of merged) await store.merge(call)
    return `${merged.length} merged`
  }

  /** Who may spend what. */
  async standing({ keyId, runUid }: Pick<S.PodCaller, 'keyId' | 'runUid'>): Promise<void> {
    const { store } = this.#stage
    const [key, run] = await Promise.all([store.findKey(keyId), store.findRun(runUid)])
    if (key !== undefined) this.#journal.push({ kind: 'standing', key, run: run ?? null })
  }

  async intent(send: S.SendRef, limits: readonly S.CapLimit[]): Promise<void> {
    const row = await this.#stage.call(send.callId)
    const { historyId: history } = this.#stage.store
    this.#journal.push({ kind: 'intent', history, send, row, token: null, limits })
  }

  outcome(send: S.SendRef, outcome: S.SendOutcome): void {
    this.#journal.push({ kind: 'outcome', send, outcome })
  }

  close(): void {
    this.#disk.remove()
  }
}
