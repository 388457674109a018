import { LedgerRefused } from '../../ledger/client.ts'
import { type Command, type Context, EXIT, isSet, type Values } from '../command.ts'
import { Unavailable } from '../faults.ts'
import { type AskedLedger, LEDGER_OPTIONS, withLedger } from '../ledger-access.ts'
import { lastSources } from '../ledger-home.ts'
import { clusterFindings } from './cluster.ts'
import type { Finding } from './finding.ts'
import { openPermissions } from './permissions.ts'
import { recordFindings } from './record.ts'
import { storeFindings } from './store.ts'
import { secretFindings } from './vendor-secrets.ts'
import { waitingRunFindings } from './waiting-runs.ts'

/** Alarms stay in the record for ever; older ones were somebody's business already. */
const ALARMS_OF_MS = 24 * 3_600_000

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'look for what needs a person: a ledger that is not ready, calls in doubt, secrets, alarms, admission',
  usage: '',
  options: LEDGER_OPTIONS,
  examples: [['jobcap doctor', 'exit with 1 when something needs a person, with 0 when all is well']],
  run(values, _words, context) {
    return withLedger(values, context, async (ledger) => {
      const findings = await examine(ledger, values, context)
      if (isSet(values, 'json')) context.terminal.out(`${JSON.stringify(findings)}\n`)
      else context.terminal.out(describe(findings))
      return findings.length === 0 ? EXIT.ok : EXIT.no
    })
  },
}

async function examine({ client, home, kube }: AskedLedger, values: Values, context: Context): Promise<Finding[]> {
  const { ready, problem, problem_codes: codes = [], policy_problem } = await client.readiness()
  const findings: Finding[] = []
  if (!ready) {
    const why = problem ?? 'it does not say why'
    findings.push({ problem: `The ledger is not ready: ${why}.`, wayOut: 'See its log.' }, ...storeFindings(codes))
  }
  // Of a cluster each CapPolicy says so itself.
  if (policy_problem !== undefined && kube === undefined) {
    findings.push({
      problem: `The newest policy is not in use: ${policy_problem.replace(/\.$/, '')}.`,
      wayOut: 'Correct it where the ledger reads it; that is done again by itself.',
    })
  }
  if (home !== null) {
    const sources = lastSources(home)
    if (sources === undefined) throw new Unavailable(`${home.folder} does not say what its ledger was started with`)
    findings.push(...openPermissions(home, sources), ...secretFindings(sources, context.environment))
  }
  if (kube !== undefined) findings.push(...(await clusterFindings(kube)))
  // A store that is not ready tells nothing of its record.
  if (!ready) return findings
  const recent = { alarmsFromMs: context.clock.nowMs() - ALARMS_OF_MS, values }
  const waiting = await waitingRunFindings(client).catch(forbidden('living runs'))
  return [...findings, ...waiting, ...(await recordFindings(client, recent).catch(forbidden('record')))]
}

/** Who may not read one part may still look at the rest. */
const forbidden =
  (what: string) =>
  (fault: unknown): Finding[] => {
    if (!(fault instanceof LedgerRefused) || fault.code !== 'operator_forbidden') throw fault
    return [
      { problem: `The ${what} could not be looked at: ${fault.message}`, wayOut: 'Run it again as somebody who may.' },
    ]
  }

function describe(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Nothing needs a person.\n'
  return findings.map(({ problem, wayOut }) => `- ${problem}\n  ${wayOut.replaceAll('\n', '\n  ')}\n`).join('')
}
