import type { CallId } from '../../contract/ids.ts'
import { ZERO_USD } from '../../contract/money.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { Caller, CallRow, ReadRequest, RefusedCall } from '../store.ts'
import { actorOf, actorOfCall, auditCallOf, podOf, refuseKey, scopeOf } from './caller.ts'
import { closeRunIfDone } from './run-end.ts'
import type { Tables } from './tables.ts'

/** Owners of reads name no lease: after this long without an answer, a read's owner is taken for gone. */
export const READ_LEASE_MS = 15 * 60 * 1000

/** A read is free and repeatable, but it is on record before it leaves, and a dead key admits none. */
export function admitRead(tables: Tables, request: ReadRequest): CallId | Refusal {
  const refused = refuseKey(tables, request.caller) ?? request.endpoint ?? undefined
  if (refused !== undefined) {
    const { vendor, identity } = request
    recordRefusal(tables, request.caller, { vendor, route: identity.route, digest: identity.digest, refusal: refused })
    return refused
  }
  const call = readRow(tables, request)
  tables.putCall(call)
  tables.append(actorOfCall(tables, call), { event: 'read.admitted', call: auditCallOf(call) })
  return call.callId
}

/** `status` null: the vendor did not answer, or the owner of the read is gone. */
export function closeRead(tables: Tables, call: CallRow, status: number | null): CallRow {
  if (call.state !== 'reserved') return call
  const closed: CallRow = { ...call, state: 'settled', answerStatus: status, leaseBoot: '', leaseUntilMs: 0 }
  tables.putCall(closed)
  tables.append(actorOfCall(tables, call), { event: 'read.answered', call: auditCallOf(call), status })
  closeRunIfDone(tables, call.runUid)
  return closed
}

export function recordRefusal(tables: Tables, caller: Caller, refused: RefusedCall): void {
  const { vendor, route, digest, refusal } = refused
  tables.append(actorOf(tables, caller), {
    event: 'call.refused',
    vendor,
    route,
    digest,
    code: refusal.code,
    level: null,
  })
}

function readRow(tables: Tables, { caller, vendor, identity }: ReadRequest): CallRow {
  return {
    callId: tables.newCallId(),
    runUid: caller.runUid,
    keyId: caller.keyId,
    ...podOf(caller),
    life: caller.pod?.life ?? null,
    scope: scopeOf(caller),
    vendor,
    route: identity.route,
    account: identity.account,
    digest: identity.digest,
    core: null,
    n: null,
    namedKey: null,
    isRead: true,
    state: 'reserved',
    epoch: 1,
    gen: 0,
    open: [],
    sends: 1,
    leaseBoot: tables.time.boot,
    leaseUntilMs: tables.time.monotonicMs + READ_LEASE_MS,
    reservedUsdMicros: ZERO_USD,
    spentUsdMicros: ZERO_USD,
    accounts: [],
    levels: [],
    object: null,
    repeat: { kind: 'never' },
    firstSentAtMs: tables.time.nowMs,
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
