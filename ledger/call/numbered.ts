import type { AnswerNote } from '../../contract/call.ts'
import { asNonce, type CallId } from '../../contract/ids.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { GrowingPlace } from '../../runtime/growing-room.ts'
import type { CallRow, HandTo, NotSent, NumberAnswer, NumberRequest, SendRef } from '../../store/store.ts'
import type { Secret } from '../effects.ts'
import type { Ledger } from '../ledger.ts'
import type { Addressed } from './address.ts'
import { type Answer, refusalAnswer, vendorAnswer } from './answer.ts'
import type { CallClient } from './call-request.ts'
import { type Doubtful, type LookedUp, lookUp } from './look-up.ts'
import { type SendVerdict, sendOnce, type Waiting } from './send.ts'
import { LEASE_MS } from './sends.ts'
import { openAnswer, type StoredRequest } from './stored-request.ts'

/** A call that is live elsewhere is asked for again this often, where its end is not this process's to know. */
const FOREIGN_CALL_MS = 250
/** Longer than a vendor may be silent, so that whoever joins outlasts whoever sends. */
const JOIN_GRACE_MS = 20_000
/** Before each look-up that a request makes itself, so that its app need not hear of a doubt which is soon over. */
const LOOK_UP_PAUSES_MS = [0, 500, 2_000]

/** What the app is told when no answer came, by what a repeat would do. */
const UNKNOWN_OUTCOME = { never: 'outcome_unknown', idempotent: 'outcome_pending', anew: 'answer_lost' } as const

/** A paid call that is ready to be numbered. */
export interface Numbering {
  readonly request: NumberRequest
  /** What `request.sealedRequest` seals. */
  readonly stored: StoredRequest
  /** As it was read a moment ago. */
  readonly secret: Secret
  readonly addressed: Addressed
  readonly client: CallClient
  /** For the vendor's answer, until it has been handed on. */
  readonly place: GrowingPlace
  /** Monotonic clock, when the request was first about to be numbered. */
  readonly sinceMs: number
}

type SendAnswer = Extract<NumberAnswer, { status: 'SEND' }>

/**
 * Which call is it, may it go out, what came back. `judge_again` after a wait: what is in force may have changed meanwhile.
 * Undefined when whoever asked has left before there was an answer.
 */
export async function callNumbered(ledger: Ledger, numbering: Numbering): Promise<Answer | 'judge_again' | undefined> {
  const numbered = await ledger.store.number(numbering.request)
  switch (numbered.status) {
    case 'JOIN': {
      const joinUntilMs = numbering.sinceMs + patienceMs(ledger, numbering) + JOIN_GRACE_MS
      if (ledger.clock.monotonicMs() > joinUntilMs) return refused(ledger, numbering, 'call_in_progress')
      await callEnded(ledger, numbered.callId, numbering.client)
      return 'judge_again'
    }
    case 'SEND':
      return carryOut(ledger, numbering, numbered)
    case 'IN_DOUBT': {
      const found = await lookUp(ledger, doubtful(numbering, numbered.call))
      return isRow(found) ? replayAnswer(ledger, found) : answerWithoutSend(ledger, numbering, numbered)
    }
    case 'NEW_HISTORY':
    case 'REFUSED':
    case 'NOT_SENT':
    case 'REPLAY':
    case 'WAIT':
      return answerWithoutSend(ledger, numbering, numbered)
  }
}

function answerWithoutSend(
  ledger: Ledger,
  numbering: Numbering,
  numbered: Exclude<NumberAnswer, { status: 'JOIN' | 'SEND' }>,
): Answer {
  const note = noteOf(ledger)
  switch (numbered.status) {
    case 'NEW_HISTORY':
      return refusalAnswer(refusal('ledger_not_ready', 'The store has a new history: ask again.'), {
        ...note,
        control: 'new_history',
      })
    case 'REFUSED': {
      count(ledger, numbering, 'refused')
      ledger.metrics.count('ledger_refusals_total', { code: numbered.refusal.code })
      const level = numbered.level === undefined ? {} : { capLevel: numbered.level }
      return refusalAnswer(numbered.refusal, { ...note, ...level })
    }
    case 'NOT_SENT':
      return notSentAnswer(ledger, numbered.answer)
    case 'REPLAY':
      count(ledger, numbering, 'replayed')
      return replayAnswer(ledger, numbered.call)
    case 'IN_DOUBT':
      count(ledger, numbering, 'in_doubt')
      return refusalAnswer(refusal('outcome_unknown'), { ...noteOf(ledger, numbered.call) })
    case 'WAIT':
      return refusalAnswer(refusal('call_in_progress', 'Another call to the same counterparty goes first.'), {
        ...note,
        control: 'wait',
      })
  }
}

