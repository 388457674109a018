import type { AnswerNote, SeenFact } from '../../contract/call.ts'
import { decodeNote } from '../../contract/claims-header.ts'
import { NOTE_HEADER, REFUSED_HEADER } from '../../contract/headers.ts'
import type { HistoryId } from '../../contract/ids.ts'
import { type Refusal, type RefusalCode, refusal } from '../../contract/refusals.ts'
import { parseRefusal } from '../exchange.ts'
import type { Leaving } from '../leaving.ts'
import { type LedgerAnswer, LedgerUnreachable } from '../ledger-link.ts'
import { type AnswerBody, collectAnswer } from './answer-body.ts'
import type { Renewal } from './credentials.ts'
import type { Pod } from './pod.ts'

/** So long the same request is sent again while no ledger answers, or each says that it cannot judge yet. */
const RESEND_FOR_MS = 20_000
const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 1_000
/** A store changes its history once in a while; a ledger that says so again and again has to be waited for. */
const MOST_AGAINS = 3
/** Sends of a read whose answer is broken off after its head each time. */
const MOST_CUT_READS = 3

export interface RelayedAnswer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: LedgerAnswer['headers']
  readonly body: AnswerBody
  readonly note: AnswerNote | undefined
  /** The ledger's refusal, when the answer is one. */
  readonly refused: Refusal | undefined
}

/** `wait`: rule 7 tells this request to let others of its core digest go first. */
export type Relayed =
  | RelayedAnswer
  | { readonly kind: 'wait' }
  | { readonly kind: 'refused'; readonly refused: Refusal }

export interface Sending {
  readonly vendor: string
  /** Sends the request, with all that is known by now; later when facts have to go ahead of it, which throws `LedgerUnreachable`. */
  send(): Sent | Promise<Sent>
  /** False when its body has been streamed away and cannot be sent again. */
  readonly isRepeatable: boolean
  /** A read's answer comes straight from the vendor, so it is the vendor that breaks it off: it is asked again only so often. */
  readonly isRead: boolean
  /** Aborted when the app has left. */
  readonly gone: Leaving
}

export interface Sent {
  /** Rejects with `LedgerUnreachable`, or with the signal's reason. */
  readonly answer: Promise<LedgerAnswer>
  /** Facts that went with it, all of one K, and the history under which it said them. */
  readonly seen: readonly SeenFact[]
  readonly lane: string
  readonly historyId: HistoryId
}

const UNREACHABLE: Relayed = { kind: 'refused', refused: refusal('ledger_unreachable') }
const CUT_READ: Relayed = {
  kind: 'refused',
  refused: refusal('vendor_unreachable', 'The answer to the read was broken off each time.'),
}

/** A ledger that starts, and a policy that is made anew (`kubectl replace --force` deletes it first): of that the app sees nothing. */
const NOT_YET: ReadonlySet<RefusalCode> = new Set<RefusalCode>(['ledger_not_ready', 'policy_missing'])

/** Refusals that come from the step that also records seen facts; any other may have come before it. */
const JUDGED: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'stale_request',
  'stale_attempt',
  'ambiguous_repeat',
  'replay_divergence',
  'idempotency_mismatch',
  'cap_exhausted',
])

/**
 * Sends one request until a ledger has answered it: the same request, with all that is known by then. Rejects with the
 * signal's reason when the app leaves.
 */
export async function relay(pod: Pod, sending: Sending): Promise<Relayed> {
  const { clock, timers } = pod.effects
  let failingSinceMs: number | null = null
  let waitMs = FIRST_WAIT_MS
  let cuts = 0
  let isAfterLost = false
  for (let agains = 0; ; ) {
    const outcome = await sendOnce(pod, sending, isAfterLost)
    if (outcome.kind === 'again' && agains < MOST_AGAINS) {
      agains += 1
      continue
    }
    if (outcome.kind !== 'again' && outcome.kind !== 'unreachable') return outcome
    isAfterLost ||= outcome.kind === 'unreachable' && outcome.last === UNREACHABLE && !sending.isRead
    if (outcome.kind === 'unreachable' && outcome.isCut) cuts += 1
    if (sending.isRead && cuts === MOST_CUT_READS) return CUT_READ
    failingSinceMs ??= clock.monotonicMs()
    if (clock.monotonicMs() + waitMs - failingSinceMs > RESEND_FOR_MS) {
      return outcome.kind === 'again' ? UNREACHABLE : outcome.last
    }
    await timers.sleep(waitMs, sending.gone.signal)
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
  }
}

