import { readFileSync } from 'node:fs'
import { openRedisStore } from '../store/redis/open.ts'
import type { StoreDoors } from '../store/redis/steps.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { Store } from '../store/store.ts'
import type { StoreConfig } from './config.ts'
import { deriveKey } from './seal.ts'

/** Opens the engine that the settings name. What it holds is sealed with the master key, so that key says whose it is. */
export async function openStore(config: StoreConfig, masterKey: Uint8Array, doors: StoreDoors): Promise<Store> {
  switch (config.kind) {
    case 'sqlite': {
      const { path, restored } = config
      return openSqliteStore({ ...doors, path, restored })
    }
    case 'redis': {
      const { address, passwordFile, caFile, initialise } = config
      const fileText = passwordFile === null ? null : readFileSync(passwordFile, 'utf8').trim()
      return openRedisStore({
        ...doors,
        address,
        password: fileText ?? config.password?.reveal() ?? null,
        caPem: caFile === null ? null : readFileSync(caFile, 'utf8'),
        installId: deriveKey(masterKey, 'jobcap install v1').toString('hex').slice(0, 24),
        initialise,
      })
    }
  }
}
