import type { CallId, Nonce } from '../../contract/ids.ts'
import type { DefiniteAnswer, JournalledCall } from '../store.ts'
import type { IntentEntry, JournalEntry, OutcomeEntry } from './entries.ts'

/** The calls of a journal, each as the store is to merge it, in the order of their first intents. */
export function journalledCalls(entries: Iterable<JournalEntry>): readonly JournalledCall[] {
  const calls = new Map<CallId, { intents: IntentEntry[]; outcomes: OutcomeEntry[] }>()
  for (const entry of entries) {
    if (entry.kind !== 'intent' && entry.kind !== 'outcome') continue
    const of = calls.get(entry.send.callId) ?? { intents: [], outcomes: [] }
    calls.set(entry.send.callId, of)
    if (entry.kind === 'intent') of.intents.push(entry)
    else of.outcomes.push(entry)
  }
  return [...calls.values()].flatMap(({ intents, outcomes }) => {
    const [first] = intents
    return first === undefined ? [] : [summaryOf(first, intents, outcomes)]
  })
}

function summaryOf(
  first: IntentEntry,
  intents: readonly IntentEntry[],
  outcomes: readonly OutcomeEntry[],
): JournalledCall {
  const newest = intents.reduce((best, each) => (isNewer(each, best) ? each : best), first)
  const { gen } = newest.send
  const ofGen = outcomes.filter(({ send }) => send.gen === gen)
  const closed = new Set<Nonce>()
  for (const { send, outcome } of ofGen) if (outcome.kind === 'not_sent') closed.add(send.nonce)
  const sent = intents.filter(({ send }) => send.gen === gen).map(({ send }) => send.nonce)
  const answers = ofGen.flatMap(({ outcome }) => (outcome.kind === 'definite' ? [outcome.answer] : []))
  const isSaved = ofGen.some(({ outcome }) => outcome.kind === 'unknown' && outcome.isSaved)
  return {
    row: isSaved ? { ...newest.row, isFailureSaved: true } : newest.row,
    // A takeover knows neither; whoever asked first does.
    token: intents.find(({ token }) => token !== null)?.token ?? null,
    limits: intents.find(({ limits }) => limits.length > 0)?.limits ?? [],
    epoch: newest.send.epoch,
    open: [...new Set(sent)].filter((nonce) => !closed.has(nonce)),
    closed: [...closed],
    answer: truest(answers),
  }
}

function isNewer({ send }: IntentEntry, than: IntentEntry): boolean {
  return send.gen > than.send.gen || (send.gen === than.send.gen && send.epoch >= than.send.epoch)
}

/** Of two answers the one with an effect: it costs money. */
function truest(answers: readonly DefiniteAnswer[]): DefiniteAnswer | null {
  return answers.find(({ hasEffect }) => hasEffect) ?? answers[0] ?? null
}
