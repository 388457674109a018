import { WHOLE_RULEBOOK } from '../../store/rules/rulebook.ts'
import { drawPlan } from './plan/draw-plan.ts'
import { runPlan } from './run-seed.ts'

/** What a worker is asked for, and what it answers with. */
export interface Task {
  readonly seeds: readonly number[]
}

export interface Tally {
  readonly seeds: number
  readonly steps: number
  readonly crashes: number
  readonly failures: readonly { readonly seed: number; readonly kinds: readonly string[]; readonly message: string }[]
}

async function work({ seeds }: Task): Promise<Tally> {
  let steps = 0
  let crashes = 0
  const failures = []
  for (const seed of seeds) {
    const result = await runPlan(drawPlan(seed), { rules: WHOLE_RULEBOOK, isTraced: false })
    steps += result.steps
    crashes += result.crashes
    const [first] = result.breaches
    if (first === undefined) continue
    failures.push({ seed, kinds: result.breaches.map(({ kind }) => kind), message: `${first.kind}: ${first.message}` })
  }
  return { seeds: seeds.length, steps, crashes, failures }
}

process.on('message', (task: Task) => {
  void work(task).then((tally) => process.send?.(tally))
})
