import type { Plan } from './plan/plan.ts'
import type { SeedResult } from './run-seed.ts'

const MOST_LINES = 400

export function tellTrace({ lines, steps, hash }: SeedResult): void {
  console.log(lines.join('\n'))
  console.log(`sim: ${steps} steps, trace ${hash}`)
}

/** The smallest case that was found, so that a person can read it. */
export function tellFailure(
  seed: number,
  { plan, result }: { readonly plan: Plan; readonly result: SeedResult },
): void {
  const { jobs, faults, acts, policy, slowness, showsQueues } = plan
  console.log(`\nsim: seed ${seed}, made as small as could be:`)
  console.log(
    JSON.stringify({ policy, jobs, faults, acts, slowness, showsQueues }, null, 1).replaceAll(/\n\s{4,}/g, ' '),
  )
  const { lines } = result
  if (lines.length > MOST_LINES) console.log(`… ${lines.length - MOST_LINES} lines before`)
  console.log(lines.slice(-MOST_LINES).join('\n'))
  console.log(`sim: replay with: make sim SEED=${seed}\n`)
}
