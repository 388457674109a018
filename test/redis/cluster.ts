import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../tools/scene/free-port.ts'
import { end, launch } from './redis-server.ts'

export interface RedisNode {
  readonly port: number
  readonly busPort: number
  readonly folder: string
  child: ChildProcess
}

export interface RedisCluster {
  readonly nodes: readonly RedisNode[]
  /** For `jobcap ledger --store`. */
  readonly url: string
  stop(): Promise<void>
}

const SLOTS = 16_384
const NODES = 3

/** Three masters with a third of the slots each, AOF always. Resolves when every node says that the cluster is whole. */
export async function startCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: NODES }, startNode))
  const [first] = nodes
  if (first === undefined) throw new Error('a cluster has nodes')
  for (const [at, node] of nodes.entries()) {
    const [from, to] = [at, at + 1].map((part) => Math.floor((part * SLOTS) / NODES)) as [number, number]
    const slots = Array.from({ length: to - from }, (_, slot) => String(from + slot))
    await command(node.port, ['CONFIG', 'SET', 'cluster-require-full-coverage', 'yes'])
    await command(node.port, ['CLUSTER', 'ADDSLOTS', ...slots])
    await command(node.port, ['CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1)])
    if (node !== first)
      await command(node.port, ['CLUSTER', 'MEET', '127.0.0.1', String(first.port), String(first.busPort)])
  }
  for (const { port } of nodes) {
    while (!(await command(port, ['CLUSTER', 'INFO'])).includes('cluster_state:ok')) await tick(port)
  }
  return {
    nodes,
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    async stop() {
      for (const { child, folder } of nodes) {
        await end(child)
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}

/** A replica of one of its masters, once every node names it. Ended by its own `stop`. */
export async function startReplica(
  { nodes }: RedisCluster,
  of: RedisNode,
): Promise<RedisNode & { stop(): Promise<void> }> {
  const replica = await startNode()
  const { port, folder } = replica
  await command(port, ['CLUSTER', 'MEET', '127.0.0.1', String(of.port), String(of.busPort)])
  const [, masterId = ''] = (await command(of.port, ['CLUSTER', 'MYID'])).split('\r\n')
  while (!(await command(port, ['CLUSTER', 'NODES'])).includes(masterId)) await tick(port)
  await command(port, ['CLUSTER', 'REPLICATE', masterId])
  while (!(await command(port, ['INFO', 'replication'])).includes('master_link_status:up')) await tick(port)
  for (const node of nodes) {
    while (!(await command(node.port, ['CLUSTER', 'SLOTS'])).includes(`:${port}\r\n`)) await tick(node.port)
  }
  return {
    ...replica,
    async stop() {
      await end(replica.child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startNode(): Promise<RedisNode> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-node-'))
  const [port, busPort] = [await freePort(), await freePort()]
  const settings = {
    port: String(port),
    'cluster-port': String(busPort),
    dir: folder,
    'cluster-enabled': 'yes',
    'cluster-node-timeout': '2000',
    'enable-debug-command': 'local',
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
  }
  return { port, busPort, folder, child: await launch(settings) }
}

/** Redis has no event for a whole cluster: the question itself, answered after its next gossip, is the wait. */
async function tick(port: number): Promise<void> {
  await command(port, ['DEBUG', 'SLEEP', '0.05'])
}

/** One command in Redis' own form, on a connection of its own. */
export async function command(port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const text = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')
  socket.write(`*${words.length}\r\n${text}`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  if (answer.toString().startsWith('-')) throw new Error(answer.toString().trim())
  return answer.toString()
}
