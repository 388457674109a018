import { rulebookWithout, WHOLE_RULEBOOK } from '../../../store/rules/rulebook.ts'
import { MUTANTS } from './mutants.ts'
import { plant } from './plant.ts'

// A process of its own for one planted bug: `hunt.ts NAME FROM COUNT`. COUNT: seeds that are run. Prints one line of JSON.

const [name = '', from = '1', count = '1'] = process.argv.slice(2)
const mutant = MUTANTS.find((one) => one.name === name)
if (mutant === undefined) throw new Error(`there is no mutant ${name}`)
if (mutant.kind === 'text') plant(mutant.edits)
// Loaded only now, so that the planted file is what they get.
const { runPlan } = await import('../run-seed.ts')
const { drawPlan } = await import('../plan/draw-plan.ts')
const rules = mutant.kind === 'rule' ? rulebookWithout(mutant.rule) : WHOLE_RULEBOOK

let caught: { seed: number; breach: string } | null = null
let seeds = 0
for (let seed = Number(from); seeds < Number(count) && caught === null; seed += 1) {
  const plan = drawPlan(seed)
  if (mutant.focus !== undefined && plan.focus !== mutant.focus) continue
  seeds += 1
  const { breaches } = await runPlan(plan, { rules, isTraced: false })
  const [first] = breaches
  if (first !== undefined) caught = { seed, breach: `${first.kind}: ${first.message}` }
}
console.log(JSON.stringify({ name, seeds, caught }))
