import { CAP_USD_ANNOTATION } from '../../contract/labels.ts'
import { addUsd, formatUsd, parseUsd, type UsdMicros, ZERO_USD } from '../../contract/money.ts'
import { isRefusalCode, REFUSALS } from '../../contract/refusals.ts'
import type { Policy } from '../../policy/policy.ts'
import { policyNameFor } from '../../policy/selection.ts'
import { list, text, type Values } from '../command.ts'
import { shellWord } from '../shell.ts'
import type { RunSummary, Stop } from './events.ts'
import type { EndedJob } from './job.ts'
import type { PreparedJob } from './prepare.ts'

export interface WayOnSetting {
  /** What `jobcap run` was started with. */
  readonly values: Values
  readonly policies: readonly Policy[]
  readonly job: PreparedJob
}

/** What a person can type to go on with a Job that is not Complete; nothing for one that is. */
export function waysOn(ended: EndedJob, setting: WayOnSetting): string[] {
  const { condition, jobUid, summary } = ended
  if (condition === 'Complete' || summary === null) return []
  const stop = summary.stops.at(-1)
  const reason = stop !== undefined && isRefusalCode(stop.reason) ? stop.reason : undefined
  if (summary.runUid === null || reason === 'key_revoked') return reason === undefined ? [] : [REFUSALS[reason].wayOut]
  const command = (changes: Changes = {}) => `  ${continueCommand(jobUid, setting, changes)}`
  const heading = 'To go on with the rest (what was charged is replayed, not charged again):'
  const before = [...resolveFirst(summary, setting), heading]
  if (stop === undefined || reason !== 'cap_exhausted') return [...before, command()]
  if (stop.level === 'run' && !summary.isCapByPerson) {
    const capUsd = higherCap(stop, setting)
    if (capUsd !== undefined) return [...before, command({ capUsd })]
  }
  return [...before, ...raise(stop, summary, setting), command()]
}

/** A call that the ledger cannot settle by itself is refused to whoever goes on, too. */
function resolveFirst({ inDoubt }: RunSummary, { values }: WayOnSetting): string[] {
  if (inDoubt === 0) return []
  const calls = inDoubt === 1 ? 'A call is' : `${inDoubt} calls are`
  return [
    `${calls} in doubt. Say first what became of each that this lists, or it is refused again:`,
    `  jobcap doctor${option(values, 'state')}`,
  ]
}

interface Changes {
  readonly capUsd?: string
}

/** What must happen before the run is continued, as lines of a shell. */
function raise({ level }: Stop, { keyId }: RunSummary, { values }: WayOnSetting): string[] {
  const state = option(values, 'state')
  switch (level) {
    case 'run':
      return [`  jobcap keys raise ${keyId}${state} --cap-usd USD`]
    case 'run_day':
      return [`  jobcap keys raise ${keyId}${state} --daily-cap-usd USD    # or wait for the next UTC day`]
    default:
      return [
        `  # first raise the day's cap in ${text(values, 'policy')}, which is read again by itself, or wait for the next UTC day`,
      ]
  }
}

/** Twice the cap, within the policy's `max`; undefined when the cap stands at `max` already. */
function higherCap({ limitUsd = '' }: Stop, { policies, job }: WayOnSetting): string | undefined {
  const name = policyNameFor({ jobLabels: job.job.metadata.labels ?? {}, namespaceLabels: job.namespaceLabels })
  const max = policies.find((policy) => policy.name === name)?.caps.perRunMaxUsdMicros ?? ZERO_USD
  const limit = parseUsd(limitUsd) ?? ZERO_USD
  if (limit >= max) return undefined
  return formatUsd(Math.min(addUsd(limit, limit) ?? max, max) as UsdMicros)
}

const REPEATED = ['file', 'policy', 'secrets', 'state', 'network', 'isolation'] as const

function continueCommand(jobUid: string, { values, job }: WayOnSetting, { capUsd }: Changes): string {
  const annotations = list(values, 'annotate').filter(
    (one) => capUsd === undefined || !one.startsWith(CAP_USD_ANNOTATION),
  )
  if (capUsd !== undefined) annotations.push(`${CAP_USD_ANNOTATION}=${capUsd}`)
  return [
    'jobcap run',
    ...REPEATED.map((name) => option(values, name)),
    ` --name ${shellWord(job.name)}`,
    ` --continue ${jobUid}`,
    ...annotations.map((one) => ` --annotate ${shellWord(one)}`),
  ].join('')
}

/** The option again as it was given, with a blank before it; empty when it was not. */
function option(values: Values, name: string): string {
  const value = text(values, name)
  if (value === undefined) return ''
  return name === 'file' ? ` -f ${shellWord(value)}` : ` --${name} ${shellWord(value)}`
}
