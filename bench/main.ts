// `make bench`: what a call costs on the whole path, beside peers, in interleaved rounds on this machine's loopback.
// `make bench SHORT=1` runs in under three minutes and only has to run; `ROUNDS=n` and `SECONDS=n` set its length, `RECORDS=n`
// and `CALLS=n` how far the tables of growth go.
// The last line is `bench {…}`. Exits 1 when a figure is worse than it may ever be.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { broken, type Measured, rounded } from './figures.ts'
import { loadLine } from './machine.ts'
import { compare } from './measures/compare.ts'
import { measureGrowth } from './measures/growth.ts'
import { measureRecognising } from './measures/recognise.ts'
import { measurePairs } from './measures/redis-pairs.ts'
import { measureStarts } from './measures/start-and-memory.ts'
import { measureStreams } from './measures/streams.ts'
import { Processes } from './processes.ts'
import { comparisonTable, figureTable, growthTable, machineTable } from './report.ts'
import { startVendor } from './subjects/nginx.ts'
import type { Ground } from './subjects/subject.ts'

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    records: { type: 'string' },
    calls: { type: 'string' },
  },
})
const isShort = values.short
const rounds = whole('rounds', values.rounds, isShort ? 2 : 7)
const seconds = whole('seconds', values.seconds, isShort ? 1 : 3)
const growthPlan = {
  seconds,
  mostRecords: whole('records', values.records, 100_000),
  memoryCalls: whole('calls', values.calls, 50_000),
}

const folder = mkdtempSync(join(tmpdir(), 'jobcap-bench-'))
const processes = new Processes(folder)
const strike = () => {
  processes.endAll()
  rmSync(folder, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    strike()
    process.exit(130)
  })
}

try {
  const measured = await measure()
  const problems = isShort ? [] : broken(measured)
  for (const problem of problems) console.log(`bench: ${problem}`)
  console.log(`bench ${JSON.stringify(measured)}`)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  strike()
}

async function measure(): Promise<Measured> {
  const begunMs = performance.now()
  const loadBefore = loadLine()
  const vendor = await startVendor(processes, folder)
  const ground: Ground = { processes, folder, vendor: vendor.part, vendorPort: vendor.port }
  const { startOverEmptyNode, idleMib } = await step('starts and idle memory', () =>
    measureStarts(ground, isShort ? 1 : rounds),
  )
  const compared = await compare(ground, { rounds, seconds, warmUpSeconds: isShort ? 1 : 5 }, say)
  const pairsOverEvalsha = await step('reserve and settle on one Redis core', () =>
    measurePairs(ground, isShort ? 1 : 3, isShort ? 2_000 : 5_000),
  )
  const recognising = await step('recognising and pricing', () => measureRecognising(ground, isShort ? 1 : 3))
  const streams = await step('streams', () =>
    measureStreams(ground, isShort ? { rounds: 1, seconds: 1 } : { rounds: Math.min(rounds, 5), seconds }),
  )
  const growth = isShort ? [] : await measureGrowth(ground, growthPlan, say)
  const figures = {
    redis_pairs_over_evalsha: pairsOverEvalsha,
    recognise_over_undici_relay: recognising.overRelay,
    recognise_growth_64kib: recognising.growth,
    start_over_empty_node: startOverEmptyNode,
    sidecar_idle_mib: idleMib,
    ...streams,
    ...compared.figures,
  }
  const measured: Record<string, number> = Object.fromEntries(
    Object.entries(figures).map(([key, value]) => [key, rounded(value)]),
  )
  measured['rounds'] = rounds
  measured['seconds'] = Math.round((performance.now() - begunMs) / 1000)
  console.log(machineTable({ rounds, seconds, loadBefore, loadAfter: loadLine() }))
  console.log(comparisonTable(compared.rounds))
  if (growth.length > 0) console.log(growthTable(growth))
  console.log(figureTable(measured))
  return measured
}

function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  say(name)
  return work()
}

function say(text: string): void {
  console.log(`· ${text}`)
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined || text === '' ? otherwise : Number(text)
  if (Number.isInteger(value) && value > 0) return value
  console.error(`bench: --${name} takes a whole number above 0, not "${text}"`)
  process.exit(2)
}
