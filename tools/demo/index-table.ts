import { formatTable } from '../../cli/table.ts'
import type { AuditEvent } from '../../contract/audit.ts'
import { formatUsd, type UsdMicros } from '../../contract/money.ts'

interface IndexRow {
  attempts: number
  calls: number
  charged: number
  replayed: number
  refused: number
  spentMicros: number
}

/** Per completion index what the audit says of it. */
export function indexTable(audit: readonly AuditEvent[]): string {
  const rows = new Map<number, IndexRow>()
  for (const line of audit) {
    const { index } = line.actor
    if (index === null) continue
    const row = rows.get(index) ?? { attempts: 0, calls: 0, charged: 0, replayed: 0, refused: 0, spentMicros: 0 }
    rows.set(index, row)
    count(row, line)
  }
  const cells = [...rows]
    .toSorted(([left], [right]) => left - right)
    .map(([index, { attempts, calls, charged, replayed, refused, spentMicros }]) => [
      ...[index, attempts, calls, charged, replayed, refused].map(String),
      `$${formatUsd(spentMicros as UsdMicros)}`,
    ])
  return formatTable(['index', 'attempts', 'calls', 'charged', 'replayed', 'refused', 'dollars'], cells)
}

function count(row: IndexRow, line: AuditEvent): void {
  switch (line.event) {
    case 'attempt.began':
      row.attempts += 1
      break
    case 'call.reserved':
      row.calls += 1
      break
    case 'call.settled':
      row.charged += line.spentUsdMicros > 0 ? 1 : 0
      row.spentMicros += line.spentUsdMicros
      break
    case 'call.replayed':
      row.calls += 1
      row.replayed += 1
      break
    case 'call.refused':
      row.calls += 1
      row.refused += 1
      break
    default:
  }
}
