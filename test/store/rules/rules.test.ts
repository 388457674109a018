import { expect } from 'chai'
import { RULES, type Rulebook, type RuleName, rulebookWithout, WHOLE_RULEBOOK } from '../../../store/rules/rulebook.ts'
import { StoreFault } from '../../../store/store.ts'
import type { Scenario } from './scenario.ts'
import { ADMISSION } from './scenarios-admission.ts'
import { LOOK_UPS } from './scenarios-look-ups.ts'
import { MERGE } from './scenarios-merge.ts'
import { MONEY } from './scenarios-money.ts'
import { NUMBERING } from './scenarios-numbering.ts'
import { OWNERS } from './scenarios-owners.ts'
import { PARALLEL } from './scenarios-parallel.ts'
import { Breach } from './truth.ts'
import { World } from './world.ts'

const SCENARIOS: readonly Scenario[] = [
  ...NUMBERING,
  ...PARALLEL,
  ...ADMISSION,
  ...OWNERS,
  ...MONEY,
  ...MERGE,
  ...LOOK_UPS,
]

/** Rules that stand behind others: the sentence that asks for each, and what stands before it. */
const DEFENCE_IN_DEPTH: Partial<Record<RuleName, { readonly sentence: string; readonly behind: readonly RuleName[] }>> =
  {
    reaper_new_epoch: {
      sentence: 'M8: A reaper resolves what nobody asks for again. It raises the epoch first.',
      behind: ['reserve_new_epoch', 'mark_reserved_only'],
    },
    kept_while_a_job_lives: {
      sentence: 'Records … are kept while a Job of the run lives; a key is over only when the last of them has ended.',
      behind: ['kept_long_enough', 'newest_job_only'],
    },
  }

describe('every rule of the numbering and of the money', () => {
  for (const scenario of SCENARIOS) {
    it(`${scenario.rule}: ${scenario.story}`, async () => {
      await play(scenario, WHOLE_RULEBOOK)
    })

    it(`without ${scenario.rule}: ${scenario.breaks}`, async () => {
      const fault = await play(scenario, rulebookWithout(scenario.rule)).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(kindOf(fault), String(fault)).to.equal(scenario.breaks)
    })
  }

  it('has a scenario that breaks without it, or stands behind rules that have', () => {
    const shown = new Set(SCENARIOS.map(({ rule }) => rule))
    const unshown = RULES.filter((rule) => !shown.has(rule))
    expect(unshown).to.deep.equal(Object.keys(DEFENCE_IN_DEPTH))
    for (const { behind } of Object.values(DEFENCE_IN_DEPTH)) expect([...shown]).to.include.members([...behind])
  })
})

async function play({ setting = {}, steps }: Scenario, rules: Rulebook): Promise<void> {
  const world = await World.open(setting, rules)
  try {
    for (const line of steps.trim().split('\n')) await world.step(line.trim())
  } finally {
    await world.close()
  }
}

/** A step that the engine itself cannot do leaves the app without a way on. */
function kindOf(fault: unknown): string {
  if (fault instanceof Breach) return fault.kind
  return fault instanceof StoreFault ? 'dead end' : String(fault)
}
