import { skip } from '../../tools/test/skip.ts'
import { freshStores } from '../redis/fresh-store.ts'
import { type RedisServer, startRedis, whyNoRedis } from '../redis/redis-server.ts'
import { describeStore } from './conformance.ts'

describe('on a real Redis', function () {
  this.timeout(60_000)
  let redis: RedisServer

  before(async function () {
    const reason = whyNoRedis()
    if (reason !== undefined) skip(this, reason)
    redis = await startRedis()
  })
  after(() => redis.stop())

  describeStore(
    'Redis',
    freshStores(() => redis),
  )
})
