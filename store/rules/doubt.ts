import type { CallRow } from '../store.ts'
import { actorOfCall, auditCallOf } from './caller.ts'
import type { Tables } from './tables.ts'

/** The call may have taken effect; its money stays reserved. */
export function putInDoubt(tables: Tables, call: CallRow, reason: string): CallRow {
  const row: CallRow = { ...call, state: 'in_doubt', leaseBoot: '', leaseUntilMs: 0 }
  tables.putCall(row)
  tables.append(actorOfCall(tables, row), {
    event: 'call.in_doubt',
    call: auditCallOf(row),
    heldUsdMicros: row.reservedUsdMicros,
    reason,
  })
  return row
}
