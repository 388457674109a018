import { counted } from '../../contract/counted.ts'
import type { RunView } from '../../contract/operators.ts'
import type { LedgerClient } from '../../ledger/client.ts'
import type { Finding } from './finding.ts'

/** Living runs whose policy was taken away: their calls are refused until there is one of its name again. */
export async function waitingRunFindings(client: Pick<LedgerClient, 'listRuns' | 'listPolicies'>): Promise<Finding[]> {
  const [runs, policies] = await Promise.all([client.listRuns({ living: true }), client.listPolicies()])
  const inUse = new Set(policies.map(({ policy }) => policy))
  const waiting = Map.groupBy(
    runs.filter(({ policy }) => !inUse.has(policy)),
    ({ policy }) => policy,
  )
  return [...waiting].map(([policy, ofIt]) => ({
    problem: `There is no policy ${policy}, so nothing is paid for ${counted(ofIt.length, 'living run')} under it, such as ${nameOf(ofIt[0])}.`,
    wayOut: 'Create it again under that name and they go on; end one that shall not by jobcap runs revoke.',
  }))
}

function nameOf(run: RunView | undefined): string {
  const { name = run?.run } = run?.jobs.at(-1) ?? {}
  return `Job ${name} in namespace ${run?.namespace}`
}
