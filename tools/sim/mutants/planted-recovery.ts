import type { PlantedText } from './mutant.ts'

/** Bugs in the journal and in the recovery of a Redis that has lost its last writes. */
export const PLANTED_IN_RECOVERY: readonly PlantedText[] = [
  {
    name: "skip the recovery's merge",
    file: 'store/recovery/recovery.ts',
    from: '        await mergeJournal(inner, journal, log)\n        await registry.handOver(',
    to: '        await registry.handOver(',
  },
  {
    name: 'take a Pod whose life the store has lost for one that begins',
    focus: 'anew',
    file: 'ledger/identity/exchange.ts',
    from: '    life: request.life ?? null,\n',
    to: '    life: null,\n',
  },
  {
    name: 'forget who else is there until the first look',
    focus: 'anew',
    file: 'store/recovery/recovery.ts',
    from: '        await this.#roster.note(state)\n        if',
    to: '        if',
  },
  {
    name: "skip the recovery's barrier",
    focus: 'stall',
    file: 'store/recovery/recovery.ts',
    from: '        await this.#barrier.settled()\n',
    to: '',
    also: [
      {
        file: 'store/recovery/call-steps.ts',
        from: '      this.#recovery.mustServe(history)\n',
        to: '',
      },
      // The journal is written in order: whoever waits for the mark has waited for what came before it.
      {
        file: 'store/recovery/own-replica.ts',
        from: "    await journal.write({ kind: 'mark', mark })\n",
        to: "    void journal.write({ kind: 'mark', mark })\n",
      },
    ],
  },
  {
    name: 'send before the intent is on disk',
    file: 'store/recovery/call-steps.ts',
    from: "await this.#barrier.passing(journal.write({ kind: 'intent'",
    to: "void this.#barrier.passing(journal.write({ kind: 'intent'",
  },
  {
    name: 'no intent of a call for tokens',
    file: 'store/recovery/call-steps.ts',
    from: "      if (answer.call.repeat.kind !== 'never') {\n",
    to: "      if (answer.call.repeat.kind === 'idempotent') {\n",
  },
  {
    name: 'no intent of a call that the store lost at its mark',
    file: 'store/recovery/call-steps.ts',
    from: 'if (call === undefined) return this.#lost(new MissingRecord(send.callId))',
    to: 'if (call === undefined) return marked',
  },
  {
    name: 'take the Pods of a run that the store has lost for strangers',
    focus: 'anew',
    file: 'ledger/call/authenticate.ts',
    from: "if (terms === undefined) return refusal('credential_expired')",
    to: "if (terms === undefined) return refusal('credential_invalid')",
  },
]
