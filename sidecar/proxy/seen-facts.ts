import type { SeenFact } from '../../contract/call.ts'
import type { HistoryId } from '../../contract/ids.ts'

const NONE: readonly SeenFact[] = []

/** A fact, and K of the request that it came from. */
export interface KeptFact {
  readonly lane: string
  readonly fact: SeenFact
}

/**
 * What the apps of this Pod are known to have read and the ledger has not confirmed yet. What it has confirmed is not
 * kept in memory: it stands on the memory volume, and is recalled from there when a store may have lost it.
 */
export class SeenFacts {
  /** By lane. One may stand there twice, which does no harm. */
  readonly #unconfirmed = new Map<string, SeenFact[]>()
  /** What could not be written down, so that only this process knows it. */
  readonly #unwritten: KeptFact[] = []
  readonly #recall: () => Promise<readonly KeptFact[]>
  #historyId: HistoryId
  #learning: { readonly historyId: HistoryId; readonly done: Promise<void> } | null = null

  /** `recall` gives every fact that stands on the memory volume, of older boots too. */
  constructor(historyId: HistoryId, recall: () => Promise<readonly KeptFact[]>) {
    this.#historyId = historyId
    this.#recall = recall
  }

  /** The history of the store under which the confirmations were given. */
  get historyId(): HistoryId {
    return this.#historyId
  }

  add(fact: SeenFact, lane: string): void {
    const ofLane = this.#unconfirmed.get(lane)
    if (ofLane === undefined) this.#unconfirmed.set(lane, [fact])
    else ofLane.push(fact)
  }

  /** One that does not stand on the memory volume: it is kept here for as long as this process lives. */
  keepUnwritten(fact: SeenFact, lane: string): void {
    this.#unwritten.push({ fact, lane })
  }

  /** Of one K. */
  unconfirmed(lane: string): readonly SeenFact[] {
    const ofLane = this.#unconfirmed.get(lane)
    return ofLane === undefined ? NONE : [...ofLane]
  }

  /** At most `limit`, the oldest lanes first; of one K, or of all. */
  some(limit: number, lane?: string): KeptFact[] {
    const lanes = lane === undefined ? this.#unconfirmed.keys() : [lane]
    const some: KeptFact[] = []
    for (const one of lanes) {
      for (const fact of this.#unconfirmed.get(one) ?? NONE) {
        if (some.length === limit) return some
        some.push({ lane: one, fact })
      }
    }
    return some
  }

  /** `facts` as they were given out. Counts only if they were said under the history that holds now, and is not about to end. */
  confirm(facts: readonly SeenFact[], lane: string, historyId: HistoryId): void {
    if (facts.length === 0 || historyId !== this.#historyId || this.#learning !== null) return
    const ofLane = this.#unconfirmed.get(lane)
    if (ofLane === undefined) return
    const confirmed = new Set(facts)
    const left = ofLane.filter((fact) => !confirmed.has(fact))
    if (left.length === 0) this.#unconfirmed.delete(lane)
    else this.#unconfirmed.set(lane, left)
  }

  /**
   * The store may have lost what it had confirmed, so everything is to be said again. The new history holds once all
   * facts are at hand: no request goes out under it without them. True when it was new. Rejects when they cannot be
   * recalled; then the old one stays, under which the ledger numbers nothing.
   */
  async learnHistory(historyId: HistoryId): Promise<boolean> {
    if (historyId === this.#historyId) return false
    if (this.#learning?.historyId !== historyId) {
      this.#learning = { historyId, done: this.#learn(historyId) }
    }
    await this.#learning.done
    return true
  }

  async #learn(historyId: HistoryId): Promise<void> {
    try {
      const recalled = await this.#recall()
      const known = new Set(this.some(Number.POSITIVE_INFINITY).map(({ fact }) => keyOf(fact)))
      for (const kept of [recalled, this.#unwritten]) {
        for (const { fact, lane } of kept) if (!known.has(keyOf(fact))) this.add(fact, lane)
      }
      if (this.#learning?.historyId === historyId) this.#historyId = historyId
    } finally {
      if (this.#learning?.historyId === historyId) this.#learning = null
    }
  }
}

function keyOf({ life, digest, n, token }: SeenFact): string {
  return `${life} ${digest} ${n} ${token ?? ''}`
}
