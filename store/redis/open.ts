import type { Log } from '../../runtime/log.ts'
import type { DistributedStore } from '../recovery/registry.ts'
import { StoreFault } from '../store.ts'
import type { RedisAddress } from './address.ts'
import { connect } from './connection.ts'
import { initialise, nothingThere, readInstall, testTime } from './install.ts'
import { policyKeys } from './layout.ts'
import { Places } from './places.ts'
import { RedisReads } from './reads.ts'
import { RedisStore } from './redis-store.ts'
import { TICK } from './scripts/now.ts'
import { Steps, type StoreDoors } from './steps.ts'

export interface RedisStoreOptions extends StoreDoors {
  readonly address: RedisAddress
  readonly password: string | null
  readonly caPem: string | null
  /** Whose store this is: derived from the master key, so that another key's data are not taken for ours. */
  readonly installId: string
  /** A person's word, for one start, that an empty Redis is to be a new store. */
  readonly initialise?: boolean
  /** Only tests: the time in the store is what they wrote there. Without it such a store is refused. */
  readonly hasTestTime?: boolean
  /** Only tests plant a bug in the scripts. */
  readonly altered?: (lua: string) => string
}

/** A clock that is set back between two ticks is behind by this at most; every vendor's window has an hour to spare. */
const TICK_MS = 5_000

/**
 * Opens the distributed store. Rejects with `StoreFault` and what to do: it cannot be reached, is another install's, of
 * another layout, or empty without a person's word.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<DistributedStore> {
  const { address, password, caPem, installId, log, random } = options
  const connection = await connect({ address, password, caPem, log, altered: options.altered })
  try {
    const install =
      (await readInstall(connection, installId)) ??
      (options.initialise === true ? await initialise(connection, installId, random) : undefined)
    if (install === undefined) throw new StoreFault(nothingThere(connection.name))
    const steps = new Steps(connection, options, install)
    const places = new Places(steps)
    for (const policyName of await places.policies()) {
      const [nowMs = null] = await connection.hmget(policyKeys(policyName).meta, ['test_now_ms'])
      if (nowMs !== null && options.hasTestTime !== true) throw new StoreFault(testTime(connection.name))
    }
    const stopTicking =
      options.hasTestTime === true
        ? () => undefined
        : options.timers.every(TICK_MS, () => void tick(steps, places, log))
    return new RedisStore(steps, { reads: new RedisReads(steps, places), stopTicking })
  } catch (fault) {
    connection.close()
    throw fault
  }
}

/** Notes how far the time of each policy's slot has come. */
async function tick(steps: Steps, places: Places, log: Log): Promise<void> {
  try {
    for (const policyName of await places.policies()) {
      await steps.once(TICK, { policyName, runTag: '' }, {})
      await steps.tryRoom(policyName)
    }
  } catch (fault) {
    log.warn({ err: fault }, 'the time of the store was not noted')
  }
}
