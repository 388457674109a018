import type { Shortfall } from '../recovery/durability.ts'
import type { Connection, Master } from './connection.ts'

/** Looks at the servers behind a connection. Of a Cluster each master is asked. */
export class DurabilityLook {
  readonly #connection: Connection
  /** Runs of servers whose append-only file was whole at an earlier look, and has not been switched off at one since. */
  readonly #whole = new Set<string>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** All that is wrong at once, as settings to change. */
  async shortfalls(): Promise<readonly Shortfall[]> {
    const found = await Promise.all(this.#connection.masters().map((master) => this.#ofMaster(master)))
    return found.flat()
  }

  async #ofMaster(master: Master): Promise<readonly Shortfall[]> {
    const info = await master.info()
    const of = (field: string) => new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1] ?? 'unknown'
    const found: Shortfall[] = []
    const missing = (demand: Shortfall['demand'], sentence: string) =>
      found.push({ demand, sentence: `${master.name}: ${sentence}` })
    if (of('role') !== 'master') missing('master', `it is a replica: ${WAY_TO_MASTER[master.namedBy]}`)
    if (!master.isPrivate()) missing('tls', 'the connection is not encrypted: use rediss:// and --redis-ca FILE')
    switch (this.#fileOf(of)) {
      case 'off':
        missing('appendonly', 'set appendonly to yes (it is no)')
        break
      case 'being_made':
        missing('appendonly', 'its append-only file is being made: wait')
        break
      case 'whole':
    }
    for (const [setting, wanted] of FSYNC_SETTINGS) {
      const value = await master.setting(setting)
      if (value === null) missing('appendfsync', `let its user ask CONFIG GET ${setting}, and set it to ${wanted}`)
      else if (value !== wanted) missing('appendfsync', `set ${setting} to ${wanted} (it is ${value})`)
    }
    const eviction = of('maxmemory_policy')
    if (eviction !== 'noeviction') missing('noeviction', `set maxmemory-policy to noeviction (it is ${eviction})`)
    return found
  }

  /**
   * Switched on while the server runs, the file counts only once it is whole: until then a restart finds none. The first
   * rewrite of a file that was there from the start looks the same in INFO (its base has no size), so it takes a memory.
   */
  #fileOf(of: (field: string) => string): 'off' | 'being_made' | 'whole' {
    const run = of('run_id')
    if (of('aof_enabled') !== '1') {
      this.#whole.delete(run)
      return 'off'
    }
    const isRewritten = of('aof_rewrite_in_progress') === '1'
    if (isRewritten && of('aof_base_size') === '0' && !this.#whole.has(run)) return 'being_made'
    if (!isRewritten && of('aof_rewrite_scheduled') !== '1') this.#whole.add(run)
    return 'whole'
  }
}

/** Where its master is not named by us, whoever names it is late. */
const WAY_TO_MASTER: Readonly<Record<Master['namedBy'], string>> = {
  single: 'name its master in --store',
  sentinel: 'its Sentinels have not named the new master yet, which is waited for',
  cluster: 'its cluster has not named the new master yet, which is waited for',
}

/** The second one lets the fsync be left out while the file is rewritten. */
const FSYNC_SETTINGS = [
  ['appendfsync', 'always'],
  ['no-appendfsync-on-rewrite', 'no'],
] as const
