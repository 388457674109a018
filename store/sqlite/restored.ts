import { asNonce } from '../../contract/ids.ts'
import { putInDoubt } from '../rules/doubt.ts'
import { actorOfKey } from '../rules/keys.ts'
import { bookLost } from '../rules/purchase.ts'
import { closeRead } from '../rules/reads.ts'
import { closeRunIfDone } from '../rules/run-end.ts'
import type { CallRow } from '../store.ts'
import { type Columns, callRow, keyRow } from './rows.ts'
import type { Statements } from './statements.ts'
import { runRow, type SqliteTables } from './tables.ts'

/** Stands for the sends that the copy does not know of, so that the call is never taken for one that did not leave. */
const LOST_SENDS = asNonce('lost')

const maybeSent = (call: CallRow): CallRow => ({ ...call, repeat: { kind: 'never' }, open: [...call.open, LOST_SENDS] })

/**
 * A database put back from a copy has lost calls that were made after it: whatever it holds as open may be settled,
 * and a repeat would find no record. So every run and key ends for good, nothing unresolved is sent again, and the
 * day's caps count as spent until a person opens them.
 */
export function endEverything(statements: Statements, tables: SqliteTables): void {
  for (const key of (statements.keyList.all({ label: null }) as Columns[]).map(keyRow)) {
    if (key.status !== 'active') continue
    tables.putKey({ ...key, status: 'ended', endedAtMs: tables.time.nowMs, version: key.version + 1 })
    tables.append(actorOfKey(tables, key), { event: 'key.ended' })
  }
  for (const call of (statements.callsUnresolvedAll.all() as Columns[]).map(callRow)) {
    if (call.isRead) closeRead(tables, call, null)
    else if (call.repeat.kind === 'anew') bookLost(tables, call, 'the store was put back from a copy')
    else if (call.state === 'in_doubt') tables.putCall(maybeSent(call))
    else putInDoubt(tables, maybeSent(call), 'the store was put back from a copy')
  }
  for (const run of (statements.runList.all({ namespace: null, isLiving: 0 }) as Columns[]).map(runRow)) {
    tables.putRun({ ...run, isFinal: true, jobs: run.jobs.map((job) => ({ ...job, isEnded: true })) })
    closeRunIfDone(tables, run.runUid)
  }
  statements.metaPut.run('held_day', tables.time.day)
}
