import { Chance } from '../chance.ts'
import { drawFaults } from './draw-faults.ts'
import type { Focus } from './draw-focused.ts'
import type { Act, CallPlan, JobPlan, Plan, PolicyPlan, Step } from './plan.ts'

const MIDNIGHT_MS = Date.UTC(2026, 10, 23)
const HOUR_MS = 60 * 60 * 1_000
const DAY_MS = 24 * HOUR_MS
const GEO_USD = 0.05
const MOST_SET_BACK_MS = HOUR_MS / 2
const FOCI: readonly Focus[] = [
  'none',
  'none',
  'none',
  'sidecar',
  'sidecar',
  'copies',
  'owners',
  'night',
  'rollback',
  'rollback',
  'declines',
  'rivals',
]

/** What a seed comes to. */
export function drawPlan(seed: number): Plan {
  const chance = new Chance(`plan ${seed}`)
  const indexes = chance.pick([1, 1, 2, 2, 3])
  const showsQueues = chance.is(0.8)
  const focus = chance.pick<Focus>(FOCI)
  const store = focus === 'rollback' || chance.is(0.6) ? 'redis' : 'sqlite'
  const programs = Array.from({ length: indexes }, (_, index) => drawProgram(chance, { index, showsQueues, focus }))
  const intendedUsd = sumOf(programs)
  const jobs = drawJobs(chance, programs, intendedUsd)
  return {
    seed,
    store,
    ledgerOffsetsMs:
      store === 'sqlite'
        ? [0]
        : Array.from({ length: chance.pick([1, 2, 2, 3]) }, () => chance.pick([0, 0, -600_000, 600_000])),
    // Some days turn over while calls are out.
    startMs: MIDNIGHT_MS - (chance.is(0.4) ? chance.between(500, 40_000) : DAY_MS / 2),
    policy: drawPolicy(chance, intendedUsd),
    jobs,
    faults: drawFaults(chance, focus),
    acts: withinWhatIsAsked([
      ...focusedActs(chance, focus),
      ...(focus === 'none' || chance.is(0.3) ? drawActs(chance, { intendedUsd, indexes }) : []),
    ]),
    slowness: chance.pick([1, 1, 1, 3, 10]),
    showsQueues,
  }
}

function drawPolicy(chance: Chance, intendedUsd: number): PolicyPlan {
  const maybe = (probability: number) => (chance.is(probability) ? money(intendedUsd * chance.between(0.4, 1.6)) : null)
  return {
    perRunUsd: money(intendedUsd * (chance.is(0.4) ? chance.between(0.3, 1.1) : 2)),
    perDayUsd: maybe(0.2),
    perNamespaceDayUsd: maybe(0.2),
    stripePerDayUsd: maybe(0.2),
    divergingReplay: chance.is(0.15) ? 'core' : 'refuse',
    ambiguousRepeat: chance.is(0.1) ? 'fold' : 'refuse',
  }
}

function drawJobs(chance: Chance, programs: readonly (readonly Step[])[], intendedUsd: number): JobPlan[] {
  const first: JobPlan = {
    parallelism: chance.is(0.7) ? programs.length : 1,
    backoffLimit: chance.pick([0, 1, 3, 6]),
    capUsd: chance.is(0.3) ? money(intendedUsd * chance.between(0.3, 1.5)) : null,
    programs,
  }
  if (!chance.is(0.3)) return [first]
  return [first, { ...first, programs: [], capUsd: money(intendedUsd * chance.between(0.5, 2)) }]
}

/** A few customers, some of them called again and again with the same content. */
function drawProgram(chance: Chance, { index, showsQueues, focus }: Walk): Step[] {
  if (focus !== 'none') return drawRow(chance, { index, showsQueues, focus })
  const callees = Array.from({ length: chance.pick([1, 1, 2, 3]) }, (_, at) => drawCallee(chance, `cus_${index}_${at}`))
  const steps: Step[] = []
  for (let left = chance.pick([1, 2, 3, 4]); left > 0; left -= 1) {
    const count = chance.is(0.25) ? chance.pick([2, 3]) : 1
    steps.push({
      kind: 'calls',
      calls: Array.from({ length: count }, () => drawCall(chance, chance.pick(callees), showsQueues)),
    })
    if (chance.is(0.04)) steps.push({ kind: 'begin' })
  }
  return steps
}

interface Walk {
  readonly index: number
  readonly showsQueues: boolean
  readonly focus: Focus
}

/** The same call again and again, by an app that does not give up: the hardest to tell apart. */
function drawRow(chance: Chance, { index, showsQueues, focus }: Walk): Step[] {
  const callee = { ...drawCallee(chance, `cus_${index}_0`), isStamped: chance.is(0.1) }
  const again = chance.pick([1, 3])
  const row = Array.from({ length: chance.pick([2, 3, 4]) }, (): Step => {
    const call = drawCall(chance, callee, showsQueues)
    return { kind: 'calls', calls: [{ ...call, onFailure: { again, then: chance.is(0.8) ? 'end' : 'go on' } }] }
  })
  if (focus === 'rivals') return [drawRivals(chance, callee, showsQueues), ...row]
  if (focus !== 'copies') return row
  // Others go on while copies of what is over come in.
  const last = drawCall(chance, drawCallee(chance, `cus_${index}_1`), showsQueues)
  return [...row, ...Array.from({ length: 3 }, (): Step => ({ kind: 'calls', calls: [last] }))]
}

