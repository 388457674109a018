import { expect } from 'chai'
import type { Connection } from '../../../store/redis/connection.ts'
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
    for (const list of [() => reads.keys(undefined), () => reads.runs({ isLiving: true })]) {
      asked = 0
      await list()
      expect(asked).to.equal(3_000)
    }
    expect(mostOpen).to.be.at.most(100)
  })
})
