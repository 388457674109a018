import { expect } from 'chai'
import { Cluster } from 'ioredis'
import { asHistoryId } from '../../contract/ids.ts'
import { systemClock } from '../../runtime/clock.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers } from '../../runtime/timers.ts'
import type { DistributedStore, ReplicaCard } from '../../store/recovery/registry.ts'
import { parseRedisAddress } from '../../store/redis/address.ts'
import { policyKeys } from '../../store/redis/layout.ts'
import { openRedisStore } from '../../store/redis/open.ts'
import { SILENT, Stage, usd } from '../store/stage.ts'
import { type RedisCluster, startCluster } from './cluster.ts'
import { needsRedis } from './redis-server.ts'

const card = (replicaId: string) => ({ replicaId, historyId: asHistoryId('h'), droppedSegment: 0 })
const { meta } = policyKeys('default')

describe('a replica that ended cleanly, on a cluster whose slots lose their last writes one by one', function () {
  this.timeout(60_000)
  let started: RedisCluster | undefined
  let admin: Cluster
  let store: DistributedStore

  before(async function () {
    needsRedis(this)
    const cluster = await startCluster()
    started = cluster
    admin = new Cluster(cluster.nodes.map(({ port }) => ({ port, host: '127.0.0.1' })))
    const address = parseRedisAddress(cluster.url)
    if (typeof address === 'string') throw new Error(address)
    const doors = { clock: systemClock, random: systemRandom, timers: systemTimers, log: SILENT }
    const how = { password: null, caPem: null, installId: 'test', initialise: true }
    store = await openRedisStore({ ...doors, ...how, address })
    const stage = new Stage(1)
    stage.store = store
    await stage.pod('a', { terms: { capUsdMicros: usd(10) } })
  })
  after(async () => {
    // Without a Redis none of them was made.
    if (started === undefined) return
    await store.close()
    admin.disconnect()
    await started.stop()
  })
  beforeEach(async () => {
    await enter(card('stays'))
    await enter(card('goes'))
    await leave('goes', 'first')
  })

  const enter = async (of: ReturnType<typeof card>) => {
    const { witness } = await store.registry.read()
    await store.registry.enter(of, { witness: witness.now, mark: undefined })
  }
  const leave = async (replicaId: string, nonce: string) => {
    const { witness } = await store.registry.read()
    await store.registry.leave(card(replicaId), nonce, witness.now)
  }
  const registered = async () => {
    const { replicas, left } = await store.registry.read()
    const names = (cards: readonly ReplicaCard[]) => cards.map(({ replicaId }) => replicaId).toSorted()
    return { replicas: names(replicas), left: names(left) }
  }

  it('is not waited for while every slot knows that it left', async () => {
    expect(await registered()).to.deep.equal({ replicas: ['stays'], left: ['goes'] })
  })

  it('is not registered in a run of Redis that was not looked at', async () => {
    const late = store.registry.enter(card('late'), { witness: 'a1b2.c3d4 e5f6.a7b8', mark: undefined })
    expect(await late.catch((fault: Error) => fault.message)).to.include('started anew')
    expect((await registered()).replicas).to.deep.equal(['stays'])
  })

  it('cannot sign off where Redis was started anew since it served, which may have lost its calls', async () => {
    await enter(card('goes'))
    const late = store.registry.leave(card('goes'), 'late', 'a1b2.c3d4 e5f6.a7b8')
    expect(await late.catch((fault: Error) => fault.message)).to.include('started anew')
    expect(await registered()).to.deep.equal({ replicas: ['goes', 'stays'], left: [] })
  })

  it('is waited for when the slot of a policy does not know it, since its calls may be lost there', async () => {
    await admin.hdel(meta, 'left:goes')
    expect(await registered()).to.deep.equal({ replicas: ['goes', 'stays'], left: [] })
  })

  it('is waited for when a slot knows only of an earlier time that it left', async () => {
    await enter(card('goes'))
    expect(await registered()).to.deep.equal({ replicas: ['goes', 'stays'], left: [] })
    await leave('goes', 'second')
    expect(await registered()).to.deep.equal({ replicas: ['stays'], left: ['goes'] })
    await admin.hset(meta, 'left:goes', 'first')
    expect(await registered()).to.deep.equal({ replicas: ['goes', 'stays'], left: [] })
  })

  it('is not waited for because of a policy that is newer', async () => {
    const stage = new Stage(2)
    stage.store = store
    await stage.pod('b', { job: 'of-another-policy', policyName: 'strict', terms: { capUsdMicros: usd(10) } })
    expect(await registered()).to.deep.equal({ replicas: ['stays'], left: ['goes'] })
  })

  it('is given up for good by a person', async () => {
    await admin.hdel(meta, 'left:goes')
    await store.registry.giveUp('goes')
    expect(await registered()).to.deep.equal({ replicas: ['stays'], left: [] })
    await store.registry.noted(['goes'])
  })
})
