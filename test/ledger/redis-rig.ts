import { Redis } from 'ioredis'
import { needsRedis, type RedisServer, startRedis } from '../redis/redis-server.ts'
import { type Rig, startRig } from './rig.ts'

/** What a test with ledgers over a Redis of its own has at hand. */
export class RedisRig {
  rig!: Rig
  redis!: RedisServer
  /** Past the ledgers. */
  admin!: Redis
}

/** A new one for each test of the `describe` that calls it; its tests are skipped where no Redis can be started. */
export function redisRigForEach(): RedisRig {
  const own = new RedisRig()
  before(function () {
    needsRedis(this)
  })
  beforeEach(async () => {
    own.redis = await startRedis()
    own.rig = await startRig()
    own.admin = new Redis({ port: own.redis.port })
    // It may be away while it is rolled back.
    own.admin.on('error', () => undefined)
  })
  afterEach(async () => {
    own.admin.disconnect()
    await own.rig.stop()
    await own.redis.stop()
  })
  return own
}
