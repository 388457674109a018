import { WHOLE_RULEBOOK } from '../../store/rules/rulebook.ts'
import { huntMutants } from './mutants/search.ts'
import { drawPlan } from './plan/draw-plan.ts'
import { tellFailure, tellTrace } from './report.ts'
import { runPlan } from './run-seed.ts'
import { shrink } from './shrink.ts'
import type { Tally } from './worker.ts'
import { searchSeeds } from './workers.ts'

// `make sim`: SEEDS=200 seeds from BASE (default: of the day), for at most MINUTES; SEED=n replays one;
// MUTANTS=1 hunts the planted bugs.
// The last line is `sim {…}`; the exit status is 1 when a promise was broken.

const DEFAULT_SEEDS = 200
const NO_LIMIT = 1_000_000
const PROGRESS_MS = 10_000

const startedMs = performance.now()
const { SEED, SEEDS, BASE, MINUTES, MUTANTS } = process.env
const sum = {
  seeds: 0,
  steps: 0,
  crashes: 0,
  over_cap: 0,
  duplicates: 0,
  lost: 0,
  stuck: 0,
  after_revoke: 0,
  wrong_refusal: 0,
  fault: 0,
}

if (MUTANTS !== undefined && MUTANTS !== '' && MUTANTS !== '0') process.exitCode = await hunt()
else process.exitCode = SEED === undefined ? await search() : await replay(wholeNumber('SEED', SEED))

/** The simulation itself is tested: every planted bug must be found. */
async function hunt(): Promise<number> {
  const { mutants, found, seeds } = await huntMutants()
  sum.seeds = seeds
  tellEnd(0, { mutants, mutants_found: found })
  return found === mutants ? 0 : 1
}

async function search(): Promise<number> {
  const minutes = MINUTES === undefined ? null : Number(MINUTES)
  const count = SEEDS === undefined ? (minutes === null ? DEFAULT_SEEDS : NO_LIMIT) : wholeNumber('SEEDS', SEEDS)
  const from = BASE === undefined ? baseOfToday() : wholeNumber('BASE', BASE)
  console.log(`sim: seeds from ${from}${count === NO_LIMIT ? '' : ` to ${from + count - 1}`}`)
  const failures: Tally['failures'][number][] = []
  let toldMs = performance.now()
  await searchSeeds({
    from,
    count,
    untilMs: minutes === null ? null : startedMs + minutes * 60_000,
    onTally(tally) {
      sum.seeds += tally.seeds
      sum.steps += tally.steps
      sum.crashes += tally.crashes
      for (const failure of tally.failures) {
        failures.push(failure)
        for (const kind of new Set(failure.kinds)) sum[kind as 'stuck'] += 1
        console.log(`sim: seed ${failure.seed} broke a promise: ${failure.message}`)
      }
      if (performance.now() - toldMs < PROGRESS_MS) return
      toldMs = performance.now()
      console.log(`sim: ${sum.seeds} seeds, ${sum.steps} steps, ${sum.crashes} crashes, ${failures.length} failed`)
    },
  })
  const [first] = failures.toSorted((left, right) => left.seed - right.seed)
  if (first !== undefined) await explain(first.seed)
  return tellEnd(failures.length)
}

async function replay(seed: number): Promise<number> {
  const result = await runPlan(drawPlan(seed), { rules: WHOLE_RULEBOOK, isTraced: true })
  tellTrace(result)
  sum.seeds = 1
  sum.steps = result.steps
  sum.crashes = result.crashes
  for (const kind of new Set(result.breaches.map((breach) => breach.kind))) sum[kind] += 1
  if (result.breaches.length > 0) await explain(seed)
  return tellEnd(result.breaches.length)
}

async function explain(seed: number): Promise<void> {
  const plan = drawPlan(seed)
  const options = { rules: WHOLE_RULEBOOK, isTraced: false }
  const [breach] = (await runPlan(plan, options)).breaches
  if (breach !== undefined) tellFailure(seed, await shrink(plan, breach.kind, options))
}

function tellEnd(failed: number, hunted = { mutants: 0, mutants_found: 0 }): number {
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  console.log(`sim ${JSON.stringify({ ...sum, ...hunted, seconds })}`)
  return failed === 0 ? 0 : 1
}

/** Other seeds each day: 20261125 begins at 2026112500000. */
function baseOfToday(): number {
  return Number(new Date().toISOString().slice(0, 10).replaceAll('-', '')) * 100_000
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) {
    console.error(`sim: ${name}=${text} is not a whole number, for example ${name}=200`)
    process.exit(2)
  }
  return number
}
