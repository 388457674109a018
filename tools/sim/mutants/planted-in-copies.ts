import type { PlantedText } from './mutant.ts'

const focus = 'copied'
const file = 'store/recovery/own-replica.ts'

/** Bugs in how a ledger over a copy of a journal, or over an older one, is known. */
export const PLANTED_IN_COPIES: readonly PlantedText[] = [
  {
    name: 'take a copy of a journal for the journal',
    focus,
    file: 'store/recovery/plan.ts',
    from: "  if (own.isCopy) return { kind: 'copy' }\n",
    to: '',
  },
  {
    name: 'mark a journal at the start only',
    focus,
    file,
    from: '- this.#markedAtMs < MARK_EVERY_MS) return\n',
    to: '- this.#markedAtMs >= 0) return\n',
  },
  {
    name: 'mark a journal after what is written',
    focus,
    file: 'store/recovery/call-steps.ts',
    from: "      await this.#recovery.keepMarked()\n      await this.#barrier.passing(journal.write({ kind: 'intent', history, send: ref, row, token, limits }))\n",
    to: "      await this.#barrier.passing(journal.write({ kind: 'intent', history, send: ref, row, token, limits }))\n      void this.#recovery.keepMarked().catch(() => undefined)\n",
  },
  {
    name: 'mark the card before the journal',
    focus,
    file,
    from: "    await journal.write({ kind: 'mark', mark })\n    await registry.enter({ replicaId: this.id, historyId, droppedSegment: this.#droppedSegment, mark }, found)\n",
    to: "    await registry.enter({ replicaId: this.id, historyId, droppedSegment: this.#droppedSegment, mark }, found)\n    await journal.write({ kind: 'mark', mark })\n",
  },
]
