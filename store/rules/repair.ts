import type { CallRow, PersonsWord, RepairAnswer, SendStart } from '../store.ts'
import { putInDoubt } from './doubt.ts'
import { isLive, mayRepeat, startAgain } from './existing-call.ts'
import { isFrozen } from './frozen.ts'
import { bookLost } from './purchase.ts'
import { closeRead } from './reads.ts'
import { closeRunIfDone } from './run-end.ts'
import { release } from './send.ts'
import { settle } from './settle.ts'
import type { Tables } from './tables.ts'

/** M8: resolves what nobody asks for again. The epoch rises first, so that a waking owner finds itself replaced. */
export function repair(tables: Tables, call: CallRow, send: SendStart): RepairAnswer {
  if (call.state === 'settled' || call.state === 'released') return { status: 'RESOLVED', call }
  if (call.state !== 'in_doubt' && isLive(tables, call)) return { status: 'LIVE', call }
  if (call.isRead) return { status: 'RESOLVED', call: closeRead(tables, call, null) }
  if (call.repeat.kind === 'anew') {
    const lost = bookLost(tables, call, 'the owner of the send is gone')
    closeRunIfDone(tables, call.runUid)
    return { status: 'RESOLVED', call: lost }
  }
  // M4: a person said that nothing more may go out.
  const isRevoked = tables.key(call.keyId)?.status === 'revoked' && tables.rules.holds('revoked_not_repaired')
  if (mayRepeat(tables, call) && !isRevoked) {
    if (isFrozen(tables, call)) return { status: 'HELD', call }
    return { status: 'SEND', call: startAgain(tables, call, send) }
  }

  const epoch = tables.rules.holds('reaper_new_epoch') ? call.epoch + 1 : call.epoch
  const raised: CallRow = { ...call, epoch }
  if (wasNeverSent(call) && tables.rules.holds('reaper_releases_unsent')) {
    const released = release(tables, raised, neverSent())
    closeRunIfDone(tables, call.runUid)
    return { status: 'RESOLVED', call: released }
  }
  if (call.state === 'in_doubt') return { status: 'HELD', call }
  return { status: 'HELD', call: putInDoubt(tables, raised, 'the owner of the send is gone') }
}

/** Not resolved, and none of its sends may be under way: each is marked before, and those that were are closed. */
export function wasNeverSent(call: CallRow): boolean {
  const isUnresolved = call.state === 'reserved' || call.state === 'in_doubt'
  return isUnresolved && !call.isRead && call.repeat.kind === 'never' && call.open.length === 0
}

export const neverSent = () => ({ refusal: null, sealedAnswer: null, reason: 'never sent, and its owner is gone' })

/**
 * A person has looked at the vendor. Undefined when the call is not in doubt. Without an effect the call is released,
 * and its repeat is made: under a new key (M6) only where the vendor saved its failure under the old one, which a repeat
 * would only bring again; never after a time-out, whose request may still arrive and must then meet the same key. An
 * app's own key has no newer one: with a saved failure such a call stands as one without effect.
 */
export function resolveByPerson(tables: Tables, call: CallRow, word: PersonsWord): CallRow | undefined {
  if (call.state !== 'in_doubt') return undefined
  const isEffect = word.kind === 'effect'
  const stands = call.namedKey !== null && call.isFailureSaved
  if (!isEffect && !stands) {
    const newKey = isNewKeyDue(tables, call) ? { gen: call.gen + 1, sends: 0 } : {}
    const released = release(tables, { ...call, epoch: call.epoch + 1, ...newKey }, noEffect())
    closeRunIfDone(tables, call.runUid)
    return released
  }
  const answer = settle(tables, call, {
    status: isEffect ? 200 : 500,
    sealedAnswer: null,
    hasEffect: isEffect,
    totalUsdMicros: isEffect ? word.spentUsdMicros : (0 as CallRow['spentUsdMicros']),
    object: null,
    givesBack: null,
    isUnexpectedReplay: false,
  })
  closeRunIfDone(tables, call.runUid)
  return answer.call
}

function isNewKeyDue({ rules }: Tables, call: CallRow): boolean {
  if (call.namedKey !== null || call.repeat.kind === 'never') return false
  return call.isFailureSaved ? rules.holds('gen_after_saved_failure') : !rules.holds('gen_never_after_time_out')
}

const noEffect = () => ({ refusal: null, sealedAnswer: null, reason: 'a person found no effect at the vendor' })
