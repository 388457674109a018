import type { CallRow, JournalledCall, MergeAnswer } from '../store.ts'
import { actorOfCall, auditCallOf } from './caller.ts'
import { isFrozen } from './frozen.ts'
import { closeRunIfDone } from './run-end.ts'
import { answerOfOlderGen, settle } from './settle.ts'
import type { Tables } from './tables.ts'

/** Replays what a journal says of one call into a store that may have lost it. */
export function mergeCall(tables: Tables, journalled: JournalledCall): MergeAnswer {
  const { row, answer } = journalled
  if (isPruned(tables, row)) return { status: 'absent' }
  const found = recordOf(tables, row)
  if (answer !== null && found !== undefined && found.gen > row.gen) {
    answerOfOlderGen(tables, found, answer)
    return merged(tables, found)
  }
  const open = answer === null ? openAfter(tables, found, journalled) : journalled.open
  const record = held(tables, { found, journalled, open })
  if (record === undefined) return found === undefined ? { status: 'absent' } : merged(tables, found)
  bindToken(tables, record, journalled.token)
  freezeFullLevels(tables, record, journalled)
  if (answer !== null) {
    settle(tables, record, answer)
    closeRunIfDone(tables, record.runUid)
  }
  return merged(tables, record)
}

/** Its records were kept as long as they had to be, and went: nothing is made of them anew. */
function isPruned(tables: Tables, { keyId }: CallRow): boolean {
  return (tables.key(keyId)?.retention ?? 'kept') !== 'kept' && tables.rules.holds('merge_leaves_pruned')
}

/** By its id; else by what it means, where another record took its place after the loss. */
function recordOf(tables: Tables, { callId, runUid, scope, digest, n, namedKey, vendor, account, repeat }: CallRow) {
  const own = tables.call(callId)
  // Each send of a purchase is one of its own, whatever took its place.
  if (own !== undefined || repeat.kind === 'anew') return own
  if (namedKey !== null) return tables.callByNamedKey({ runUid, vendor, account, namedKey })
  return n === null ? undefined : tables.callByOccurrence(scope, digest, n)
}

interface Merging {
  readonly found: CallRow | undefined
  readonly journalled: JournalledCall
  readonly open: CallRow['open']
}

/** The record with its money reserved, as far as anything may have left; undefined: nothing is to be changed. */
function held(tables: Tables, merging: Merging): CallRow | undefined {
  const { found, journalled, open } = merging
  const { row, answer } = journalled
  if (found === undefined) return open.length === 0 && answer === null ? undefined : putBack(tables, row, merging)
  if (found.gen > row.gen) return undefined
  const isNewer = found.gen < row.gen || (found.state === 'released' && journalled.epoch >= found.epoch)
  const mayHaveLeft = open.length > 0 || answer !== null
  if (isNewer && !found.hasEffect)
    return mayHaveLeft ? putBack(tables, { ...row, callId: found.callId }, merging) : undefined
  if (found.state === 'settled') return answer === null ? undefined : found
  if (found.state === 'released') return answer === null ? undefined : found
  return ownerless(tables, found, merging)
}

/** Lost, or lost since it was made anew: its money counts again, and nobody owns it. */
function putBack(tables: Tables, row: CallRow, { found, journalled, open }: Merging): CallRow {
  const isBesideAnother = found === undefined && row.repeat.kind === 'anew' && isPlaceTaken(tables, row)
  const record: CallRow = {
    ...row,
    ...(isBesideAnother ? { n: null, namedKey: null } : {}),
    state: 'in_doubt',
    epoch: nextEpoch(found, journalled),
    open,
    leaseBoot: '',
    leaseUntilMs: 0,
    // Journals come in any order, and what its scope did after it must stay after it.
    createdOrder: found?.createdOrder ?? row.createdOrder,
  }
  tables.putCall(record)
  reopen(tables, row.runUid)
  const reservedUsdMicros = record.reservedUsdMicros
  for (const account of record.accounts) tables.addToAccount(account, { spentUsdMicros: 0, reservedUsdMicros })
  tell(tables, record, 'its record was lost and put back from a journal')
  return record
}

/** An ended run closes once nothing of it is in doubt; now something is. */
function reopen(tables: Tables, runUid: CallRow['runUid']): void {
  const run = tables.run(runUid)
  if (run?.isClosed === true) tables.putRun({ ...run, isClosed: false })
}

/** Another purchase of the same call was recorded after the loss. */
function isPlaceTaken(tables: Tables, { runUid, scope, digest, n, namedKey, vendor, account }: CallRow): boolean {
  if (namedKey !== null) return tables.callByNamedKey({ runUid, vendor, account, namedKey }) !== undefined
  return n !== null && tables.callByOccurrence(scope, digest, n) !== undefined
}

/** Still there: its owner has stopped, and sends that the store has lost are named again. */
function ownerless(tables: Tables, found: CallRow, { journalled, open }: Merging): CallRow {
  const isUnsent = found.state === 'reserved' && open.length === 0
  const record: CallRow = {
    ...found,
    state: isUnsent ? 'reserved' : 'in_doubt',
    epoch: nextEpoch(found, journalled),
    open,
    sends: Math.max(found.sends, journalled.row.sends),
    leaseBoot: '',
    leaseUntilMs: 0,
  }
  tables.putCall(record)
  if (!isUnsent && found.state !== 'in_doubt') tell(tables, record, 'the store lost its last steps while it was out')
  return record
}

/** Names, not a count: sends of the journal that the store has lost are added, those that surely did not leave taken out. */
function openAfter(tables: Tables, found: CallRow | undefined, { row, open, closed }: JournalledCall): CallRow['open'] {
  const known = found === undefined || found.gen !== row.gen ? [] : found.open
  const added = found === undefined || tables.rules.holds('merge_into_existing') ? open : []
  return [...new Set([...known, ...added])].filter((nonce) => !closed.includes(nonce))
}

function nextEpoch(found: CallRow | undefined, { epoch }: JournalledCall): number {
  return Math.max(found?.epoch ?? 0, epoch) + 1
}

function bindToken(tables: Tables, { scope, digest, n }: CallRow, token: string | null): void {
  if (token === null || n === null || tables.binding(scope, token) !== undefined) return
  tables.putBinding(scope, token, { digest, n })
}

function freezeFullLevels(tables: Tables, record: CallRow, { limits }: JournalledCall): void {
  const key = tables.key(record.keyId)
  for (const [at, account] of record.accounts.entries()) {
    const level = record.levels[at]
    const ofKey = level === 'run' ? key?.capUsdMicros : level === 'run_day' ? key?.dailyCapUsdMicros : undefined
    const limit = ofKey ?? limits.find((each) => each.level === level)?.limitUsdMicros ?? null
    const sums = tables.account(account)
    if (limit === null || sums === undefined) continue
    if (sums.spentUsdMicros + sums.reservedUsdMicros > limit) tables.freeze(account, limit)
  }
}

function tell(tables: Tables, call: CallRow, reason: string): void {
  const heldUsdMicros = call.reservedUsdMicros
  tables.append(actorOfCall(tables, call), { event: 'call.in_doubt', call: auditCallOf(call), heldUsdMicros, reason })
}

function merged(tables: Tables, { callId }: CallRow): MergeAnswer {
  const call = tables.call(callId)
  return { status: 'merged', callId, isFrozen: call !== undefined && isFrozen(tables, call) }
}
