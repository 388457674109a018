import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RedisServer } from './redis-server.ts'

/** Where Redis keeps its append-only files, within its folder. */
export const AOF_FOLDER = 'appendonlydir'

/** Copies what is on Redis' disk. The answer rolls Redis back to it, as if the host's disk had lost what was written since. */
export function saveData(redis: RedisServer): () => Promise<void> {
  const data = join(redis.folder, AOF_FOLDER)
  const saved = join(redis.folder, 'saved')
  rmSync(saved, { recursive: true, force: true })
  cpSync(data, saved, { recursive: true })
  return async () => {
    await redis.kill()
    rmSync(data, { recursive: true })
    cpSync(saved, data, { recursive: true })
    await redis.restart()
  }
}
