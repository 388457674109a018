import { expect } from 'chai'
import { Redis } from 'ioredis'
import { asJobUid } from '../../../contract/ids.ts'
import { runKey, runTagOf } from '../../../store/redis/layout.ts'
import { freshStores } from '../../redis/fresh-store.ts'
import { needsRedis, type RedisServer, startRedis } from '../../redis/redis-server.ts'
import { DAY_MS, Stage } from '../stage.ts'

const FIELDS = 200_000
const HOW = { keepMs: 3 * DAY_MS, limit: 500 }

describe('the records of a run of a hundred thousand calls', function () {
  this.timeout(120_000)
  let redis: RedisServer
  let admin: Redis
  let stage: Stage

  before(function () {
    needsRedis(this)
  })
  beforeEach(async () => {
    redis = await startRedis()
    admin = new Redis({ host: redis.host, port: redis.port })
    stage = await Stage.open(freshStores(() => ({ url: redis.url, ports: [redis.port] })))
  })
  afterEach(async () => {
    await stage.store.close()
    admin.disconnect()
    await redis.stop()
  })

  const scans = async () => Number(/cmdstat_hscan:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0)

  it('are counted without going through them, unless a ledger of before there was a count has settled some', async () => {
    const a = await stage.pod('a')
    const settle = async (content: string) => stage.settle((await stage.send(a, { content, core: content })).ref)
    await settle('one')
    await settle('two')
    await stage.send(a, { content: 'three', core: 'three' })
    const { calls: counted } = (await stage.store.countCalls(a.runUid)) ?? {}
    expect([counted, await scans()]).to.deep.equal([2, 0])
    const run = runKey('default', runTagOf(a.runUid))
    const asOfBefore = (await admin.hget(run, 'a'))?.replace('+', '') ?? ''
    await admin.hset(run, 'a', asOfBefore, '#settled', 7)
    await settle('four')
    expect((await stage.store.countCalls(a.runUid))?.calls).to.equal(3)
    expect(await scans()).to.be.above(0)
  })

  it('go in steps of a few scans each, also when most are gone, so that no call waits long behind one', async () => {
    const a = await stage.pod('a', { expiresAtMs: null })
    const run = runKey('default', runTagOf(a.runUid))
    const fill = `for i = 1, ${FIELDS} do redis.call('HSET', KEYS[1], 'q:' .. string.format('%.0f', i), 'x') end`
    await admin.eval(fill, 1, run)
    await stage.store.endJob(a.runUid, asJobUid('job-1'))
    stage.clock.pass(HOW.keepMs)
    let mostScans = 0
    for (let answer = 'more'; answer !== 'pruned'; ) {
      const before = await scans()
      answer = await stage.store.prune(a.keyId, HOW)
      mostScans = Math.max(mostScans, (await scans()) - before)
    }
    expect(mostScans).to.be.within(1, 4)
    expect(await admin.hlen(run)).to.be.below(50)
  })
})
