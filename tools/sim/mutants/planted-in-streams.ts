import type { PlantedText } from './mutant.ts'

/** Bugs in how an answer is handed on while it comes. */
export const PLANTED_IN_STREAMS: readonly PlantedText[] = [
  {
    name: 'hand on the end of a stream before its last byte',
    file: 'sidecar/proxy/event-stream.ts',
    from: '    if (this.#isPassing) return part\n',
    to: '    if (!this.#isPassing) return part\n',
  },
  {
    name: 'end the answer of a broken stream well',
    file: 'ledger/call/numbered.ts',
    from: 'if (verdict.isBroken) numbering.client.cut()',
    to: 'if (verdict.isBroken) numbering.client.end()',
  },
  {
    name: 'leave a stream when the app does',
    file: 'ledger/call/stream.ts',
    from: "if (clock.monotonicMs() - this.#leftAtMs > READ_ON_MS) throw new NotWanted('whoever asked has left')",
    to: "if (clock.monotonicMs() - this.#leftAtMs >= 0) throw new NotWanted('whoever asked has left')",
  },
  {
    name: 'do not ask a stream what it cost',
    file: 'ledger/call/price.ts',
    from: 'asksForUsage: forward.asksForUsage ?? false }',
    to: 'asksForUsage: false }',
  },
  {
    name: 'settle a broken stream at nothing',
    file: 'ledger/call/send.ts',
    from: "return { kind: 'streamed', outcome: { kind: 'unknown', reason: brokenBy, isSaved: false }, isBroken: true }",
    to: "return { kind: 'streamed', outcome: { kind: 'not_sent', notSent: { refusal: null, sealedAnswer: null, reason: brokenBy } }, isBroken: true }",
  },
  {
    name: 'let the app see a usage that it did not ask for',
    file: 'vendors/openai/cost-stream.ts',
    from: 'return !(hidesUsage && isUsageChunk(data))',
    to: 'return !hidesUsage || isUsageChunk(data)',
  },
]
