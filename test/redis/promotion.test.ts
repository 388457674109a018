import { expect } from 'chai'
import { parseRedisAddress } from '../../store/redis/address.ts'
import { type Connection, connect } from '../../store/redis/connection.ts'
import { script } from '../../store/redis/script.ts'
import { SILENT } from '../store/stage.ts'
import { command, type RedisCluster, type RedisNode, startCluster, startReplica } from './cluster.ts'
import { needsRedis } from './redis-server.ts'

const KEY = 'jobcap:{default}:meta'
const ADD = script({
  name: 'testAdd',
  purpose: 'counts',
  keys: ['meta'],
  args: {},
  statuses: ['told'],
  body: `return {'told', tostring(redis.call('HINCRBY', meta, 'n', 1))}`,
})

describe('a replica that a Cluster makes the master while the master lives', function () {
  this.timeout(60_000)
  let cluster: RedisCluster
  let master: RedisNode
  let replica: Awaited<ReturnType<typeof startReplica>>
  let connection: Connection
  let breaks = 0

  before(async function () {
    needsRedis(this)
    cluster = await startCluster()
    const [, slot = ''] = /^:(\d+)/.exec(await command(cluster.nodes[0]?.port ?? 0, ['CLUSTER', 'KEYSLOT', KEY])) ?? []
    const at = Math.floor((Number(slot) * cluster.nodes.length) / 16_384)
    master = cluster.nodes[at] as RedisNode
    replica = await startReplica(cluster, master)
    const address = parseRedisAddress(cluster.url)
    if (typeof address === 'string') throw new Error(address)
    connection = await connect({ address, password: null, caPem: null, log: SILENT })
    connection.onBroken(() => {
      breaks += 1
    })
  })
  after(async () => {
    connection.close()
    await replica.stop()
    await cluster.stop()
  })

  const add = async () => {
    const [, count] = await connection.run(ADD, [KEY], { history: 'h', args: {} })
    return { count: Number(count), breaks }
  }

  it('is told as a break before its first answer, which lacks what it was not handed', async () => {
    await add()
    await command(master.port, ['WAIT', '1', '0'])
    // The link to the replica is cut, and it gets no other.
    await command(master.port, ['ACL', 'SETUSER', 'default', '-psync', '-sync'])
    await command(master.port, ['CLIENT', 'KILL', 'TYPE', 'replica'])
    const lost = await add()
    expect(lost.count).to.equal(2)
    await command(replica.port, ['CLUSTER', 'FAILOVER', 'TAKEOVER'])
    const isReplicaNow = new RegExp(`:${master.port}@\\d+ (myself,)?slave`)
    for (const { port } of [...cluster.nodes, replica]) {
      while (!isReplicaNow.test(await command(port, ['CLUSTER', 'NODES'])));
      while (!(await command(port, ['CLUSTER', 'INFO'])).includes('cluster_state:ok'));
    }
    const next = await add()
    expect(next.count).to.equal(2)
    expect(next.breaks).to.be.greaterThan(lost.breaks)
  })
})
