import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { Engine } from '../path/engine.ts'
import { Tap } from '../path/tap.ts'
import { type RedisServer, startRedis } from '../redis/redis-server.ts'
import { AOF_FOLDER } from '../redis/saved-data.ts'

/** A word of the packed record of a call: see `store/redis/rows.ts`. */
const FIRST_SENT_WORD = 7

/** A real Redis, and a wire to it that a test can cut. */
export const redisEngine: Engine = {
  name: 'Redis',
  async start(folder) {
    const data = join(folder, 'redis')
    const copies = join(folder, 'copy')
    mkdirSync(data)
    const redis = await startRedis({ folder: data })
    const tap = await Tap.open(redis)
    return {
      // What a journal adds has tests of its own.
      flags: ['--store', `redis://127.0.0.1:${tap.port}`, '--waive', 'journal'],
      firstFlags: ['--initialise'],
      wire: tap,
      cutOff: async () => tap.cut(),
      mend: async () => tap.mend(),
      async restart() {
        await redis.kill()
        await redis.restart()
      },
      async copy() {
        await redis.kill()
        cpSync(data, copies, { recursive: true })
        await redis.restart()
      },
      async putBack() {
        await redis.kill()
        rmSync(data, { recursive: true })
        cpSync(copies, data, { recursive: true })
        await redis.restart()
      },
      async empty() {
        await redis.kill()
        rmSync(join(data, AOF_FOLDER), { recursive: true })
        await redis.restart()
      },
      dateBack: (byMs) => dateBack(redis, byMs),
      async stop() {
        await tap.close()
        await redis.stop()
      },
    }
  },
}

/** Its own time cannot be moved without the keys' time. */
async function dateBack({ port, host }: RedisServer, byMs: number): Promise<void> {
  const client = new Redis({ port, host })
  for (const run of await client.keys('jobcap:{*}:run:*')) {
    for (const [field, packed] of Object.entries(await client.hgetall(run))) {
      const words = packed.split(' ')
      const first = Number(words[FIRST_SENT_WORD])
      if (!field.startsWith('d:') || !Number.isFinite(first)) continue
      await client.hset(run, field, words.with(FIRST_SENT_WORD, String(first - byMs)).join(' '))
    }
  }
  client.disconnect()
}
