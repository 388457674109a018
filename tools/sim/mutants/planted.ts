import type { PlantedText } from './mutant.ts'

/** Bugs in the journeys of sidecar and ledger, and in what the rules do beside those that have a name. */
export const PLANTED: readonly PlantedText[] = [
  {
    name: 'free a held reservation on a timer',
    file: 'store/rules/repair.ts',
    from: "if (call.state === 'in_doubt') return { status: 'HELD', call }",
    to: "if (call.state === 'in_doubt') return { status: 'RESOLVED', call: release(tables, raised, neverSent()) }",
  },
  {
    name: 'count a capture beside its charge',
    file: 'vendors/stripe/bound.ts',
    from: "const counted = known.cost.kind === 'gives_back' ? null : known.object",
    to: 'const counted = null',
  },
  {
    name: 'give nothing back',
    file: 'vendors/stripe/cost.ts',
    from: "return known.cost.givesBack === 'if_canceled' || object.charged === 0n ? object.id : null",
    to: 'return null',
  },
  {
    name: 'number occurrences in the sidecar',
    file: 'store/rules/which-call.ts',
    from: '  let n = 1\n',
    to: '  let n = sidecar.claims.ord.seq\n',
  },
  {
    name: "settle before the vendor's answer is kept",
    file: 'store/rules/settle.ts',
    from: 'sealedAnswer: answer.sealedAnswer,',
    to: 'sealedAnswer: null,',
  },
  {
    name: 'answer before the settle',
    file: 'ledger/call/numbered.ts',
    from: 'const reported = await ledger.reports.give({ ...ref, outcome: verdict.outcome, handTo: handTo(numbering) })',
    to: "const reported = undefined as { status: string; isAlarm: boolean } | undefined\n      if (verdict.kind !== 'definite') await ledger.reports.give({ ...ref, outcome: verdict.outcome, handTo: handTo(numbering) })",
  },
  {
    name: "treat an SDK's automatic key as the app's",
    file: 'vendors/stripe/identity.ts',
    from: "if (key.startsWith('stripe-node-retry-')) return true",
    to: "if (key.startsWith('stripe-node-retry-')) return false",
  },
  {
    name: "treat an app's random key as a named one",
    file: 'vendors/content/app-key.ts',
    from: "(appKeys === 'auto' && looksRandom(value))",
    to: "(appKeys !== 'auto' && looksRandom(value))",
  },
  {
    name: 'leave out S2',
    file: 'sidecar/proxy/turns.ts',
    from: '    if (lane.holder === null) {\n',
    to: '    if (lane.waiting.size > 0) {\n',
  },
  {
    name: 'leave out S3',
    file: 'sidecar/proxy/outgoing.ts',
    from: 'seen: pod.facts.unconfirmed(lane),',
    to: 'seen: [],',
  },
  {
    name: 'begin every boot at 1',
    file: 'sidecar/proxy/ords.ts',
    from: 'atLeast) + 1',
    to: 'atLeast) * 0 + 1',
  },
  {
    name: 'send without the durable mark (M2)',
    file: 'ledger/call/numbered.ts',
    from: "if (row.repeat.kind === 'never' && (await",
    to: "if (row.repeat.kind !== 'never' && (await",
  },
  {
    name: 'resend to a vendor without idempotency',
    file: 'store/rules/existing-call.ts',
    from: "if (repeat.kind === 'never') return !tables.rules.holds('in_doubt_sent_once')",
    to: "if (repeat.kind === 'never') return true",
  },
  {
    name: 'a key of its own for each send',
    file: 'ledger/call/send.ts',
    from: 'value: row.vendorKey }',
    to: 'value: `${row.vendorKey}-${row.sends}` }',
  },
  {
    name: 'take a 5xx for an answer without effect',
    file: 'vendors/verdict.ts',
    from: "  return 'unknown'\n",
    to: "  return 'definite'\n",
  },
  {
    name: 'leave out S4, its lines',
    file: 'sidecar/proxy/delivery-file.ts',
    from: 'const { head, tail } = frameOf(call)\n',
    to: "const { head, tail } = frameOf(call, 'c')\n",
  },
  {
    name: 'say nothing again under a new history',
    file: 'sidecar/proxy/seen-facts.ts',
    from: 'for (const kept of [recalled, this.#unwritten]) {',
    to: 'for (const kept of [recalled.slice(0, 0)]) {',
  },
  {
    name: 'take a lost answer for not sent',
    file: 'ledger/call/send.ts',
    from: "return { kind: 'unknown', outcome: { kind: 'unknown', reason: result.reason, isSaved: false }, answer: null }",
    to: "return notSent(ledger, refusal('vendor_unreachable'), result.reason)",
  },
  {
    name: 'DELETE names nothing in flight',
    file: 'store/rules/keys.ts',
    from: '} else inFlight.push({',
    to: '} else if (call.epoch < 0) inFlight.push({',
  },
  {
    name: 'take the day from the local clock',
    // The engine of the simulation: in a real one Redis' own scripts take it.
    file: 'tools/sim/ledgers.ts',
    from: 'const tables = this.#tables(this.#redisTime, ',
    to: "const tables = this.#tables(storeClock(process.clock, { boot: 'redis', lastAtMs: 0 }), ",
  },
  {
    name: 'take a finished write for seen',
    file: 'sidecar/proxy/evidence/connection-watch.ts',
    from: '    awaited.onWritten()\n',
    to: "    awaited.onWritten()\n    awaited.onVerdict('seen')\n",
  },
  {
    name: "leave out rule 5's refusals",
    file: 'store/rules/which-call.ts',
    from: "if (tables.rules.holds('handed_in_older_boot')) return ambiguous(judging, n)\n  }\n  if (sidecar.claims.delivery.delivering.includes(n) && tables.rules.holds('delivering_line')) {\n    return ambiguous(judging, n)\n  }\n",
    to: '}\n',
  },
  {
    name: 'count what is reserved only when it is settled',
    file: 'store/rules/admit-new.ts',
    from: 'reservedUsdMicros: amount })\n',
    to: 'reservedUsdMicros: 0 })\n',
  },
]
