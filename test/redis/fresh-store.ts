import { Cluster, Redis } from 'ioredis'
import { systemTimers } from '../../runtime/timers.ts'
import { parseRedisAddress } from '../../store/redis/address.ts'
import { policyKeys } from '../../store/redis/layout.ts'
import { openRedisStore } from '../../store/redis/open.ts'
import { storeClock } from '../../store/sqlite/time.ts'
import type { RecoverableStore } from '../../store/store.ts'
import { type OpenRecoverable, SILENT } from '../store/stage.ts'
import { command } from './cluster.ts'

/** A Redis or a Cluster whose data a test may throw away. */
export interface FreshServer {
  readonly url: string
  readonly ports: readonly number[]
}

/** Policies of the suite's requests; their time stands still unless the test moves its clock. */
const POLICIES = ['default', 'strict']

/** Opens an empty store whose time is the test's clock: what was in the Redis before is gone. */
/** `altered`: a bug planted in the scripts. */
export function freshStores(server: () => FreshServer, altered?: (lua: string) => string): OpenRecoverable {
  return async ({ clock, random }) => {
    const { ports, url } = server()
    const [port = 0] = ports
    const admin =
      ports.length === 1 ? new Redis({ port, host: '127.0.0.1' }) : new Cluster([{ port, host: '127.0.0.1' }])
    for (const node of ports) await command(node, ['FLUSHALL'])
    const time = storeClock(clock, { boot: 'test', lastAtMs: 0 })
    const setTime = async () => {
      const nowMs = String(time().nowMs)
      await Promise.all(POLICIES.map((policy) => admin.hset(policyKeys(policy).meta, 'test_now_ms', nowMs)))
    }
    await setTime()
    const address = parseRedisAddress(url)
    if (typeof address === 'string') throw new Error(address)
    const doors = { clock, random, timers: systemTimers, log: SILENT }
    const store = await openRedisStore({
      ...doors,
      address,
      password: null,
      caPem: null,
      installId: 'test',
      initialise: true,
      hasTestTime: true,
      ...(altered === undefined ? {} : { altered }),
    })
    return withTime(store, setTime, () => admin.disconnect())
  }
}

/** Each step happens at the moment that the test's clock shows. */
function withTime(store: RecoverableStore, setTime: () => Promise<void>, closed: () => void): RecoverableStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      const method = value.bind(target) as (...args: unknown[]) => unknown
      if (name === 'problem') return method
      return async (...args: unknown[]) => {
        if (name === 'close') closed()
        else await setTime()
        return method(...args)
      }
    },
  })
}
