import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { type RuleName, rulebookWithout, WHOLE_RULEBOOK } from '../../store/rules/rulebook.ts'
import { MUTANTS } from '../../tools/sim/mutants/mutants.ts'
import { drawPlan } from '../../tools/sim/plan/draw-plan.ts'
import { runPlan } from '../../tools/sim/run-seed.ts'
import { shrink } from '../../tools/sim/shrink.ts'

const WHOLE = { rules: WHOLE_RULEBOOK, isTraced: false }
const SLICE = 40
/** Of the two planted bugs below; each is caught earlier. */
const MOST_SEEDS = 150

const hashOf = async (seed: number) => (await runPlan(drawPlan(seed), WHOLE)).hash

describe('the simulation', () => {
  it('does the same again for the same seed, here and in another process', async () => {
    const seeds = [11, 12, 13]
    const here = []
    for (const seed of seeds) here.push(await hashOf(seed))
    for (const [at, seed] of seeds.entries()) expect(await hashOf(seed), `seed ${seed}`).to.equal(here[at])
    expect(new Set(here).size).to.equal(seeds.length)
    for (const [at, seed] of seeds.entries()) {
      const env = { ...process.env, SEED: String(seed) }
      const { stdout } = spawnSync(process.execPath, ['tools/sim/main.ts'], { env, encoding: 'utf8' })
      expect(/trace (\w+)/.exec(stdout)?.[1], `seed ${seed}`).to.equal(here[at])
    }
  }).timeout(60_000)

  it('plants each bug at a place that is still there', () => {
    const edits = MUTANTS.flatMap((mutant) => (mutant.kind === 'text' ? mutant.edits : []))
    const misplaced = edits.filter(({ file, from }) => readFileSync(file, 'utf8').split(from).length !== 2)
    expect(misplaced).to.deep.equal([])
  })

  it(`breaks no promise in ${SLICE} seeds`, async () => {
    for (let seed = 1; seed <= SLICE; seed += 1) {
      const { breaches } = await runPlan(drawPlan(seed), WHOLE)
      expect(breaches, `make sim SEED=${seed}`).to.deep.equal([])
    }
  }).timeout(120_000)

  for (const [rule, kind] of [
    ['cap_run', 'over_cap'],
    ['seen_facts_stay', 'lost'],
  ] as const) {
    it(`finds that without the rule ${rule} a promise breaks, and makes the case small`, async () => {
      const failing = await firstFailing(rule)
      expect(failing.result.breaches[0]?.kind).to.equal(kind)
      const options = { rules: rulebookWithout(rule), isTraced: false }
      const smallest = await shrink(failing.plan, kind, options)
      expect(smallest.result.breaches.map((breach) => breach.kind)).to.include(kind)
      const { plan } = smallest
      expect(plan.faults.length + plan.acts.length).to.be.at.most(failing.plan.faults.length + failing.plan.acts.length)
      expect(smallest.result.lines.join('\n')).to.match(/BROKEN/)
    }).timeout(120_000)
  }
})

async function firstFailing(rule: RuleName) {
  for (let seed = 1; seed <= MOST_SEEDS; seed += 1) {
    const plan = drawPlan(seed)
    const result = await runPlan(plan, { rules: rulebookWithout(rule), isTraced: false })
    if (result.breaches.length > 0) return { plan, result }
  }
  throw new Error(`nothing was found in ${MOST_SEEDS} seeds`)
}
