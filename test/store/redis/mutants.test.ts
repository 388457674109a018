import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { freshStores } from '../../redis/fresh-store.ts'
import { redisOfTests } from '../../redis/redis-of-tests.ts'
import { inMemory, seeded } from '../stage.ts'
import { SCRIPT_MUTANTS, type ScriptMutant } from './mutants.ts'
import { Twins } from './twins.ts'

const SEEDS = Number(process.env['SEEDS'] ?? 600)
const STEPS = 150

describe('a bug planted in the scripts', function () {
  this.timeout(240_000)
  const redis = redisOfTests()

  /** A seed whose steps differ from the rules', the known one first; undefined: none did. */
  async function caughtBy({ text, replacement, seed: known }: ScriptMutant): Promise<number | undefined> {
    const altered = (lua: string) => lua.replaceAll(text, () => replacement)
    const scripts = freshStores(() => ({ url: redis().url, ports: [redis().port] }), altered)
    // After a change of what a seed's steps are the known one may be of no use: then one is searched for.
    const others = Array.from({ length: SEEDS }, (_, at) => at + 1).filter((seed) => seed !== known)
    for (const seed of [known, ...others]) {
      const twins = await Twins.open([inMemory, scripts], seeded(seed))
      try {
        for (let step = 1; step <= STEPS; step += 1) await twins.step()
        await twins.compare()
      } catch {
        return seed
      } finally {
        await twins.close()
      }
    }
    return undefined
  }

  for (const mutant of SCRIPT_MUTANTS) {
    it(`is noticed: ${mutant.name}`, async () => {
      const source = readFileSync(mutant.file, 'utf8').replaceAll('\\n', '\n')
      expect(source, 'the text to replace').to.contain(mutant.text.replaceAll('\\n', '\n'))
      expect(await caughtBy(mutant), `a seed of 1 to ${SEEDS}`).not.to.equal(undefined)
    })
  }
})
