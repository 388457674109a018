import {
  type CallRow,
  MissingRecord,
  type ReportAnswer,
  type SendOutcome,
  type SendRef,
  type SendReport,
} from '../store.ts'
import { actorOfCall, attemptOf, auditCallOf, refuseDeadKey } from './caller.ts'
import { putInDoubt } from './doubt.ts'
import { settleFound } from './found.ts'
import { isFrozen } from './frozen.ts'
import { bookLost } from './purchase.ts'
import { closeRunIfDone } from './run-end.ts'
import { answerOfOlderGen, settle } from './settle.ts'
import type { Tables } from './tables.ts'

/** M2: before a send that may never be repeated. Refused: the key is dead, or another owner has taken over. */
export function markSent(tables: Tables, send: SendRef & { readonly leaseMs: number }): 'marked' | 'refused' {
  const call = mustBeCall(tables, send)
  if (call.state !== 'reserved' && tables.rules.holds('mark_reserved_only')) return 'refused'
  const isOwner = call.epoch === send.epoch
  if (!isOwner && tables.rules.holds('mark_current_epoch')) return 'refused'
  if (isFrozen(tables, call)) return 'refused'
  const key = tables.key(call.keyId)
  const isDead = key === undefined || refuseDeadKey(tables, key) !== undefined
  if (isDead && tables.rules.holds('mark_key_active')) {
    if (isOwner) release(tables, call, { refusal: null, sealedAnswer: null, reason: 'the key ended before the send' })
    closeRunIfDone(tables, call.runUid)
    return 'refused'
  }
  const row: CallRow = {
    ...call,
    state: 'sent',
    open: [...call.open, send.nonce],
    sends: call.sends + 1,
    firstSentAtMs: call.firstSentAtMs ?? tables.time.nowMs,
    leaseBoot: tables.time.boot,
    leaseUntilMs: tables.time.monotonicMs + send.leaseMs,
  }
  tables.putCall(row)
  tables.append(actorOfCall(tables, row), { event: 'call.sent', call: auditCallOf(row) })
  return 'marked'
}

export function renewLease(tables: Tables, send: SendRef, leaseMs: number): void {
  const call = tables.call(send.callId)
  if (call === undefined || call.epoch !== send.epoch || (call.state !== 'reserved' && call.state !== 'sent')) return
  tables.putCall({ ...call, leaseBoot: tables.time.boot, leaseUntilMs: tables.time.monotonicMs + leaseMs })
}

/** M1 and M3: what became of one send. */
export function report(tables: Tables, report: SendReport): ReportAnswer {
  const call = mustBeCall(tables, report)
  const answer = judgeReport(tables, call, report)
  const { handTo } = report
  // Whoever reports hands its answer on, also where another owner of the call has settled it before.
  if (handTo !== null && answer.call.state === 'settled' && call.n !== null && tables.rules.holds('settle_hands')) {
    const attempt = attemptOf(handTo.caller, handTo.caller.life)
    tables.putHanded({ attempt, digest: call.digest, n: call.n, boot: handTo.boot, token: handTo.token })
  }
  if (answer.status === 'settled' || answer.status === 'released') closeRunIfDone(tables, call.runUid)
  return answer
}

function judgeReport(tables: Tables, call: CallRow, report: SendReport): ReportAnswer {
  if (call.repeat.kind === 'anew') return reportPurchase(tables, call, report)
  switch (report.outcome.kind) {
    case 'definite':
      if (report.epoch !== call.epoch && !tables.rules.holds('settle_any_epoch')) return noted(call)
      if (report.gen !== call.gen && tables.rules.holds('settle_current_gen')) {
        return answerOfOlderGen(tables, call, report.outcome.answer)
      }
      return settle(tables, closeSend(tables, call, report), report.outcome.answer)
    case 'not_sent':
      return notSent(tables, call, report)
    case 'unknown':
      if (report.epoch !== call.epoch || !isPending(call)) return noted(call)
      return { status: 'in_doubt', call: doubt(tables, call, report.outcome) }
    case 'found':
      return settleFound(tables, call, { ...report, outcome: report.outcome })
  }
}

