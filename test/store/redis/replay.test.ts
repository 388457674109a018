import { WHOLE_RULEBOOK } from '../../../store/rules/rulebook.ts'
import { drawPlan } from '../../../tools/sim/plan/draw-plan.ts'
import { runPlan } from '../../../tools/sim/run-seed.ts'
import { redisOfTests } from '../../redis/redis-of-tests.ts'
import { Replay } from './replay.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const SEEDS = Number(process.env['SEEDS'] ?? 150)
/** What they found: a journal's call before the journal that knows its run; the end of a Job that continues an unknown one. */
const ONCE_DIFFERENT = process.env['SEED'] === undefined ? [1660, 1857, 3269] : []

describe('the scripts answer as the rules did', function () {
  this.timeout(120_000)
  const redis = redisOfTests()

  it(`step by step what ${SEEDS} simulated runs asked of the store, with all that went wrong in them`, async () => {
    const seeds = [...Array.from({ length: SEEDS }, (_, at) => SEED + at), ...ONCE_DIFFERENT]
    for (const seed of seeds) {
      const plan = drawPlan(seed)
      if (plan.store !== 'redis') continue
      const { state } = await runPlan(plan, { rules: WHOLE_RULEBOOK, isTraced: false })
      const replay = new Replay({ port: redis().port })
      try {
        await replay.run(state)
      } catch (fault) {
        const again = `SEED=${seed} SEEDS=1 .tools/bin/node node_modules/.bin/mocha test/store/redis/replay.test.ts`
        throw new Error(`again with: ${again}\n${String(fault)}`, { cause: fault })
      } finally {
        await replay.close()
      }
    }
  })
})
