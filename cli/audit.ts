import type { AuditEvent } from '../contract/audit.ts'
import { formatUsd } from '../contract/money.ts'
import type { AuditAsk } from '../ledger/client.ts'
import { type Command, EXIT, isSet, text, type Values } from './command.ts'
import { UsageError } from './faults.ts'
import { LEDGER_OPTIONS, withLedger } from './ledger-access.ts'

const TEXT_FILTERS = ['run', 'key', 'label'] as const
const TIME_FILTERS = ['from', 'to'] as const
const NUMBER_FILTERS = ['index', 'cursor', 'limit'] as const

export const auditCommand: Command = {
  name: 'audit',
  summary: 'print the record: which run, index and Pod made which call, and what it cost',
  usage: '[--run RUN] [--key KEY_ID] [--label LABEL] [--index N] [--from TIME] [--to TIME]',
  options: {
    ...LEDGER_OPTIONS,
    run: { type: 'string', value: 'RUN', help: "only this run: its first Job's UID" },
    key: { type: 'string', value: 'KEY_ID', help: 'only this vault key' },
    label: { type: 'string', value: 'LABEL', help: 'only keys with this label' },
    index: { type: 'string', value: 'N', help: 'only this completion index' },
    from: { type: 'string', value: 'TIME', help: 'from this moment on, such as 2026-11-22 or 2026-11-22T08:30:00Z' },
    to: { type: 'string', value: 'TIME', help: 'before this moment, in the same form' },
    cursor: { type: 'string', value: 'SEQ', help: 'only events after this number' },
    limit: { type: 'string', value: 'N', help: 'at most so many' },
  },
  examples: [
    ['jobcap audit --index 7', 'show what completion index 7 did, a line an event'],
    ['jobcap audit --json | jq \'select(.event == "call.settled")\'', 'pick from newline-delimited JSON'],
  ],
  run(values, _words, context) {
    const ask = filters(values)
    return withLedger(values, context, async ({ client }) => {
      let isEmpty = true
      for await (const line of client.audit(ask)) {
        isEmpty = false
        context.terminal.out(isSet(values, 'json') ? `${JSON.stringify(line)}\n` : `${describe(line)}\n`)
      }
      // For people, beside the output: whoever mistypes a run would read nothing as nothing spent.
      if (isEmpty) context.terminal.err('jobcap audit: no event on the record is of these\n')
      return EXIT.ok
    })
  },
}

function filters(values: Values): AuditAsk {
  const texts = TEXT_FILTERS.map((name) => [name, text(values, name)] as const)
  const numbers = NUMBER_FILTERS.map((name) => [name, wholeNumber(name, text(values, name))] as const)
  const times = TIME_FILTERS.map((name) => [name, moment(name, text(values, name))] as const)
  return Object.fromEntries([...texts, ...numbers, ...times].filter(([, value]) => value !== undefined)) as AuditAsk
}

function wholeNumber(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  if (!/^[0-9]{1,15}$/.test(given)) throw new UsageError(`--${name} must be a whole number, not ${given}`)
  return Number(given)
}

function moment(name: string, given: string | undefined): string | undefined {
  if (given === undefined) return undefined
  const isIso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(given)
  if (!isIso || Number.isNaN(Date.parse(given))) {
    throw new UsageError(`--${name} ${given} is not a moment such as 2026-11-22 or 2026-11-22T08:30:00Z`)
  }
  return new Date(given).toISOString()
}

/** One event as a line for people. */
function describe(line: AuditEvent): string {
  const { actor } = line
  const who = actor.podName ?? actor.label ?? actor.keyId
  const head = `${String(line.seq).padStart(6)}  ${new Date(line.atMs).toISOString()}  ${who}  ${line.event}`
  return `${head}  ${details(line)}`.trimEnd()
}

function details(line: AuditEvent): string {
  const what = 'call' in line && line.call !== null ? `${line.call.vendor} ${line.call.route} ${line.call.callId} ` : ''
  return what + outcome(line)
}

function outcome(line: AuditEvent): string {
  switch (line.event) {
    case 'call.reserved':
      return `$${formatUsd(line.reservedUsdMicros)}`
    case 'call.settled':
      return `${line.status} $${formatUsd(line.spentUsdMicros)}${line.isOverrun ? ' OVERRUN' : ''}`
    case 'call.in_doubt':
      return `$${formatUsd(line.heldUsdMicros)} held: ${line.reason}`
    case 'call.released':
    case 'alarm':
      return line.reason
    case 'call.refused':
      return `${line.vendor} ${line.route} ${line.code}${line.level === null ? '' : ` (${line.level})`}`
    case 'call.replayed':
      return String(line.status)
    case 'read.answered':
      return line.status === null ? 'no answer' : String(line.status)
    case 'money.given_back':
      return `$${formatUsd(line.usdMicros)} for ${line.object}`
    case 'run.closed':
      return `$${formatUsd(line.spentUsdMicros)} spent, ${line.effectsNoPodSaw} effects no Pod saw`
    case 'key.revoked':
      return `${line.inFlight.length} in flight`
    case 'attempt.began':
      return `life ${line.life}`
    default:
      return ''
  }
}
