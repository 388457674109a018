import { whyNoRedis } from '../redis/redis-server.ts'
import { describeMatrix } from './matrix.ts'
import { redisEngine } from './redis-engine.ts'

describeMatrix(redisEngine, whyNoRedis())
