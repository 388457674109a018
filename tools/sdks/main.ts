// `make sdks`: every official SDK, unchanged, through a real sidecar and a real ledger, against the fake vendors.
// `make sdks ONLY=stripe-node@23.1.0/spent-cap` runs what has that in its name; `UPDATE=1` writes the pages of the docs.
import { availableParallelism } from 'node:os'
import { fewAtOnce } from '../../runtime/few-at-once.ts'
import { actCase, type CaseResult, type Ran } from './act.ts'
import type { Sdk, SdkCase, VendorSdks } from './case.ts'
import { installSdk } from './install.ts'
import { stalePages, writePages } from './pages.ts'
import { endAll } from './process.ts'
import { VENDORS } from './sdks.ts'
import { World } from './world.ts'

/** An SDK and the cases to run with it. */
interface Series {
  readonly of: VendorSdks
  readonly sdk: Sdk
  readonly cases: readonly SdkCase[]
}

/** Of each part, under a case that failed. */
const LOG_LINES = 8

const nameOf = (sdk: Sdk, { id }: SdkCase) => `${sdk.name}@${sdk.version}/${id}`

async function main(): Promise<number> {
  const startedMs = performance.now()
  const wanted = process.env['ONLY'] ?? ''
  const series = seriesOf(wanted)
  if (series.length === 0) {
    process.stderr.write(`make sdks: no case has "${wanted}" in its name, such as stripe-node@23.1.0/spent-cap\n`)
    return 2
  }
  const ran = await inParallel(series)
  const failed = ran.filter(({ result }) => result.problems.length > 0)
  const stale = judgePages(ran.filter(({ of }) => !failed.some((one) => one.of === of)))
  const outcome = {
    sdks: series.length,
    cases: ran.length,
    failed: failed.length + stale.length,
    seconds: Math.round((performance.now() - startedMs) / 1000),
  }
  process.stdout.write(`sdks ${JSON.stringify(outcome)}\n`)
  return outcome.failed === 0 ? 0 : 1
}

function seriesOf(wanted: string): Series[] {
  const all = VENDORS.flatMap((of) =>
    of.sdks.map((sdk) => {
      const cases = of.cases.filter((one) => (one.only?.(sdk) ?? true) && nameOf(sdk, one).includes(wanted))
      return { of, sdk, cases }
    }),
  )
  return all.filter(({ cases }) => cases.length > 0)
}

/** Two SDKs a core, since cases wait for time-outs: each SDK has a vendor and a ledger of its own. */
async function inParallel(series: readonly Series[]): Promise<Ran[]> {
  return (await fewAtOnce(series, runSeries, 2 * availableParallelism())).flat()
}

async function runSeries({ of, sdk, cases }: Series): Promise<Ran[]> {
  const ran: Ran[] = []
  const done = (one: SdkCase, result: CaseResult, startedMs: number) => {
    ran.push({ of, sdk, one, result })
    report(nameOf(sdk, one), one, { result, seconds: (performance.now() - startedMs) / 1000 })
  }
  let world: World | undefined
  try {
    const installed = await installSdk(of.vendor, sdk)
    world = await World.start(of)
    for (const one of cases) {
      const startedMs = performance.now()
      done(one, await actCase(world, installed, one), startedMs)
    }
  } catch (fault) {
    // One SDK that cannot be tried must not hide what the others see.
    const result: CaseResult = { problems: [`not tried: ${(fault as Error).message}`], told: [], logs: {} }
    for (const one of cases.slice(ran.length)) done(one, result, performance.now())
  } finally {
    await world?.stop()
  }
  return ran
}

function report(name: string, { title }: SdkCase, { result, seconds }: { result: CaseResult; seconds: number }): void {
  const isFine = result.problems.length === 0
  const lines = [`${isFine ? '✓' : '✗'} ${name}: ${title} (${seconds.toFixed(1)} s)`]
  if (!isFine) {
    const logs = Object.entries(result.logs).flatMap(([part, text]) =>
      lastLines(text).map((line) => `${part}: ${line}`),
    )
    lines.push(...[...result.problems, ...logs, `Again: make sdks ONLY=${name}`].map((line) => `    ${line}`))
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

function lastLines(text: string): string[] {
  return text.trimEnd().split('\n').slice(-LOG_LINES)
}

/** Pages of the docs that are not what this run saw: those of the vendors that were tried in whole without a failure, and the index. */
function judgePages(ran: readonly Ran[]): string[] {
  if (process.env['UPDATE'] !== undefined) {
    writePages(ran)
    return []
  }
  const stale = stalePages(ran)
  for (const problem of stale) process.stdout.write(`✗ ${problem}\n    Write it: make sdks UPDATE=1\n`)
  return stale
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endAll()
    process.exit(1)
  })
}

try {
  process.exitCode = await main()
} catch (fault) {
  process.stderr.write(`sdks failed: ${(fault as Error).message}\n`)
  process.exitCode = 1
} finally {
  endAll()
}
