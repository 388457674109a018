import type { AuditEvent } from '../../contract/audit.ts'
import type { RunView } from '../../contract/operators.ts'
import type { LedgerClient } from '../../ledger/client.ts'
import type { RunSummary } from './events.ts'

/** What one Job of a run did, from the record; money is the run's, over all its Jobs. */
export async function summarise(
  client: LedgerClient,
  job: { readonly name: string; readonly uid: string; readonly pods: number; readonly logs: string },
): Promise<RunSummary> {
  const run = (await client.listRuns()).find(({ jobs }) => jobs.some(({ uid }) => uid === job.uid))
  const counts = { calls: 0, settled: 0, replayed: 0, refused: 0 }
  const doubtful = new Set<string>()
  if (run !== undefined) {
    for await (const line of client.audit({ run: run.run })) {
      followDoubt(doubtful, line)
      if (line.actor.jobUid === job.uid) count(counts, line)
    }
  }
  return { job: job.name, ...moneyOf(run), ...counts, inDoubt: doubtful.size, pods: job.pods, logs: job.logs }
}

function moneyOf(run: RunView | undefined): Pick<RunSummary, 'runUid' | 'keyId' | 'capUsd' | 'spentUsd'> {
  if (run === undefined) return { runUid: null, keyId: null, capUsd: null, spentUsd: '0.00' }
  const { key_id, usd_cap, spent_usd } = run.key
  return { runUid: run.run, keyId: key_id, capUsd: usd_cap, spentUsd: spent_usd }
}

function count(counts: { calls: number; settled: number; replayed: number; refused: number }, line: AuditEvent): void {
  switch (line.event) {
    case 'call.reserved':
      counts.calls += 1
      break
    case 'call.settled':
      counts.settled += 1
      break
    case 'call.replayed':
      counts.replayed += 1
      break
    case 'call.refused':
      counts.refused += 1
      break
    default:
  }
}

function followDoubt(doubtful: Set<string>, line: AuditEvent): void {
  if (line.event === 'call.in_doubt') doubtful.add(line.call.callId)
  if (line.event === 'call.settled' || line.event === 'call.released') doubtful.delete(line.call.callId)
}
