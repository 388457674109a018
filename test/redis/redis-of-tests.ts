import { needsRedis, type RedisServer, startRedis } from './redis-server.ts'

/** One Redis for all tests of a `describe`, which writes no file: it starts before them, is stopped after them, and answers who it is. */
export function redisOfTests(): () => RedisServer {
  let redis: RedisServer | undefined
  before(async function () {
    needsRedis(this)
    redis = await startRedis({ settings: { appendonly: 'no' } })
  })
  after(() => redis?.stop())
  return () => {
    if (redis === undefined) throw new Error('the Redis of the tests is started by a hook, before the first of them')
    return redis
  }
}
