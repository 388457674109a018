import type { AuditEvent } from '../../contract/audit.ts'
import { formatUsd } from '../../contract/money.ts'
import type { LedgerClient } from '../../ledger/client.ts'
import { text, type Values } from '../command.ts'
import { DoubtfulCalls } from '../doubtful-calls.ts'
import { LEDGER_OPTIONS } from '../ledger-access.ts'
import { shellWord } from '../shell.ts'
import type { Finding } from './finding.ts'

type Alarm = Extract<AuditEvent, { event: 'alarm' }>
type InDoubt = Extract<AuditEvent, { event: 'call.in_doubt' }>

/** All but how an answer is printed says which ledger is asked, and as whom. */
const NAMES_A_LEDGER = Object.keys(LEDGER_OPTIONS).filter((name) => name !== 'json')

/** What the record holds that needs a person; `values` name the ledger again in the commands to type. */
export async function recordFindings(
  client: LedgerClient,
  { alarmsFromMs, values }: { readonly alarmsFromMs: number; readonly values: Values },
): Promise<Finding[]> {
  const doubtful = new DoubtfulCalls()
  const alarms: Alarm[] = []
  for await (const line of client.audit()) {
    doubtful.take(line)
    if (line.event === 'alarm' && line.atMs >= alarmsFromMs) alarms.push(line)
  }
  const where = NAMES_A_LEDGER.flatMap((name) => {
    const value = text(values, name)
    return value === undefined ? [] : [` --${name} ${shellWord(value)}`]
  })
  return [
    ...doubtful.calls.map((line) => doubtFinding(line, doubtful.keylessAtMs(line.call.callId), where.join(''))),
    ...alarms.map((line) => alarmFinding(line, where.join(''))),
  ]
}

function doubtFinding(
  { call, heldUsdMicros, reason, actor }: InDoubt,
  keylessAtMs: number | undefined,
  where: string,
): Finding {
  const { vendor, route, callId, vendorKey } = call
  const who = actor.podName ?? actor.label ?? actor.keyId
  const resolve = `jobcap calls resolve ${callId}${where}`
  const byKey = vendorKey === null ? 'the call' : `the idempotency key ${vendorKey}`
  const sought =
    keylessAtMs === undefined
      ? byKey
      : `the call, sent ${new Date(keylessAtMs).toISOString()} without an idempotency key,`
  return {
    problem: `${callId} (${vendor} ${route}, ${who}) may have taken effect: ${reason}. $${formatUsd(heldUsdMicros)} is held.`,
    wayOut: `Look for ${sought} at ${vendor}, then run one of:\n${resolve} --effect --spent-usd USD\n${resolve} --no-effect`,
  }
}

function alarmFinding({ seq, atMs, reason }: Alarm, where: string): Finding {
  return {
    problem: `Alarm of ${new Date(atMs).toISOString()}: ${reason}.`,
    wayOut: `jobcap audit${where} --cursor ${Math.max(0, seq - 10)} --limit 20`,
  }
}
