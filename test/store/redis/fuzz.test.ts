import { freshStores } from '../../redis/fresh-store.ts'
import { redisOfTests } from '../../redis/redis-of-tests.ts'
import { inMemory, seeded } from '../stage.ts'
import { Twins } from './twins.ts'

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const WALKS = Number(process.env['WALKS'] ?? 12)
const STEPS = 150

describe('the scripts do what the rules say', function () {
  this.timeout(120_000)
  const redis = redisOfTests()

  for (let at = 0; at < WALKS; at += 1) {
    const seed = SEED + at
    it(`in ${STEPS} random steps (again with: SEED=${seed} WALKS=1 npx mocha test/store/redis/fuzz.test.ts)`, async () => {
      const scripts = freshStores(() => ({ url: redis().url, ports: [redis().port] }))
      const twins = await Twins.open([inMemory, scripts], seeded(seed))
      try {
        for (let step = 1; step <= STEPS; step += 1) {
          await twins.step().catch((fault: unknown) => {
            const last = twins.trace.slice(-Number(process.env['LAST'] ?? 6)).join('\n  ')
            throw new Error(`step ${step} after\n  ${last}\n${String(fault)}`, { cause: fault })
          })
        }
        await twins.compare()
        if (process.env['TALLY'] !== undefined) process.stderr.write(`${JSON.stringify([...twins.tally])}\n`)
      } finally {
        await twins.close()
      }
    })
  }
})
