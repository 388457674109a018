import { addUsd, MAX_USD_MICROS, subtractUsd, type UsdMicros, ZERO_USD } from '../../contract/money.ts'
import type { CallRow, DefiniteAnswer, ReportAnswer } from '../store.ts'
import { actorOfCall, auditCallOf } from './caller.ts'
import type { ObjectName, Tables } from './tables.ts'

/** M3: a definite answer settles from any epoch and any state; a second, different one raises an alarm. */
export function settle(tables: Tables, call: CallRow, answer: DefiniteAnswer): ReportAnswer {
  if (call.state === 'settled') return secondAnswer(tables, call, answer)
  const row = book(tables, call, answer)
  if (answer.isUnexpectedReplay) alarm(tables, row, 'the vendor replayed a key that was never sent before')
  const isOverrun = row.spentUsdMicros > call.reservedUsdMicros
  return { status: 'settled', call: row, isAlarm: isOverrun || answer.isUnexpectedReplay }
}

/** Writes the answer, moves the money from reserved to spent, and counts it for the object. */
function book(tables: Tables, call: CallRow, answer: DefiniteAnswer): CallRow {
  const spent = answer.hasEffect ? spentOn(tables, call, answer) : ZERO_USD
  const isOverrun = spent > call.reservedUsdMicros
  const row: CallRow = {
    ...call,
    state: 'settled',
    open: [],
    leaseBoot: '',
    leaseUntilMs: 0,
    reservedUsdMicros: ZERO_USD,
    spentUsdMicros: spent,
    object: answer.object ?? call.object,
    sealedRequest: null,
    sealedAnswer: answer.sealedAnswer,
    answerStatus: answer.status,
    hasEffect: answer.hasEffect,
    notSent: null,
  }
  tables.putCall(row)
  for (const account of call.accounts) {
    tables.addToAccount(account, { spentUsdMicros: spent, reservedUsdMicros: -call.reservedUsdMicros })
  }
  if (answer.hasEffect && answer.object !== null) addShare(tables, row, answer.object)
  tables.append(actorOfCall(tables, row), {
    event: 'call.settled',
    call: auditCallOf(row),
    spentUsdMicros: spent,
    status: answer.status,
    object: row.object,
    isOverrun,
  })
  if (answer.hasEffect && answer.givesBack !== null) giveBack(tables, row, answer.givesBack)
  return row
}

/** Truth wins: an effect that shows itself after an answer without one, or after a person's word, is booked all the same. */
function secondAnswer(tables: Tables, call: CallRow, answer: DefiniteAnswer): ReportAnswer {
  const isSame =
    call.answerStatus === answer.status &&
    call.hasEffect === answer.hasEffect &&
    (answer.object === null || answer.object === call.object)
  if (isSame || !tables.rules.holds('second_answer_alarms')) return { status: 'noted', call, isAlarm: false }
  alarm(tables, call, `a second, different answer came: ${answer.status} after ${call.answerStatus}`)
  const isUnbooked = answer.hasEffect && !call.hasEffect
  return { status: 'settled', call: isUnbooked ? book(tables, call, answer) : call, isAlarm: true }
}

/**
 * M3: the call was made anew since, because the vendor had saved an answer without effect. That answer again changes
 * nothing; an effect breaks the vendor's word, so it raises an alarm, and is booked unless a send of the newer gen may
 * be what is counted already.
 */
export function answerOfOlderGen(tables: Tables, call: CallRow, answer: DefiniteAnswer): ReportAnswer {
  if (!answer.hasEffect) return { status: 'noted', call, isAlarm: false }
  alarm(tables, call, `an effect under an older key showed itself: ${answer.status}, the call was made anew since`)
  const isUnbooked = call.state === 'released' || (call.state === 'settled' && !call.hasEffect)
  return isUnbooked
    ? { status: 'settled', call: book(tables, call, answer), isAlarm: true }
    : { status: 'noted', call, isAlarm: true }
}

/**
 * Of an object only what this run has not counted yet; the most that can be held exactly at the top. Nothing of one whose
 * dollars were given back before this was known of it: answers come late, and are merged in any order.
 */
function spentOn(tables: Tables, call: CallRow, answer: DefiniteAnswer): UsdMicros {
  if (answer.object === null || !tables.rules.holds('object_once')) return answer.totalUsdMicros
  const object = tables.object(objectName(call, answer.object))
  if (object?.shares.length === 0 && tables.rules.holds('given_back_stays')) return ZERO_USD
  const shares = object?.shares ?? []
  const counted = shares.reduce<UsdMicros>((sum, { usdMicros }) => addUsd(sum, usdMicros) ?? MAX_USD_MICROS, ZERO_USD)
  return subtractUsd(answer.totalUsdMicros, counted)
}

function addShare(tables: Tables, call: CallRow, object: string): void {
  if (call.spentUsdMicros === 0) return
  const name = objectName(call, object)
  const shares = tables.object(name)?.shares ?? []
  tables.putObject(name, { shares: [...shares, { callId: call.callId, usdMicros: call.spentUsdMicros }] })
}

/** A cancelled object gives its dollars back once, to the accounts and days of the calls that counted it. */
function giveBack(tables: Tables, by: CallRow, object: string): void {
  const name = objectName(by, object)
  const shares = tables.object(name)?.shares ?? []
  if (tables.rules.holds('give_back_once')) tables.putObject(name, { shares: [] })
  for (const { callId, usdMicros } of shares) {
    const call = tables.call(callId)
    if (call === undefined) throw new Error(`object ${object} was counted by ${callId}, which is not on record`)
    tables.putCall({ ...call, spentUsdMicros: subtractUsd(call.spentUsdMicros, usdMicros) })
    for (const account of call.accounts) {
      tables.addToAccount(account, { spentUsdMicros: -usdMicros, reservedUsdMicros: 0 })
    }
    tables.append(actorOfCall(tables, by), { event: 'money.given_back', call: auditCallOf(call), object, usdMicros })
  }
}

function alarm(tables: Tables, call: CallRow, reason: string): void {
  tables.append(actorOfCall(tables, call), { event: 'alarm', call: auditCallOf(call), reason })
}

function objectName(call: CallRow, object: string): ObjectName {
  return { runUid: call.runUid, vendor: call.vendor, object }
}
