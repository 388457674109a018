import type { Shortfall } from '../recovery/durability.ts'
import type { Connection, Master } from './connection.ts'

/** All that is wrong at once, as settings to change. Of a Cluster each master is asked. */
export async function shortfallsOf(connection: Connection): Promise<readonly Shortfall[]> {
  const found = await Promise.all(connection.masters().map(shortfallsOfMaster))
  return found.flat()
}

async function shortfallsOfMaster(master: Master): Promise<readonly Shortfall[]> {
  const info = await master.info()
  const of = (field: string) => new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1] ?? 'unknown'
  const found: Shortfall[] = []
  const missing = (demand: Shortfall['demand'], sentence: string) =>
    found.push({ demand, sentence: `${master.name}: ${sentence}` })
  if (of('role') !== 'master') missing('master', 'it is a replica: name its master in --store')
  if (!master.isPrivate()) missing('tls', 'the connection is not encrypted: use rediss:// and --redis-ca FILE')
  if (of('aof_enabled') !== '1') missing('appendonly', 'set appendonly to yes (it is no)')
  // Switched on while it runs, the file counts only once it is whole: until then a restart finds none.
  else if (of('aof_base_size') === '0' && of('aof_rewrite_in_progress') === '1')
    missing('appendonly', 'its append-only file is being made: wait')
  for (const [setting, wanted] of FSYNC_SETTINGS) {
    const value = await master.setting(setting)
    if (value === null) missing('appendfsync', `let its user ask CONFIG GET ${setting}, and set it to ${wanted}`)
    else if (value !== wanted) missing('appendfsync', `set ${setting} to ${wanted} (it is ${value})`)
  }
  const eviction = of('maxmemory_policy')
  if (eviction !== 'noeviction') missing('noeviction', `set maxmemory-policy to noeviction (it is ${eviction})`)
  return found
}

/** The second one lets the fsync be left out while the file is rewritten. */
const FSYNC_SETTINGS = [
  ['appendfsync', 'always'],
  ['no-appendfsync-on-rewrite', 'no'],
] as const
