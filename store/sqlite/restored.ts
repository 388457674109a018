import type { Random } from '../../runtime/random.ts'
import type { RunRow } from '../store.ts'
import { type Columns, callColumns, callRow, keyColumns, keyRow } from './rows.ts'
import type { Statements } from './statements.ts'
import { runRow } from './tables.ts'

const ALL = 1_000_000_000

/**
 * A database put back from a copy has lost calls that were made after it: whatever it holds as open may be settled,
 * and a repeat would find no record. So every run and key ends for good, nothing unresolved is sent again, and the
 * day's caps count as spent until a person opens them.
 */
export function endEverything(statements: Statements, { random, day }: { random: Random; day: string }): void {
  for (const run of (statements.runList.all({ namespace: null }) as Columns[]).map(runRow)) {
    const ended: RunRow = { ...run, isFinal: true, jobs: run.jobs.map((job) => ({ ...job, isEnded: true })) }
    statements.runPut.run(run.runUid, run.namespace, run.openedAtMs, JSON.stringify(ended))
  }
  for (const key of (statements.keyList.all({ label: null }) as Columns[]).map(keyRow)) {
    if (key.status === 'active') statements.keyPut.run(keyColumns({ ...key, status: 'ended' }))
  }
  for (const call of (statements.callsUnresolved.all(ALL) as Columns[]).map(callRow)) {
    if (!call.isRead) statements.callPut.run(callColumns({ ...call, state: 'in_doubt', repeat: { kind: 'never' } }))
  }
  statements.metaPut.run('history_id', random.hex(8))
  statements.metaPut.run('held_day', day)
}
