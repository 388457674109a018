import type { AuditEvent } from '../contract/audit.ts'
import { formatUsd } from '../contract/money.ts'
import type { LedgerClient } from '../ledger/client.ts'
import { type Command, EXIT, isSet } from './command.ts'
import { LEDGER_OPTIONS, withLedger } from './ledger-access.ts'

interface Finding {
  readonly problem: string
  /** What a person can do. */
  readonly wayOut: string
}

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'looks for what needs a person: a ledger that is not ready, calls in doubt, alarms',
  usage: '',
  options: LEDGER_OPTIONS,
  examples: [['jobcap doctor', 'exits 1 when it finds something, 0 when all is well']],
  run(values, _positionals, { ...context }) {
    return withLedger(values, context, async (client) => {
      const findings = await examine(client)
      if (isSet(values, 'json')) context.terminal.out(`${JSON.stringify(findings)}\n`)
      else if (findings.length === 0) context.terminal.out('Nothing needs a person.\n')
      else for (const { problem, wayOut } of findings) context.terminal.out(`- ${problem}\n  ${wayOut}\n`)
      return findings.length === 0 ? EXIT.ok : EXIT.no
    })
  },
}

async function examine(client: LedgerClient): Promise<Finding[]> {
  return [...(await readinessFindings(client)), ...(await recordFindings(client))]
}

async function readinessFindings(client: LedgerClient): Promise<Finding[]> {
  const { ready, problem, policy_problem } = await client.readiness()
  const findings: Finding[] = []
  if (!ready)
    findings.push({ problem: `The ledger is not ready: ${problem ?? 'it does not say why'}`, wayOut: 'See its log.' })
  if (policy_problem !== undefined) {
    findings.push({
      problem: `The policy file is not in use: ${policy_problem}`,
      wayOut: 'Correct it; it is read again.',
    })
  }
  return findings
}

async function recordFindings(client: LedgerClient): Promise<Finding[]> {
  const doubtful = new Map<string, Extract<AuditEvent, { event: 'call.in_doubt' }>>()
  const alarms: Finding[] = []
  for await (const line of client.audit()) {
    if (line.event === 'call.in_doubt') doubtful.set(line.call.callId, line)
    else if (line.event === 'call.settled' || line.event === 'call.released') doubtful.delete(line.call.callId)
    else if (line.event === 'alarm') alarms.push(alarmFinding(line))
  }
  return [...[...doubtful.values()].map(doubtFinding), ...alarms]
}

function doubtFinding({ call, heldUsdMicros, reason }: Extract<AuditEvent, { event: 'call.in_doubt' }>): Finding {
  return {
    problem: `${call.vendor} ${call.route} ${call.callId} may have taken effect (${reason}); $${formatUsd(heldUsdMicros)} is held.`,
    wayOut: `Look for ${call.vendorKey ?? 'it'} at the vendor, then POST /calls/${call.callId}/resolve to the ledger.`,
  }
}

function alarmFinding({ seq, reason }: Extract<AuditEvent, { event: 'alarm' }>): Finding {
  return { problem: `Alarm at event ${seq}: ${reason}.`, wayOut: `jobcap audit --cursor ${seq - 1} --limit 20` }
}
