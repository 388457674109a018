import { expect } from 'chai'
import type { HistoryId } from '../../../contract/ids.ts'
import type { Connection } from '../../../store/redis/connection.ts'
import { LivingRuns } from '../../../store/redis/living-runs.ts'
import type { Places } from '../../../store/redis/places.ts'
import { RedisReads } from '../../../store/redis/reads.ts'
import type { Steps } from '../../../store/redis/steps.ts'

describe('a list of thousands of keys or runs', () => {
  it('is asked for a part at a time: of all at once the last answers would come too late, and calls would wait behind them', async () => {
    let open = 0
    let mostOpen = 0
    let asked = 0
    const connection: Partial<Connection> = {
      command: async () => Array.from({ length: 3_000 }, (_, at) => `run-${at}`),
      async hmget(_key, fields) {
        asked += 1
        open += 1
        mostOpen = Math.max(mostOpen, open)
        await new Promise(setImmediate)
        open -= 1
        return fields.map(() => null)
      },
    }
    const places: Partial<Places> = { policies: async () => ['default'] }
    const reads = new RedisReads({ connection } as Steps, places as Places)
    for (const list of [() => reads.keys(undefined), () => reads.runs({})]) {
      asked = 0
      await list()
      expect(asked).to.equal(3_000)
    }
    expect(mostOpen).to.be.at.most(100)
  })
})

describe('the runs of which a Job lives', () => {
  const HOUR_MS = 60 * 60 * 1_000
  const PRUNED = ['1', '0', 'pruned']
  const KEY_ALONE = [null, null, 'kept']

  /** A run an hour; the values are is_run, living and retention. */
  function living(runs: readonly (readonly (string | null)[])[]) {
    const asked: string[] = []
    const connection: Partial<Connection> = {
      command: async (_name, _key, from) =>
        runs.flatMap((_, at) =>
          Number(from) <= at * HOUR_MS || from === '-inf' ? [`run-${at}`, `${at * HOUR_MS}`] : [],
        ),
      async hmget(key) {
        const tag = key.slice(key.lastIndexOf(':') + 1)
        asked.push(tag)
        return runs[Number(tag.slice('run-'.length))] ?? []
      },
    }
    const steps = { connection, historyId: 'first' as HistoryId }
    return { steps, asked, of: new LivingRuns(steps as unknown as Steps) }
  }

  it('are looked for from the first on that another Job may join, and among all once the store was recovered', async () => {
    const runs = [PRUNED, ['1', '1', 'kept'], PRUNED, KEY_ALONE, PRUNED, ['1', '0', 'kept'], ['1', '1', 'kept']]
    const { steps, asked, of } = living(runs)
    expect(await of.tagsOf('default')).to.deep.equal(['run-1', 'run-6'])
    expect(asked).to.have.length(7)
    runs[1] = PRUNED
    expect(await of.tagsOf('default')).to.deep.equal(['run-6'])
    asked.length = 0
    expect(await of.tagsOf('default')).to.deep.equal(['run-6'])
    // One hour before it is looked at as well: the clock may have been set back.
    expect(asked).to.deep.equal(['run-4', 'run-5', 'run-6'])
    runs[0] = ['1', '1', 'kept']
    steps.historyId = 'second' as HistoryId
    expect(await of.tagsOf('default')).to.deep.equal(['run-0', 'run-6'])
  })

  it('are so also where all that were there are over, and one is opened by a clock that was set back', async () => {
    const runs = [PRUNED, PRUNED]
    const { of } = living(runs)
    expect(await of.tagsOf('default')).to.deep.equal([])
    runs[0] = ['1', '1', 'kept']
    expect(await of.tagsOf('default')).to.deep.equal(['run-0'])
  })
})
