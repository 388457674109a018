import type { AuditEvent } from '../../contract/audit.ts'
import type { RunView } from '../../contract/operators.ts'
import type { LedgerClient } from '../../ledger/client.ts'
import type { JobResult } from '../../local/run.ts'
import { DoubtfulCalls } from '../doubtful-calls.ts'
import type { RunSummary } from './events.ts'
import { stopsOf } from './stops.ts'

interface SummedJob {
  readonly name: string
  readonly uid: string
  readonly logs: string
  readonly result: JobResult
}

/** The run that a Job belongs to; undefined while none of its Pods had a credential. */
export async function runOfJob(client: LedgerClient, jobUid: string): Promise<RunView | undefined> {
  return (await client.listRuns()).find(({ jobs }) => jobs.some(({ uid }) => uid === jobUid))
}

/** What one Job of a run did, from the record; money is the run's, over all its Jobs. */
export async function summarise(client: LedgerClient, { name, uid, logs, result }: SummedJob): Promise<RunSummary> {
  const run = await runOfJob(client, uid)
  const counts = { calls: 0, settled: 0, replayed: 0, refused: 0 }
  const doubtful = new DoubtfulCalls()
  if (run !== undefined) {
    for await (const line of client.audit({ run: run.run })) {
      doubtful.take(line)
      if (line.actor.jobUid === uid) count(counts, line)
    }
  }
  const { succeeded, failed, pods } = result
  const ended = { pods: pods.length, succeeded, failed, stops: stopsOf(pods), logs }
  return { job: name, ...moneyOf(run), ...counts, inDoubt: doubtful.calls.length, ...ended }
}

function moneyOf(
  run: RunView | undefined,
): Pick<RunSummary, 'runUid' | 'keyId' | 'capUsd' | 'isCapByPerson' | 'spentUsd'> {
  if (run === undefined) return { runUid: null, keyId: null, capUsd: null, isCapByPerson: false, spentUsd: '0.00' }
  const { key_id, usd_cap, limits_set_by_person, spent_usd } = run.key
  return { runUid: run.run, keyId: key_id, capUsd: usd_cap, isCapByPerson: limits_set_by_person, spentUsd: spent_usd }
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