/** Marks where a mark is due, sends, reports, and repeats as long as the outcome is unknown, the vendor allows it and there is time. */
async function carryOut(
  ledger: Ledger,
  numbering: Numbering,
  started: SendAnswer,
): Promise<Answer | 'judge_again' | undefined> {
  const { place, addressed } = numbering
  const { policy, vendor } = addressed
  const untilMs = ledger.clock.monotonicMs() + patienceMs(ledger, numbering)
  let row = started.call
  let ref: SendRef = { callId: row.callId, epoch: row.epoch, gen: row.gen, nonce: numbering.request.send.nonce }
  const own = ledger.sends.begin(ref)
  try {
    for (let tries = 1; ; tries += 1) {
      if (row.repeat.kind === 'never' && (await ledger.store.markSent({ ...ref, leaseMs: LEASE_MS })) === 'refused') {
        return 'judge_again'
      }
      const stored = storedIn(row, numbering)
      const waiting = waitingFor(ledger, numbering, { started, row })
      const secret = tries === 1 ? numbering.secret : undefined
      let verdict = await sendOnce(ledger, { row, policy, vendor, place, stored, secret, waiting })
      const reported = await ledger.reports.give({ ...ref, outcome: verdict.outcome, handTo: handTo(numbering) })
      if (reported !== undefined && 'isAlarm' in reported && reported.isAlarm) raiseAlarm(ledger, row)
      // An earlier send may have had its effect, so the app must not hear that there is none.
      if (verdict.kind === 'not_sent' && reported?.status === 'in_doubt') verdict = unknownAfter(verdict)
      const found = reported?.status === 'in_doubt' ? await lookUpFor(ledger, numbering, reported.call) : undefined
      if (found !== undefined) return foundAnswer(ledger, numbering, { started, row: found })
      const pauseMs = pauseBeforeRepeat(row, verdict, tries)
      if (pauseMs === undefined || ledger.clock.monotonicMs() + pauseMs > untilMs) {
        return sentAnswer(ledger, numbering, { started, row, verdict })
      }
      await ledger.timers.sleep(pauseMs)
      const nonce = asNonce(ledger.random.hex(8))
      const repaired = await ledger.store.repair(row.callId, { nonce, leaseMs: LEASE_MS }).catch(() => undefined)
      if (repaired === undefined) return sentAnswer(ledger, numbering, { started, row, verdict })
      if (repaired.status !== 'SEND') return 'judge_again'
      row = repaired.call
      ref = { callId: row.callId, epoch: row.epoch, gen: row.gen, nonce }
      own.renew(ref)
    }
  } finally {
    own.end()
  }
}

function unknownAfter({ outcome }: SendVerdict): SendVerdict {
  return { kind: 'unknown', outcome, answer: null }
}

/** The request at hand, where it is the very one that the record holds; undefined for one of an earlier request. */
function storedIn({ sealedRequest }: CallRow, { request, stored }: Numbering): StoredRequest | undefined {
  return sealedRequest?.equals(request.sealedRequest) === true ? stored : undefined
}

/** The vendor may list an effect a moment after it happened. */
async function lookUpFor(ledger: Ledger, numbering: Numbering, row: CallRow): Promise<CallRow | undefined> {
  for (const pauseMs of LOOK_UP_PAUSES_MS) {
    if (pauseMs > 0) await ledger.timers.sleep(pauseMs)
    const found = await lookUp(ledger, doubtful(numbering, row))
    if (isRow(found)) return found
    if (found === 'not_possible' || numbering.client.hasLeft) return undefined
  }
  return undefined
}

const isRow = (found: LookedUp): found is CallRow => typeof found === 'object'

function doubtful(numbering: Numbering, row: CallRow): Doubtful {
  return { row, vendor: numbering.addressed.vendor, handTo: handTo(numbering) }
}

/** Not marked as replayed: it is the first answer that anybody gets. */
function foundAnswer(
  ledger: Ledger,
  numbering: Numbering,
  { started, row }: { readonly started: SendAnswer; readonly row: CallRow },
): Answer {
  count(ledger, numbering, 'settled')
  const passed = started.passed.length === 0 ? {} : { passed: started.passed }
  const answer = replayAnswer(ledger, row)
  return { ...answer, note: { ...answer.note, ...passed, replayed: false } }
}

/** Milliseconds; undefined: it is not sent again within this request. */
function pauseBeforeRepeat(row: CallRow, verdict: SendVerdict, tries: number): number | undefined {
  if (row.repeat.kind !== 'idempotent') return undefined
  switch (verdict.kind) {
    case 'definite':
    case 'not_sent':
    case 'streamed':
      return undefined
    case 'in_progress':
      return Math.min(100 * 2 ** (tries - 1), 2_000)
    case 'unknown':
      // A 5xx of the vendor is often saved under the key, so asking for it again and again brings nothing.
      if (verdict.answer !== null && tries > 2) return undefined
      return Math.min(100 * 2 ** (tries - 1), 5_000)
  }
}

/** How long a vendor may take; a model may think for minutes. */
function patienceMs({ settings }: Ledger, { request }: Numbering): number {
  return request.repeat.kind === 'anew' ? settings.modelDeadlineMs : settings.vendorDeadlineMs
}

