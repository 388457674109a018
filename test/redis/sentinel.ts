import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../tools/scene/free-port.ts'
import { command } from './cluster.ts'
import { end, launch, type RedisServer, startRedis } from './redis-server.ts'

/** One primary, two replicas, and three sentinels that watch over them. */
export interface SentinelGroup {
  /** For `jobcap ledger --store`. */
  readonly url: string
  readonly primary: RedisServer
  readonly replicas: readonly RedisServer[]
  /** From now on the replicas are told nothing, and do not know it: what is acknowledged now is lost with the primary. */
  cutReplication(): Promise<void>
  /** SIGKILL of the primary; resolves with the port that the sentinels name from then on. */
  failOver(): Promise<number>
  stop(): Promise<void>
}

const MASTER = 'jobcap'
const SENTINELS = 3
const QUORUM = 2
/** Sentinel's own clock stands still for 30 s when it was not run for 2 s, so nothing below that is safe on a full machine. */
const DOWN_AFTER_MS = 2_000

export async function startSentinelGroup(): Promise<SentinelGroup> {
  const primary = await startRedis()
  const settings = { replicaof: `127.0.0.1 ${primary.port}`, 'repl-diskless-sync-delay': '0' }
  const replicas = await Promise.all([1, 2].map(() => startRedis({ settings })))
  for (const { port } of replicas) await until(port, ['INFO', 'replication'], 'master_link_status:up')
  const sentinels = await Promise.all(Array.from({ length: SENTINELS }, () => startSentinel(primary.port)))
  const known = [`num-slaves\r\n$1\r\n${replicas.length}`, `num-other-sentinels\r\n$1\r\n${SENTINELS - 1}`]
  for (const { port } of sentinels) {
    for (const part of known) await until(port, ['SENTINEL', 'MASTER', MASTER], part)
  }
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${MASTER}`,
    primary,
    replicas,
    async cutReplication() {
      for (const replica of replicas) replica.freeze()
      await command(primary.port, ['CLIENT', 'KILL', 'TYPE', 'replica'])
      await until(primary.port, ['INFO', 'replication'], 'connected_slaves:0')
    },
    async failOver() {
      await primary.kill()
      for (const replica of replicas) replica.thaw()
      return nextPrimary(sentinels[0]?.port ?? 0, primary.port)
    },
    async stop() {
      for (const { child, folder } of sentinels) {
        await end(child)
        rmSync(folder, { recursive: true, force: true })
      }
      for (const redis of [...replicas, primary]) await redis.stop()
    },
  }
}

async function startSentinel(primaryPort: number): Promise<{ port: number; folder: string; child: ChildProcess }> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-sentinel-'))
  const port = await freePort()
  const file = join(folder, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    `dir ${folder}`,
    `sentinel monitor ${MASTER} 127.0.0.1 ${primaryPort} ${QUORUM}`,
    `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${MASTER} 10000`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return { port, folder, child: await launch({}, { files: [file, '--sentinel'], awaited: '+monitor master' }) }
}

/** Sentinel answers each question from what it knows by then: the question itself, asked again, is the wait. */
async function until(port: number, words: readonly string[], part: string): Promise<void> {
  while (!(await command(port, words)).includes(part));
}

async function nextPrimary(sentinelPort: number, before: number): Promise<number> {
  for (;;) {
    const told = await command(sentinelPort, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER])
    const port = Number(/\r\n([0-9]+)\r\n$/.exec(told)?.[1])
    if (port !== before && (await isMaster(port))) return port
  }
}

async function isMaster(port: number): Promise<boolean> {
  return (await command(port, ['ROLE'])).includes('\r\nmaster\r\n')
}
