import type { SeenFact } from '../../contract/call.ts'
import type { HistoryId } from '../../contract/ids.ts'

interface Kept {
  readonly lane: string
  readonly fact: SeenFact
}

/** Every answer that the apps of this Pod are known to have read, and which of that the ledger has confirmed. */
export class SeenFacts {
  readonly #all = new Map<string, Kept>()
  readonly #unconfirmed = new Map<string, Kept>()
  #historyId: HistoryId

  constructor(historyId: HistoryId) {
    this.#historyId = historyId
  }

  /** The history of the store under which the confirmations were given. */
  get historyId(): HistoryId {
    return this.#historyId
  }

  /** `lane` is K of the request. */
  add(fact: SeenFact, lane: string): void {
    const key = keyOf(fact)
    if (this.#all.has(key)) return
    const kept = { lane, fact }
    this.#all.set(key, kept)
    this.#unconfirmed.set(key, kept)
  }

  /** Of one K, or of all. */
  unconfirmed(lane?: string): SeenFact[] {
    if (this.#unconfirmed.size === 0) return []
    const kept = [...this.#unconfirmed.values()]
    return (lane === undefined ? kept : kept.filter((one) => one.lane === lane)).map(({ fact }) => fact)
  }

  /** Counts only if it was given under the history that holds now. */
  confirm(facts: readonly SeenFact[], historyId: HistoryId): void {
    if (historyId !== this.#historyId) return
    for (const fact of facts) this.#unconfirmed.delete(keyOf(fact))
  }

  /** The store may have lost what it had confirmed, so everything is to be said again. True when the history is new. */
  learnHistory(historyId: HistoryId): boolean {
    if (historyId === this.#historyId) return false
    this.#historyId = historyId
    for (const [key, kept] of this.#all) this.#unconfirmed.set(key, kept)
    return true
  }
}

function keyOf({ life, digest, n, token }: SeenFact): string {
  return `${life} ${digest} ${n} ${token ?? ''}`
}
