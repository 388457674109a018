import type { CapLevelName } from '../../contract/call.ts'
import type { CallId, HistoryId } from '../../contract/ids.ts'
import type { UsdMicros } from '../../contract/money.ts'
import { type Refusal, type RefusalCode, refusal } from '../../contract/refusals.ts'
import { remembered } from '../../contract/remembered.ts'
import { queueNeedsNamedKey } from '../rules/admit-new.ts'
import { noRoom } from '../rules/no-room.ts'
import {
  type Caller,
  type CallRow,
  MissingRecord,
  type NumberAnswer,
  type NumberRequest,
  type RepairAnswer,
  type ReportAnswer,
  type SendReport,
} from '../store.ts'
import type { Reply } from './connection.ts'
import { callRowOf, notSentOf } from './rows.ts'

/** A reply without the words that every one begins with is a broken promise of a script. */
const textAt = (reply: Reply, at: number): string => reply[at]?.toString() ?? ''

export const statusOf = (reply: Reply): string => textAt(reply, 0)

/** Throws when the call that was named is not on record: whoever names one was given it by this store. */
export function onRecord(reply: Reply | undefined, callId: CallId): Reply {
  if (reply === undefined || statusOf(reply) === 'UNKNOWN_CALL') {
    throw new MissingRecord(callId)
  }
  return reply
}

/** Without a text made of what is another status. */
export const hasStatus = (reply: Reply, status: string): boolean =>
  reply[0]?.length === status.length && statusOf(reply) === status

/** `callReply` of the scripts: status, id, packed, lines, blob, why not sent. */
export function callOf(reply: Reply): CallRow {
  return callRowOf({
    callId: textAt(reply, 1),
    packed: textAt(reply, 2),
    lines: linesOf(reply),
    blob: reply[4] ?? Buffer.alloc(0),
    notSent: textAt(reply, 5),
  })
}

/** Of a reply that holds a call: its lines, as they are on record. */
export const linesOf = (reply: Reply): string => textAt(reply, 3)

/** Of the reply to a new call: the levels with a limit that it has passed. Nearly every call passes the same. */
export const levelsIn = remembered(
  (text): readonly CapLevelName[] => text.split(' ').filter((name) => name !== '') as CapLevelName[],
)

type NumberStatus = NumberAnswer['status']

export function numberAnswer(
  reply: Reply,
  historyId: HistoryId,
  { caller, sealedRequest }: NumberRequest,
): NumberAnswer {
  const status = statusOf(reply) as NumberStatus
  switch (status) {
    case 'NEW_HISTORY':
      return { status, historyId }
    case 'REFUSED':
      return refusedAnswer(reply, caller)
    case 'NOT_SENT':
      return { status, answer: notSentOf(textAt(reply, 1), bytesOrNull(reply[2])) }
    case 'JOIN':
      return { status, callId: textAt(reply, 1) as CallId }
    case 'WAIT':
      return { status }
    case 'REPLAY':
    case 'IN_DOUBT':
      return { status, call: callOf(reply) }
    case 'SEND': {
      const isNew = textAt(reply, 6) === '1'
      const call = callOf(reply)
      // What it was just given is not sent back.
      return { status, call: isNew ? { ...call, sealedRequest } : call, isNew, passed: levelsIn(textAt(reply, 7)) }
    }
  }
}

function refusedAnswer(reply: Reply, caller: Caller): NumberAnswer {
  const [code, more, level, figures] = [1, 2, 3, 4].map((at) => textAt(reply, at)) as [
    RefusalCode,
    string,
    string,
    string,
  ]
  if (level === '') return { status: 'REFUSED', refusal: refusalOf(code, more, caller) }
  return { status: 'REFUSED', refusal: refusalOf(code, `${level} ${figures}`, caller), level: level as CapLevelName }
}

/** `more` is empty, `=` and the whole refusal in JSON, the figures of a cap, or a word for another message. */
function refusalOf(code: RefusalCode, more: string, caller: Caller): Refusal {
  if (more.startsWith('=')) return JSON.parse(more.slice(1)) as Refusal
  if (code === 'idempotency_key_required' && more === 'queue') return queueNeedsNamedKey()
  if (code !== 'cap_exhausted') return refusal(code)
  const [level, limit, spent, reserved, asked, day = ''] = more.split(' ')
  const figures = {
    level: level as CapLevelName,
    limitUsdMicros: Number(limit) as UsdMicros,
    spentUsdMicros: Number(spent) as UsdMicros,
    reservedUsdMicros: Number(reserved) as UsdMicros,
    askedUsdMicros: Number(asked) as UsdMicros,
    day,
  }
  return noRoom(figures, caller)
}

export function reportAnswer(reply: Reply, report: SendReport): ReportAnswer {
  const status = statusOf(reply) as ReportAnswer['status']
  const call = callOf(reply)
  const isAlarm = textAt(reply, 6) === '1'
  switch (status) {
    case 'settled': {
      const isBooked = textAt(reply, 7) === '1'
      const { outcome } = report
      const sealedAnswer = outcome.kind === 'definite' && isBooked ? outcome.answer.sealedAnswer : call.sealedAnswer
      return { status, call: { ...call, sealedAnswer }, isAlarm }
    }
    case 'noted':
      return { status, call, isAlarm }
    case 'released':
    case 'in_doubt':
      return { status, call }
  }
}

export function repairAnswer(reply: Reply): RepairAnswer {
  return { status: statusOf(reply) as RepairAnswer['status'], call: callOf(reply) }
}

const bytesOrNull = (bytes: Buffer | undefined): Buffer | null =>
  bytes === undefined || bytes.length === 0 ? null : bytes
