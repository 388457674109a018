import { formatUsd, parseUsd, type UsdMicros } from '../../contract/money.ts'
import { Progress } from '../scene/progress.ts'
import {
  type ActA,
  type ActB,
  type ActC,
  actWithKills,
  actWithRevocation,
  actWithSmallCap,
  PARALLELISM,
  TIGHT_USD,
} from './acts.ts'
import { indexTable } from './index-table.ts'
import { actLive } from './live.ts'
import { type Stage, setStage } from './stage.ts'

/** What the last line says of the whole; see the design's Commands. */
interface Outcome {
  readonly intended: number
  readonly charged: number
  readonly duplicates: number
  readonly missed: number
  readonly cap_usd: string
  readonly spent_usd: string
  readonly over_cap_usd: string
  readonly refused: number
  readonly calls_after_revoke: number
  /** Null: not looked for, since without namespaces nothing is hidden. */
  readonly secrets_in_pods: number | null
  readonly audit_missing: number
  readonly kills: number
  readonly seconds: number
}

const KILLS_PROMISED = 4
/** Those that the cap suffices for, and those that meet its end. */
const MOST_PODS_UNDER_THE_CAP = 2 * PARALLELISM
/** Shells say 128 + the signal's number. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** Plays the acts, or ends what they started when a person has had enough. Resolves to the exit code. */
async function main(): Promise<number> {
  const progress = new Progress()
  const stage = setStage()
  const interrupted = new Promise<number>((resolve) => {
    // Once each: a second Ctrl-C ends the demo at once.
    for (const [signal, code] of Object.entries(SIGNALS)) process.once(signal, () => resolve(code))
  })
  try {
    const playing = process.argv.includes('--live') ? actLive(stage, progress) : play(stage, progress)
    return await Promise.race([playing, interrupted])
  } catch (fault) {
    progress.endBar()
    process.stderr.write(`\ndemo failed: ${(fault as Error).message}\nAgain: make demo\n`)
    return 1
  } finally {
    progress.endBar()
    await stage.strike()
  }
}

async function play(stage: Stage, progress: Progress): Promise<number> {
  const startedAtMs = performance.now()
  if (!stage.hasPython) progress.step('No Python with requests here: Node charges its customers too.')
  const a = await actWithKills(stage, progress)
  const b = await actWithSmallCap(stage, progress)
  const c = await actWithRevocation(stage, progress)
  progress.title('What the audit says of act (a) by completion index, and of each act')
  process.stdout.write(indexTable({ '(a)': a.audit, '(b)': b.audit, '(c)': c.audit }))
  const outcome = sum({ a, b, c }, Math.round((performance.now() - startedAtMs) / 1000))
  const broken = brokenPromises(outcome, { b, c })
  for (const promise of broken) progress.step(`BROKEN: ${promise}`)
  if (broken.length > 0) progress.step('Again: make demo')
  process.stdout.write(`\ndemo ${JSON.stringify(outcome)}\n`)
  return broken.length === 0 ? 0 : 1
}

function sum({ a, b, c }: { a: ActA; b: ActB; c: ActC }, seconds: number): Outcome {
  const capMicros = parseUsd(TIGHT_USD) ?? 0
  return {
    intended: a.charges.intended + b.charges.intended,
    charged: a.charges.charged + b.charges.charged,
    duplicates: a.charges.duplicates + b.charges.duplicates,
    missed: a.charges.missed + b.charges.missed,
    cap_usd: TIGHT_USD,
    spent_usd: dollars(b.spentMicros),
    over_cap_usd: dollars(Math.max(0, b.spentMicros - capMicros)),
    refused: b.refused,
    calls_after_revoke: c.callsAfterRevoke,
    secrets_in_pods: a.secretsInPods,
    audit_missing: a.auditMissing + b.auditMissing + c.auditMissing,
    kills: a.kills,
    seconds,
  }
}

function brokenPromises(outcome: Outcome, { b, c }: { b: ActB; c: ActC }): string[] {
  const promises: readonly (readonly [boolean, string])[] = [
    [outcome.duplicates === 0, `${outcome.duplicates} customers were charged twice`],
    [outcome.missed === 0, `${outcome.missed} customers were not charged`],
    [Number(outcome.over_cap_usd) === 0, `the cap was passed by $${outcome.over_cap_usd}`],
    [outcome.refused > 0, 'no call was refused under the small cap'],
    [b.pods <= MOST_PODS_UNDER_THE_CAP, `${b.pods} Pods were started under the small cap`],
    [b.reason === 'PodFailurePolicy', `the Job under the small cap ended with ${b.reason}, not PodFailurePolicy`],
    [outcome.calls_after_revoke === 0, `${outcome.calls_after_revoke} charges came after the revocation had answered`],
    [c.reason === 'PodFailurePolicy', `the Job whose key was revoked ended ${c.condition} with ${c.reason}`],
    [c.podsAfterRevoke <= PARALLELISM, `${c.podsAfterRevoke} Pods were started after the revocation`],
    [
      (outcome.secrets_in_pods ?? 0) === 0,
      `the vendor's secret was found in ${outcome.secrets_in_pods} places of a Pod`,
    ],
    [outcome.audit_missing === 0, `${outcome.audit_missing} charges are missing from the audit`],
    [outcome.kills === KILLS_PROMISED, `${outcome.kills} of ${KILLS_PROMISED} kills hit an open call`],
  ]
  return promises.filter(([holds]) => !holds).map(([, broken]) => broken)
}

function dollars(micros: number): string {
  return formatUsd(micros as UsdMicros)
}

process.exitCode = await main()
