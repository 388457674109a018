import { startCluster } from '../redis/cluster.ts'
import { type FreshServer, freshStores } from '../redis/fresh-store.ts'
import { needsRedis, startRedis } from '../redis/redis-server.ts'
import { describeMerging, describeStore } from './conformance.ts'

/** The one suite on a server that the test starts and stops. */
function describeOn(name: string, start: () => Promise<FreshServer & { stop(): Promise<void> }>): void {
  describe(`on ${name}`, function () {
    this.timeout(60_000)
    let server: Awaited<ReturnType<typeof start>> | undefined

    before(async function () {
      needsRedis(this)
      server = await start()
    })
    after(() => server?.stop())

    const open = freshStores(() => {
      if (server === undefined) throw new Error('no server was started')
      return server
    })
    describeStore(name, open)
    describeMerging(name, open)
  })
}

describeOn('a single Redis', async () => {
  const redis = await startRedis()
  return { url: redis.url, ports: [redis.port], stop: () => redis.stop() }
})

describeOn('a Redis Cluster', async () => {
  const cluster = await startCluster()
  return { url: cluster.url, ports: cluster.nodes.map(({ port }) => port), stop: () => cluster.stop() }
})