/** Two of one content at once, under keys of their SDK that it keeps over its repeats. */
function drawRivals(chance: Chance, callee: Callee, showsQueues: boolean): Step {
  const rival = {
    ...callee,
    customer: `${callee.customer}_rival`,
    vendor: 'stripe',
    usd: 2,
    key: 'sdk',
    isStamped: false,
  } as const
  const calls = [1, 2].map(() => ({ ...drawCall(chance, rival, showsQueues), sdkRetries: 2, timeoutMs: 80_000 }))
  return { kind: 'calls', calls }
}

type Callee = Pick<CallPlan, 'vendor' | 'customer' | 'usd' | 'key' | 'isStamped'>

function drawCallee(chance: Chance, customer: string): Callee {
  const vendor = chance.is(0.6) ? 'stripe' : 'geo'
  const isStamped = chance.is(0.15)
  const keys = ['none', 'sdk', 'sdk', 'uuid', ...(isStamped ? [] : (['named'] as const))] as const
  return {
    vendor,
    customer,
    usd: vendor === 'geo' ? GEO_USD : chance.pick([1, 2, 5, 9.99]),
    key:
      vendor === 'geo'
        ? chance.pick(isStamped ? ['none', 'uuid'] : ['none', 'none', 'uuid', 'named'])
        : chance.pick(keys),
    isStamped,
  }
}

function drawCall(chance: Chance, callee: Callee, showsQueues: boolean): CallPlan {
  return {
    ...callee,
    sdkRetries: callee.vendor === 'geo' && callee.key === 'none' ? 0 : chance.pick([0, 2, 2]),
    timeoutMs: chance.pick([80_000, 80_000, 30_000, 5_000, 1_000]),
    onFailure: { again: chance.pick([0, 0, 1, 3]), then: chance.is(0.6) ? 'end' : 'go on' },
    // Where receive queues do not show, only the end of a connection tells that an idle one was read.
    keepsAlive: chance.is(0.6) && showsQueues,
  }
}

function focusedActs(chance: Chance, focus: Focus): Act[] {
  if (focus === 'night') {
    return [{ kind: 'long night', atMs: chance.between(50, 5_000), forMs: chance.pick([23.5, 25, 49]) * HOUR_MS }]
  }
  if (focus !== 'rollback') return []
  const restart = (atMs: number): Act => ({
    kind: 'store restart',
    atMs,
    awayMs: 50,
    losesMs: chance.pick([20, 50, 300, 5_000]),
  })
  const firstMs = chance.between(30, 600)
  // A second loss while the first is being mended, or soon after.
  return [restart(firstMs), ...(chance.is(0.3) ? [restart(firstMs + chance.between(60, 2_500))] : [])]
}

/** docs/operate.md: who sleeps through a clock that is set back by hours cannot know that a vendor's 24 h are over. */
function withinWhatIsAsked(acts: readonly Act[]): readonly Act[] {
  if (!acts.some(({ kind }) => kind === 'long night')) return acts
  return acts.map((act) =>
    act.kind === 'clock' && act.byMs < -MOST_SET_BACK_MS ? { ...act, byMs: -MOST_SET_BACK_MS } : act,
  )
}

function drawActs(chance: Chance, { intendedUsd, indexes }: { intendedUsd: number; indexes: number }): Act[] {
  const acts: Act[] = []
  const atMs = () => chance.pick([1, 10, 100]) * chance.between(5, 300)
  if (chance.is(0.12)) acts.push({ kind: 'set cap', atMs: atMs(), usd: money(intendedUsd * chance.between(0.1, 2)) })
  if (chance.is(0.12)) acts.push({ kind: 'set cap', atMs: atMs(), usd: money(intendedUsd * chance.between(0.1, 2)) })
  if (chance.is(0.1))
    acts.push({ kind: 'set day cap', atMs: atMs(), usd: money(intendedUsd * chance.between(0.2, 1.5)) })
  if (chance.is(0.06)) {
    acts.push({ kind: 'set policy day cap', atMs: atMs(), usd: money(intendedUsd * chance.between(0.2, 1.5)) })
  }
  if (chance.is(0.12)) acts.push({ kind: 'revoke', atMs: atMs() })
  if (chance.is(0.15)) {
    const byMs = chance.pick([-1, 1]) * chance.pick([600_000, 60_000, 5_000, DAY_MS])
    acts.push({ kind: 'clock', atMs: atMs(), machine: chance.pick(['ledger', 'pods']), byMs })
  }
  if (chance.is(0.15)) acts.push({ kind: 'kill pod', atMs: atMs(), index: chance.below(indexes) })
  if (chance.is(0.2)) {
    acts.push({
      kind: 'lose node',
      atMs: atMs(),
      index: chance.below(indexes),
      lingersMs: chance.between(1_000, 90_000),
    })
  }
  if (chance.is(0.05)) acts.push({ kind: 'ledger down', atMs: atMs(), forMs: chance.pick([5_000, 60_000]) })
  if (chance.is(0.2)) {
    const [awayMs, losesMs] = [chance.pick([50, 1_000, 8_000]), chance.pick([0, 20, 500, 5_000])]
    acts.push({ kind: 'store restart', atMs: atMs(), awayMs, losesMs })
  }
  if (chance.is(0.06)) acts.push({ kind: 'long night', atMs: atMs(), forMs: chance.pick([11, 23.5, 25, 49]) * HOUR_MS })
  return acts
}

function sumOf(programs: readonly (readonly Step[])[]): number {
  return programs
    .flat()
    .flatMap((step) => (step.kind === 'calls' ? step.calls : []))
    .reduce((sum, { usd }) => sum + usd, 0)
}

function money(usd: number): number {
  return Math.max(0.01, Math.round(usd * 100) / 100)
}