/** Each send of such a call is a purchase of its own; what comes after it was given up for lost changes nothing. */
function reportPurchase(tables: Tables, before: CallRow, report: SendReport): ReportAnswer {
  if (!before.open.includes(report.nonce)) return noted(before)
  const call = closeSend(tables, before, report)
  const { outcome } = report
  switch (outcome.kind) {
    case 'definite':
      return settle(tables, call, outcome.answer)
    case 'not_sent':
      return { status: 'released', call: release(tables, call, outcome.notSent) }
    case 'unknown':
      return { status: 'settled', call: bookLost(tables, call, outcome.reason), isAlarm: false }
    case 'found':
      throw new Error('a purchase that was lost is booked, so it is never looked up')
  }
}

/** Release only when no other send is open and the reporter is the owner; M1. */
function notSent(tables: Tables, before: CallRow, report: SendReport): ReportAnswer {
  if (report.outcome.kind !== 'not_sent') throw new Error('not a report of a send that did not leave')
  if (!isPending(before) && before.state !== 'in_doubt') return noted(before)
  const wasOpen = before.open.includes(report.nonce)
  const isUnmarked = before.repeat.kind === 'never' && before.state === 'reserved' && before.open.length === 0
  if (!wasOpen && !isUnmarked && tables.rules.holds('nonce_once')) return noted(before)
  const call = closeSend(tables, before, report)
  const isOwner = report.epoch === call.epoch || !tables.rules.holds('release_only_current_epoch')
  const isClosed = call.open.length === 0 || !tables.rules.holds('release_only_when_closed')
  if (isOwner && isClosed) return { status: 'released', call: release(tables, call, report.outcome.notSent) }
  if (isOwner) return { status: 'in_doubt', call: putInDoubt(tables, call, 'another send of the call is open') }
  tables.putCall(call)
  return noted(call)
}

export function release(tables: Tables, call: CallRow, notSent: NonNullable<CallRow['notSent']>): CallRow {
  const row: CallRow = {
    ...call,
    state: 'released',
    open: [],
    leaseBoot: '',
    leaseUntilMs: 0,
    reservedUsdMicros: 0 as CallRow['reservedUsdMicros'],
    sealedRequest: null,
    notSent,
  }
  tables.putCall(row)
  for (const account of call.accounts) {
    tables.addToAccount(account, { spentUsdMicros: 0, reservedUsdMicros: -call.reservedUsdMicros })
  }
  tables.append(actorOfCall(tables, row), { event: 'call.released', call: auditCallOf(row), reason: notSent.reason })
  return row
}

function closeSend(tables: Tables, call: CallRow, send: SendRef): CallRow {
  const at = call.open.indexOf(send.nonce)
  if (at >= 0) return { ...call, open: call.open.filter((nonce) => nonce !== send.nonce) }
  // Only with the rule left out: a count instead of names, where a report given twice closes another's send.
  return tables.rules.holds('nonce_once') ? call : { ...call, open: call.open.slice(1) }
}

const noted = (call: CallRow): ReportAnswer => ({ status: 'noted', call, isAlarm: false })

function doubt(tables: Tables, call: CallRow, { reason, isSaved }: Extract<SendOutcome, { kind: 'unknown' }>): CallRow {
  return putInDoubt(tables, { ...call, isFailureSaved: call.isFailureSaved || isSaved }, reason)
}

function isPending(call: CallRow): boolean {
  return call.state === 'reserved' || call.state === 'sent'
}

function mustBeCall(tables: Tables, send: SendRef): CallRow {
  const call = tables.call(send.callId)
  if (call === undefined) throw new MissingRecord(send.callId)
  return call
}
