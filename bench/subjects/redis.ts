import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../tools/scene/free-port.ts'
import { type Part } from '../processes.ts'
import type { Ground } from './subject.ts'

export interface RedisPart {
  readonly part: Part
  readonly port: number
}

/** For the ledger over `everysec`: its peers keep no journal, and fsync each second. */
export const LIKE_ITS_PEERS = ['--waive', 'journal', '--waive', 'appendfsync']

/** With an append-only file, as a ledger demands; `fsync` is what the two profiles differ in. */
export async function startRedis(
  { processes, folder }: Ground,
  name: string,
  fsync: 'everysec' | 'always',
): Promise<RedisPart> {
  const port = await freePort()
  const dir = join(folder, name)
  mkdirSync(dir)
  const settings = { port, bind: '127.0.0.1', dir, save: '', appendonly: 'yes', appendfsync: fsync }
  const args = Object.entries({ ...settings, 'maxmemory-policy': 'noeviction' }).flatMap(([key, value]) => [
    `--${key}`,
    String(value),
  ])
  const part = processes.start({ name, command: 'redis-server', args })
  await processes.untilOpen(part, port)
  return { part, port }
}