type Outcome =
  | Relayed
  | { readonly kind: 'again' }
  | { readonly kind: 'unreachable'; readonly last: Relayed; readonly isCut: boolean }

async function sendOnce(
  pod: Pod,
  { vendor, send, gone, isRepeatable }: Sending,
  isAfterLost: boolean,
): Promise<Outcome> {
  let sent: Sent
  let answer: LedgerAnswer | undefined
  let body: AnswerBody
  try {
    const sending = send()
    sent = sending instanceof Promise ? await sending : sending
    answer = await sent.answer
    body = Buffer.isBuffer(answer.body) ? answer.body : await collectAnswer(answer)
  } catch (fault) {
    if (gone.aborted) throw gone.reason
    if (!(fault instanceof LedgerUnreachable)) throw fault
    pod.effects.log.warn({ reason: fault.message }, 'the ledger did not answer')
    return isRepeatable ? { kind: 'unreachable', last: UNREACHABLE, isCut: answer !== undefined } : UNREACHABLE
  }
  const { status, headers } = answer
  const note = noteOf(headers)
  const refused = refusalOf(headers, body)
  const relayed: RelayedAnswer = { kind: 'answer', status, headers, body, note, refused }
  if (!isRepeatable) return relayed
  if (note?.control === 'new_history') {
    await pod.facts.learnHistory(note.historyId)
    // All that was ever said is said again, before the request itself.
    await handInAgain(pod)
    return { kind: 'again' }
  }
  if (refused?.code === 'credential_expired') return afterRenewal(await pod.credentials.renew())
  if (refused !== undefined && NOT_YET.has(refused.code)) return { kind: 'unreachable', last: relayed, isCut: false }
  const isToldToWait = note?.control === 'wait'
  const learnt = { vendor, refused, note, isAfterLost: isAfterLost && !isToldToWait }
  if (pod.refusals.learnsFrom(learnt)) await pod.refusals.learn(learnt)
  const isJudged = refused === undefined || isToldToWait || JUDGED.has(refused.code)
  // The store took them when it judged the request; by the time of the answer it may have lost them again.
  if (note !== undefined && isJudged) pod.facts.confirm(sent.seen, sent.lane, sent.historyId)
  return isToldToWait ? { kind: 'wait' } : relayed
}

/** Under a credential that has expired nothing was judged: it is why it was not renewed that the app has to know. */
function afterRenewal(renewal: Renewal): Outcome {
  switch (renewal.kind) {
    case 'renewed':
      return { kind: 'again' }
    case 'refused':
      return NOT_YET.has(renewal.refused.code) ? { kind: 'unreachable', last: renewal, isCut: false } : renewal
    case 'unreachable':
      return { kind: 'unreachable', last: UNREACHABLE, isCut: false }
  }
}

async function handInAgain(pod: Pod): Promise<void> {
  try {
    await pod.reports.handIn()
  } catch (fault) {
    if (!(fault instanceof LedgerUnreachable)) throw fault
    // The request goes out with those of its own K, and if the ledger is away it is sent again anyway.
    pod.reports.schedule()
  }
}

function noteOf(headers: LedgerAnswer['headers']): AnswerNote | undefined {
  const value = headers[NOTE_HEADER]
  return typeof value === 'string' ? decodeNote(value) : undefined
}

function refusalOf(headers: LedgerAnswer['headers'], body: AnswerBody): Refusal | undefined {
  return headers[REFUSED_HEADER] === undefined || !Buffer.isBuffer(body) ? undefined : parseRefusal(body.toString())
}
