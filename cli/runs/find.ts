import type { RunView } from '../../contract/operators.ts'
import { text, type Values } from '../command.ts'
import { Refused } from '../faults.ts'
import { type AskedLedger, LEDGER_OPTIONS } from '../ledger-access.ts'

/** Options of the commands that name a run by its Job. */
export const RUN_OPTIONS = {
  ...LEDGER_OPTIONS,
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    help: "of the Job (default: that of the kubeconfig's context, else default)",
  },
} as const

/** The run of a Job: the newest of that name, or the one with this UID. */
export async function runOfJob(ledger: AskedLedger, job: string, values: Values): Promise<RunView> {
  const namespace = text(values, 'namespace') ?? ledger.namespace ?? 'default'
  const [run] = await ledger.client.listRuns({ namespace, job })
  if (run !== undefined) return run
  throw new Refused(
    `the ledger knows no run of a Job "${job}" in namespace ${namespace}; see: jobcap runs list -n ${namespace}`,
  )
}
