import { MAX_USD_MICROS, subtractUsd, type UsdMicros } from '../../contract/money.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallRow, NumberRequest } from '../store.ts'
import { balanceOf, firstFullLevel, type Level, levelsOf, runAccount } from './accounts.ts'
import { actorOfCall, auditCallOf, podOf } from './caller.ts'
import type { Judged, Judging } from './judging.ts'
import { refuseOldAttempt } from './newest-attempt.ts'
import { noRoom } from './no-room.ts'
import type { Tables } from './tables.ts'
import { vendorKeyOf } from './vendor-key.ts'

type New = Extract<Judged, { kind: 'new' }>

/** Rules 8 to 10: a new call, or one that was released and is asked for again. */
export function admitNew(judging: Judging, asked: New): Judged {
  const { tables, request } = judging
  const old = refuseOldAttempt(judging)
  if (old !== undefined) return old
  if (request.endpoint !== null && tables.rules.holds('endpoint')) return { kind: 'refused', refusal: request.endpoint }
  const key = tables.key(request.caller.keyId)
  if (key === undefined) throw new Error(`key ${request.caller.keyId} vanished within a step`)
  const amount = amountOf(tables, request)
  const unnamed = refuseUnnamed(tables, request, amount)
  if (unnamed !== undefined) return { kind: 'refused', refusal: unnamed }

  const levels = levelsOf(tables, request, key)
  if (tables.account(runAccount(request.caller.runUid)) === undefined) {
    return { kind: 'refused', refusal: refusal('cap_missing') }
  }
  const full = firstFullLevel(tables, levels, amount)
  if (full !== undefined) {
    return { kind: 'refused', refusal: capExhausted(judging, full, amount), level: full.name }
  }
  const call = reserve(judging, { asked, amount, levels })
  const passed = levels.filter(({ limitUsdMicros }) => limitUsdMicros !== null).map(({ name }) => name)
  return { kind: 'answer', answer: { status: 'SEND', call, isNew: true, passed }, call }
}

/** An object that the run has counted costs only what is added. */
function amountOf(tables: Tables, request: NumberRequest): UsdMicros {
  const { totalUsdMicros, object } = request.price
  if (object === null || !tables.rules.holds('object_once')) return totalUsdMicros
  return subtractUsd(totalUsdMicros, countedFor(tables, request, object))
}

function countedFor(tables: Tables, request: NumberRequest, object: string): UsdMicros {
  const shares = tables.object({ runUid: request.caller.runUid, vendor: request.vendor, object })?.shares ?? []
  return shares.reduce((sum, { usdMicros }) => sum + usdMicros, 0) as UsdMicros
}

/** Where a restarted program or another Pod would look like a new intention, money needs a key that names it. */
function refuseUnnamed(tables: Tables, request: NumberRequest, amount: UsdMicros): Refusal | undefined {
  const run = tables.run(request.caller.runUid)
  if (run === undefined || amount === 0 || request.identity.key?.kind === 'named') return undefined
  if (run.terms.needsNamedKeys && tables.rules.holds('restarts_need_named_keys')) {
    return refusal('restart_needs_named_key')
  }
  if (request.caller.pod?.index === null && tables.rules.holds('work_queue_needs_named_keys')) {
    return queueNeedsNamedKey()
  }
  return undefined
}

function capExhausted({ tables, request }: Judging, level: Level, amount: UsdMicros): Refusal {
  const figures = {
    level: level.name,
    limitUsdMicros: level.limitUsdMicros ?? MAX_USD_MICROS,
    ...balanceOf(tables, level),
    askedUsdMicros: amount,
    day: tables.time.day,
  }
  return noRoom(figures, request.caller)
}

/** A work queue's Pods share nothing, so nothing tells a repeat from a new call. */
export function queueNeedsNamedKey(): Refusal {
  return refusal(
    'idempotency_key_required',
    'The Job is a work queue whose Pods share nothing, so a paid call needs an Idempotency-Key that names what is meant.',
  )
}

function reserve(
  judging: Judging,
  { asked, amount, levels }: { asked: New; amount: UsdMicros; levels: readonly Level[] },
): CallRow {
  const { tables, request } = judging
  const base = asked.remade ?? firstRow(judging, asked.n)
  const isMaybeSent = request.repeat.kind !== 'never'
  const { gen } = asked
  const { ratesHash } = request.price
  const isNewKey = gen !== base.gen
  const place = { n: base.n, gen: tables.rules.holds('gen_in_key') ? gen : 0 }
  const call: CallRow = {
    ...base,
    ...makerOf(judging),
    ...moneyOf(request, levels, amount),
    state: 'reserved',
    epoch: tables.rules.holds('reserve_new_epoch') ? base.epoch + 1 : 1,
    gen,
    vendorKey: vendorKeyOf(request.caller, request.identity, place),
    open: isMaybeSent && tables.rules.holds('reserve_opens_send') ? [request.send.nonce] : [],
    sends: (isNewKey ? 0 : base.sends) + (isMaybeSent ? 1 : 0),
    // Nothing of a released record has reached the vendor, so its window begins anew.
    firstSentAtMs: isMaybeSent ? tables.time.nowMs : null,
    leaseBoot: tables.time.boot,
    leaseUntilMs: tables.time.monotonicMs + request.send.leaseMs,
    sealedRequest: request.sealedRequest,
    sealedAnswer: null,
    answerStatus: null,
    isFailureSaved: false,
    hasEffect: false,
    notSent: null,
  }
  tables.putCall(call)
  for (const { account } of levels) tables.addToAccount(account, { spentUsdMicros: 0, reservedUsdMicros: amount })
  tables.append(actorOfCall(tables, call), {
    event: 'call.reserved',
    call: auditCallOf(call),
    reservedUsdMicros: amount,
    levels: levels.map(({ name }) => name),
    ...(ratesHash === undefined ? {} : { ratesHash }),
  })
  return call
}

function moneyOf(request: NumberRequest, levels: readonly Level[], amount: UsdMicros) {
  return {
    reservedUsdMicros: amount,
    spentUsdMicros: 0 as UsdMicros,
    accounts: levels.map(({ account }) => account),
    levels: levels.map(({ name }) => name),
    object: request.price.object,
    repeat: request.repeat,
  }
}

/** Whose call it is: a record that is made again belongs to whoever reserves it. */
function makerOf({ request: { caller }, scope }: Judging) {
  return { ...podOf(caller), life: caller.pod?.life ?? null, scope }
}

function firstRow(judging: Judging, n: number | null): CallRow {
  const { tables, request } = judging
  const { caller, identity } = request
  return {
    callId: tables.newCallId(),
    runUid: caller.runUid,
    keyId: caller.keyId,
    ...makerOf(judging),
    vendor: request.vendor,
    route: identity.route,
    account: identity.account,
    digest: identity.digest,
    core: identity.core,
    n,
    namedKey: identity.key?.kind === 'named' ? identity.key.value : null,
    isRead: false,
    state: 'reserved',
    epoch: 0,
    gen: 0,
    open: [],
    sends: 0,
    leaseBoot: '',
    leaseUntilMs: 0,
    ...moneyOf(request, [], 0 as UsdMicros),
    firstSentAtMs: null,
    vendorKey: null,
    sealedRequest: null,
    sealedAnswer: null,
    answerStatus: null,
    isFailureSaved: false,
    hasEffect: false,
    notSent: null,
    createdAtMs: tables.time.nowMs,
    createdOrder: tables.nextCallOrder(),
  }
}
