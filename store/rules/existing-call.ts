import { refusal } from '../../contract/refusals.ts'
import type { CallRow, SendStart } from '../store.ts'
import { actorOf, actorOfCall, auditCallOf } from './caller.ts'
import { mayRunAgain } from './declined.ts'
import { putInDoubt } from './doubt.ts'
import { isFrozen } from './frozen.ts'
import type { Judged, Judging } from './judging.ts'
import { refuseOldAttempt } from './newest-attempt.ts'
import { bookLost, isBoughtAnew, putAside } from './purchase.ts'
import type { Tables } from './tables.ts'

/** Rule 6: the record exists. */
export function judgeExisting(judging: Judging, call: CallRow): Judged {
  const { tables } = judging
  switch (call.state) {
    case 'settled':
      if (isBoughtAnew(tables, call)) return buyAnew(tables, call)
      return mayRunAgain(judging, call)
        ? { kind: 'new', n: call.n, gen: call.gen + 1, remade: call }
        : replay(judging, call)
    case 'released':
      return { kind: 'new', n: call.n, gen: call.gen, remade: call }
    case 'reserved':
      if (isLive(tables, call) && tables.rules.holds('join_live')) return join(call)
      return takeOver(judging, call)
    case 'sent':
      if (isLive(tables, call) && tables.rules.holds('join_live')) return join(call)
      return vendorsRule(judging, putInDoubt(tables, call, 'the owner of the send is gone'))
    case 'in_doubt':
      if (call.repeat.kind === 'anew') return buyAnew(tables, bookLost(tables, call, 'its owner is gone'))
      return vendorsRule(judging, call)
  }
}

function buyAnew(tables: Tables, call: CallRow): Judged {
  putAside(tables, call)
  return { kind: 'new', n: call.n, gen: 0, remade: null }
}

export function isLive(tables: Tables, call: CallRow): boolean {
  return call.leaseBoot === tables.time.boot && call.leaseUntilMs > tables.time.monotonicMs
}

/** Whether the vendor may be asked again under the same key, now. */
export function mayRepeat(tables: Tables, call: CallRow): boolean {
  const { repeat, firstSentAtMs } = call
  if (repeat.kind === 'never') return !tables.rules.holds('in_doubt_sent_once')
  if (repeat.kind === 'anew') return false
  if (firstSentAtMs === null || !tables.rules.holds('repeat_within_window')) return true
  return tables.time.nowMs - firstSentAtMs < repeat.windowMs
}

/** A new owner: the epoch rises, the reservation stays as it is and no cap is asked again. */
export function startAgain(tables: Tables, call: CallRow, send: SendStart): CallRow {
  const epoch = tables.rules.holds('takeover_new_epoch') ? call.epoch + 1 : call.epoch
  const isMaybeSent = call.repeat.kind !== 'never'
  const row: CallRow = {
    ...call,
    state: 'reserved',
    epoch,
    open: isMaybeSent && tables.rules.holds('takeover_adds_send') ? [...call.open, send.nonce] : call.open,
    sends: call.sends + (isMaybeSent ? 1 : 0),
    firstSentAtMs: call.firstSentAtMs ?? (isMaybeSent ? tables.time.nowMs : null),
    leaseBoot: tables.time.boot,
    leaseUntilMs: tables.time.monotonicMs + send.leaseMs,
  }
  tables.putCall(row)
  tables.append(actorOfCall(tables, row), { event: 'call.taken_over', call: auditCallOf(row), epoch })
  return row
}

export function replay({ tables, request, sidecar }: Judging, call: CallRow): Judged {
  if (sidecar !== null && call.n !== null && tables.rules.holds('replay_hands')) {
    const token = request.identity.key?.kind === 'token' ? request.identity.key.value : null
    tables.putHanded({
      attempt: sidecar.attempt,
      digest: call.digest,
      n: call.n,
      boot: sidecar.claims.ord.boot,
      token,
    })
  }
  tables.append(actorOf(tables, request.caller), {
    event: 'call.replayed',
    call: auditCallOf(call),
    status: call.answerStatus ?? 0,
  })
  return { kind: 'answer', answer: { status: 'REPLAY', call }, call }
}

function join(call: CallRow): Judged {
  return { kind: 'answer', answer: { status: 'JOIN', callId: call.callId }, call }
}

/** Reserved, and its owner is gone: never sent, or under an idempotency key that may be used again. */
function takeOver(judging: Judging, call: CallRow): Judged {
  const { tables, request } = judging
  if (call.repeat.kind === 'anew') return buyAnew(tables, bookLost(tables, call, 'the owner of the send is gone'))
  if (call.repeat.kind === 'idempotent' && !mayRepeat(tables, call)) {
    return inDoubt(putInDoubt(tables, call, "the vendor's idempotency window has passed"))
  }
  const old = tables.rules.holds('takeover_newest_only') ? refuseOldAttempt(judging) : undefined
  if (old !== undefined) return old
  if (request.endpoint !== null && tables.rules.holds('takeover_endpoint')) {
    return { kind: 'refused', refusal: request.endpoint }
  }
  if (!tables.rules.holds('takeover_keeps_reservation')) return { kind: 'new', n: call.n, gen: call.gen, remade: call }
  return sendAgain(judging, call)
}

function vendorsRule(judging: Judging, call: CallRow): Judged {
  if (!mayRepeat(judging.tables, call)) return inDoubt(call)
  return refuseOldAttempt(judging) ?? sendAgain(judging, call)
}

function sendAgain({ tables, request }: Judging, call: CallRow): Judged {
  if (isFrozen(tables, call)) return { kind: 'refused', refusal: refusal('cap_frozen') }
  const row = startAgain(tables, call, request.send)
  return { kind: 'answer', answer: { status: 'SEND', call: row, isNew: false, passed: [] }, call: row }
}

function inDoubt(call: CallRow): Judged {
  return { kind: 'answer', answer: { status: 'IN_DOUBT', call }, call }
}