function waitingFor(
  ledger: Ledger,
  { client, request }: Numbering,
  sending: { readonly started: SendAnswer; readonly row: CallRow },
): Waiting {
  return { client, note: noteOfSend(ledger, sending), forSidecar: request.caller.pod !== null }
}

function noteOfSend(
  ledger: Ledger,
  { started, row }: { readonly started: SendAnswer; readonly row: CallRow },
): AnswerNote {
  return { ...noteOf(ledger, row), ...(started.passed.length === 0 ? {} : { passed: started.passed }) }
}

function sentAnswer(
  ledger: Ledger,
  numbering: Numbering,
  { started, row, verdict }: { readonly started: SendAnswer; readonly row: CallRow; readonly verdict: SendVerdict },
): Answer | undefined {
  const note = noteOfSend(ledger, { started, row })
  switch (verdict.kind) {
    case 'streamed':
      count(ledger, numbering, verdict.isBroken ? 'in_doubt' : 'settled')
      if (verdict.isBroken) numbering.client.cut()
      else numbering.client.end()
      return undefined
    case 'definite':
      count(ledger, numbering, 'settled')
      return vendorAnswer(verdict.answer, { ...note, definite: true })
    case 'not_sent':
      count(ledger, numbering, 'released')
      return 'code' in verdict.answer ? refusalAnswer(verdict.answer, note) : vendorAnswer(verdict.answer, note)
    case 'in_progress':
    case 'unknown': {
      count(ledger, numbering, 'in_doubt')
      if (verdict.answer !== null) return vendorAnswer(verdict.answer, note)
      return refusalAnswer(refusal(UNKNOWN_OUTCOME[row.repeat.kind]), note)
    }
  }
}

function replayAnswer(ledger: Ledger, row: CallRow): Answer {
  const note: AnswerNote = { ...noteOf(ledger, row), definite: true, replayed: true }
  const answer = openAnswer(ledger.sealer, row.sealedAnswer)
  if (answer !== undefined) return vendorAnswer(answer, note)
  return refusalAnswer(notKept(ledger, row), { ...note, definite: false })
}

function notKept({ log }: Ledger, { callId, hasEffect, sealedAnswer }: CallRow): Refusal {
  if (sealedAnswer !== null) {
    log.error(
      { callId },
      'the kept answer of a call cannot be opened: the store has damaged it, or another master key sealed it',
    )
    return refusal('answer_not_kept', 'The call was made once, but the answer that is kept of it is damaged.')
  }
  const message = hasEffect
    ? 'The call was made and paid for, but its answer is not kept: it was too large, or a person resolved the call.'
    : 'A person found that the call had no effect at the vendor, so there is no answer; it stands as failed in this run.'
  return refusal('answer_not_kept', message)
}

function notSentAnswer(ledger: Ledger, { refusal: refused, sealedAnswer }: NotSent): Answer {
  const note = noteOf(ledger)
  const answer = openAnswer(ledger.sealer, sealedAnswer)
  if (answer !== undefined) return vendorAnswer(answer, note)
  return refusalAnswer(refused ?? refusal('ledger_not_ready', 'The call was not sent.'), note)
}

function handTo({ request, client }: Numbering): HandTo | null {
  const { caller, claims, identity } = request
  if (caller.pod === null || claims === null || client.hasLeft) return null
  return {
    caller: caller.pod,
    boot: claims.ord.boot,
    token: identity.key?.kind === 'token' ? identity.key.value : null,
  }
}

/** Waits for the end of a call that another request, or another process, has out. */
async function callEnded(ledger: Ledger, callId: CallId, client: CallClient): Promise<void> {
  const ended = ledger.sends.ended(callId)
  const { promise: gone, resolve } = Promise.withResolvers<void>()
  const forget = client.onLeft(resolve)
  await Promise.race([ended ?? ledger.timers.sleep(FOREIGN_CALL_MS), gone])
  forget()
}

function noteOf(ledger: Ledger, row?: CallRow): AnswerNote {
  const place = row === undefined ? {} : { callId: row.callId, ...(row.n === null ? {} : { n: row.n }) }
  return { historyId: ledger.store.historyId, ...place, definite: false, replayed: false }
}

function refused(ledger: Ledger, numbering: Numbering, code: 'call_in_progress'): Answer {
  count(ledger, numbering, 'refused')
  return refusalAnswer(refusal(code), noteOf(ledger))
}

function raiseAlarm(ledger: Ledger, { callId, vendor }: CallRow): void {
  ledger.log.error({ callId, vendor }, 'alarm: the vendor answered one call in two ways')
  ledger.metrics.count('ledger_alarms_total', { reason: 'second_answer' })
}

function count(ledger: Ledger, { addressed }: Numbering, end: string): void {
  ledger.metrics.count('ledger_calls_total', { vendor: addressed.vendor.name, end })
}
