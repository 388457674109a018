import type { Mutant } from './mutant.ts'

type Text = Omit<Extract<Mutant, { kind: 'text' }>, 'kind'>

/** Bugs in the journal and in the recovery of a Redis that has lost its last writes. */
const TEXTS: readonly Text[] = [
  {
    name: "skip the recovery's barrier",
    file: 'store/recovery/recovery.ts',
    from: '        await this.#barrier.settled()\n',
    to: '',
  },
  {
    name: "skip the recovery's merge",
    file: 'store/recovery/recovery.ts',
    from: '        await mergeJournal(inner, journal, log)\n        await registry.handOver(',
    to: '        await registry.handOver(',
  },
  {
    name: "skip the recovery's freeze",
    file: 'store/rules/merge.ts',
    from: 'limit) tables.freeze(account, limit)',
    to: 'limit && record.epoch < 0) tables.freeze(account, limit)',
  },
  {
    name: 'go on under the history that was lost',
    file: 'store/recovery/recovery.ts',
    from: 'if (this.#isServing && this.#options.inner.historyId === history) return',
    to: 'if (this.#isServing || history !== this.#options.inner.historyId) return',
  },
  {
    name: 'wait for no other journal',
    file: 'store/recovery/plan.ts',
    from: 'return card.historyId === historyId && recovery?.handedOver.includes(card.replicaId) !== true',
    to: 'return card.historyId !== historyId && recovery?.handedOver.includes(card.replicaId) !== true',
  },
  {
    name: 'send before the intent is on disk',
    file: 'store/recovery/call-steps.ts',
    from: "await this.#barrier.passing(journal.write({ kind: 'intent'",
    to: "void this.#barrier.passing(journal.write({ kind: 'intent'",
  },
  {
    name: 'no intent of a call that the store lost at its mark',
    file: 'store/recovery/call-steps.ts',
    from: 'if (call === undefined) return this.#lost(new MissingRecord(send.callId))',
    to: 'if (call === undefined) return marked',
  },
  {
    name: 'no outcome in the journal',
    file: 'store/recovery/call-steps.ts',
    from: 'await this.#writeOutcome(report, report.outcome)\n',
    to: '',
  },
  {
    name: 'answer a change of who may spend before it is in the journal',
    file: 'store/recovery/standing-steps.ts',
    from: '    await write(answer, historyId)\n',
    to: '    void write(answer, historyId).catch(() => undefined)\n',
  },
  {
    name: 'merge answers only, not what is open',
    file: 'store/recovery/journalled-calls.ts',
    from: 'open: [...new Set(sent)].filter((nonce) => !closed.has(nonce)),',
    to: 'open: [],',
  },
  {
    name: 'the same history after a loss',
    file: 'store/recovery/plan.ts',
    from: 'const isLossPossible = recovery !== null || witness.written !== witness.now',
    to: 'const isLossPossible = recovery !== null',
  },
]

export const PLANTED_IN_RECOVERY: readonly Mutant[] = TEXTS.map((text) => ({ ...text, kind: 'text' }))
