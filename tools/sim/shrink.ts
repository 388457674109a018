import type { BreachKind } from './judge/breach.ts'
import type { JobPlan, Plan, Step } from './plan/plan.ts'
import { type RunOptions, runPlan, type SeedResult } from './run-seed.ts'

const MOST_RUNS = 400

/**
 * The smallest plan it can find that still breaks the same promise: faults, acts, Jobs, steps and calls are left out one
 * by one, as long as one of them can be.
 */
export async function shrink(
  plan: Plan,
  kind: BreachKind,
  options: RunOptions,
): Promise<{ readonly plan: Plan; readonly result: SeedResult }> {
  let runs = 0
  let smallest = plan
  for (let hasShrunk = true; hasShrunk && runs < MOST_RUNS; ) {
    hasShrunk = false
    for (const candidate of smallerThan(smallest)) {
      if (runs >= MOST_RUNS) break
      runs += 1
      const { breaches } = await runPlan(candidate, { ...options, isTraced: false })
      if (!breaches.some((breach) => breach.kind === kind)) continue
      smallest = candidate
      hasShrunk = true
      break
    }
  }
  return { plan: smallest, result: await runPlan(smallest, { ...options, isTraced: true }) }
}

function* smallerThan(plan: Plan): Generator<Plan> {
  const [first, ...later] = plan.jobs
  if (later.length > 0 && first !== undefined) yield { ...plan, jobs: [first] }
  for (const acts of without(plan.acts)) yield { ...plan, acts }
  for (const faults of without(plan.faults)) yield { ...plan, faults }
  if (first !== undefined)
    for (const programs of smallerPrograms(first)) yield { ...plan, jobs: [{ ...first, programs }, ...later] }
  const { policy } = plan
  for (const level of ['perDayUsd', 'perNamespaceDayUsd', 'stripePerDayUsd'] as const) {
    if (policy[level] !== null) yield { ...plan, policy: { ...policy, [level]: null } }
  }
  if (plan.slowness !== 1) yield { ...plan, slowness: 1 }
}

/** The number of indexes stays as long as another than the last has something to do. */
function* smallerPrograms({ programs }: JobPlan): Generator<readonly (readonly Step[])[]> {
  for (const [index, steps] of programs.entries()) {
    const instead = (smaller: readonly Step[]) => programs.map((one, at) => (at === index ? smaller : one))
    if (steps.length > 0) yield instead([])
    for (const fewer of without(steps)) yield instead(fewer)
    for (const [at, step] of steps.entries()) {
      if (step.kind !== 'calls' || step.calls.length < 2) continue
      for (const calls of without(step.calls)) {
        yield instead(steps.map((one, place) => (place === at ? { kind: 'calls', calls } : one)))
      }
    }
  }
  if (programs.length > 1 && programs.at(-1)?.length === 0) yield programs.slice(0, -1)
}

function* without<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = items.length - 1; at >= 0; at -= 1) yield items.filter((_, place) => place !== at)
}
