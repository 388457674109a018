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

const HEADER = ['index', 'attempts', 'calls', 'charged', 'replayed', 'refused', 'dollars']

/** What the audits say: a row for each completion index of the first act, then one for each act as a whole. */
export function indexTable(audits: Readonly<Record<string, readonly AuditEvent[]>>): string {
  const acts = Object.entries(audits).map(([name, audit]) => [name, rowsOf(audit)] as const)
  const [, first = new Map<number, IndexRow>()] = acts[0] ?? []
  const indexes = [...first].toSorted(([left], [right]) => left - right)
  return formatTable(HEADER, [
    ...indexes.map(([index, row]) => cells(String(index), row)),
    ...acts.map(([name, rows]) => cells(name, sum([...rows.values()]))),
  ])
}

function cells(name: string, { attempts, calls, charged, replayed, refused, spentMicros }: IndexRow): string[] {
  const dollars = `$${formatUsd(spentMicros as UsdMicros)}`
  return [name, ...[attempts, calls, charged, replayed, refused].map(String), dollars]
}

function noCalls(): IndexRow {
  return { attempts: 0, calls: 0, charged: 0, replayed: 0, refused: 0, spentMicros: 0 }
}

function sum(rows: readonly IndexRow[]): IndexRow {
  const total = noCalls()
  for (const row of rows) for (const key of Object.keys(total) as (keyof IndexRow)[]) total[key] += row[key]
  return total
}

function rowsOf(audit: readonly AuditEvent[]): Map<number, IndexRow> {
  const rows = new Map<number, IndexRow>()
  for (const line of audit) {
    const { index } = line.actor
    if (index === null) continue
    const row = rows.get(index) ?? noCalls()
    rows.set(index, row)
    count(row, line)
  }
  return rows
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
