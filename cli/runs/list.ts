import type { RunView } from '../../contract/operators.ts'
import { type Command, EXIT, isSet, text } from '../command.ts'
import { UsageError } from '../faults.ts'
import { LEDGER_OPTIONS, withLedger } from '../ledger-access.ts'
import { printAnswer } from '../print.ts'
import { formatTable } from '../table.ts'

export const listRunsCommand: Command = {
  name: 'runs list',
  summary: 'list runs with their Jobs, caps and what is spent',
  usage: '[-n NAMESPACE | -A] [--living]',
  options: {
    ...LEDGER_OPTIONS,
    namespace: {
      type: 'string',
      short: 'n',
      value: 'NAMESPACE',
      help: "only this one (default: in a cluster that of the kubeconfig's context, else all)",
    },
    'all-namespaces': { type: 'boolean', short: 'A', help: 'all of a cluster' },
    living: { type: 'boolean', help: 'only those with a Job that has not ended' },
  },
  examples: [
    ['jobcap runs list -n billing', 'show what the Jobs of one team may spend and have spent'],
    ['jobcap runs list --living --ledger kube:production', 'ask the ledger of another context of the kubeconfig'],
  ],
  run(values, _words, context) {
    const named = text(values, 'namespace')
    const isAll = isSet(values, 'all-namespaces')
    if (isAll && named !== undefined) throw new UsageError('--namespace and --all-namespaces exclude each other')
    return withLedger(values, context, async ({ client, namespace: ofContext }) => {
      const namespace = isAll ? undefined : (named ?? ofContext)
      const filter = {
        ...(namespace === undefined ? {} : { namespace }),
        ...(isSet(values, 'living') ? { living: true } : {}),
      }
      printAnswer(await client.listRuns(filter), { values, context, text: runTable })
      return EXIT.ok
    })
  },
}

/** Runs as a table for people. */
export function runTable(runs: readonly RunView[]): string {
  const rows = runs.map(({ namespace, jobs, key, closed, policy }) => [
    namespace,
    jobs.at(-1)?.name ?? '–',
    policy,
    stateOf({ key, closed }),
    key.usd_cap === null ? '–' : `$${key.usd_cap}`,
    `$${key.spent_usd}`,
    `$${key.reserved_usd}`,
    key.key_id,
  ])
  return formatTable(['namespace', 'job', 'policy', 'state', 'cap', 'spent', 'reserved', 'key'], rows)
}

function stateOf({ key, closed }: Pick<RunView, 'key' | 'closed'>): string {
  if (key.status !== 'ended') return key.status
  return closed ? 'closed' : 'ended, calls in doubt'
}
