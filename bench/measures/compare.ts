import { runLoad } from '../load/wrk.ts'
import { startJobcap } from '../subjects/jobcap.ts'
import { startNaive } from '../subjects/naive.ts'
import { startTwoNginx } from '../subjects/nginx.ts'
import { startPortkey } from '../subjects/portkey.ts'
import { LIKE_ITS_PEERS, startRedis } from '../subjects/redis.ts'
import { CHARGE, type Ground, type Subject } from '../subjects/subject.ts'
import { type Entrant, overRounds, type Round, type RoundsPlan, runRounds } from './rounds.ts'

/** Calls after which a sidecar's memory is looked at. */
const MEMORY_CALLS = 10_000

export interface Compared {
  readonly rounds: readonly Round[]
  readonly figures: Readonly<Record<string, number>>
}

/** The whole path and its peers, in interleaved rounds. */
export async function compare(ground: Ground, plan: RoundsPlan, onProgress: (text: string) => void): Promise<Compared> {
  const direct: Subject = {
    name: 'the vendor itself',
    url: `http://127.0.0.1:${ground.vendorPort}`,
    shape: CHARGE,
    parts: { vendor: ground.vendor },
  }
  const sqlite = await startJobcap(ground, {
    name: 'jobcap, SQLite',
    store: 'sqlite:ledger.db',
    hasTls: false,
  })
  const comparison = await startOverRedis(ground, { name: 'jobcap', fsync: 'everysec', hasTls: false })
  const withTls = await startOverRedis(ground, { name: 'jobcap, TLS', fsync: 'everysec', hasTls: true })
  const shipped = await startOverRedis(ground, { name: 'jobcap as it ships', fsync: 'always', hasTls: true })
  const after10kMib = await memoryAfterCalls(comparison, onProgress)
  const entrants: Entrant[] = [
    { key: 'direct', subject: direct, connections: [1, 20] },
    { key: 'two_nginx', subject: await startTwoNginx(ground), connections: [1, 20] },
    { key: 'jobcap', subject: comparison, connections: [1, 20] },
    { key: 'tls', subject: withTls, connections: [20] },
    { key: 'shipped', subject: shipped, connections: [1, 20] },
    { key: 'sqlite', subject: sqlite, connections: [20] },
    { key: 'naive', subject: await startNaive(ground), connections: [1, 20] },
    { key: 'portkey', subject: await startPortkey(ground), connections: [20] },
  ]
  const rounds = await runRounds(entrants, plan, onProgress)
  return { rounds, figures: { sidecar_after_10k_mib: after10kMib, ...figuresOf(rounds) } }
}

async function startOverRedis(
  ground: Ground,
  { name, fsync, hasTls }: { readonly name: string; readonly fsync: 'everysec' | 'always'; readonly hasTls: boolean },
): Promise<Subject> {
  const { part, port } = await startRedis(ground, `redis of ${name}`.replaceAll(/[^a-z]+/g, '-'), fsync)
  const store = `redis://127.0.0.1:${port}`
  const durability = fsync === 'always' ? ['--journal', 'journal'] : LIKE_ITS_PEERS
  const ledgerFlags = ['--initialise', ...durability]
  return startJobcap(ground, { name, store, hasTls, ledgerFlags, storeParts: { redis: part } })
}

/** Of a sidecar that has just started. */
async function memoryAfterCalls(subject: Subject, onProgress: (text: string) => void): Promise<number> {
  onProgress(`a sidecar's memory after ${MEMORY_CALLS} calls`)
  for (let calls = 0; calls < MEMORY_CALLS; )
    calls += (await runLoad({ ...subject, connections: 20, seconds: 1 })).calls
  return subject.parts['sidecar']?.residentMib() ?? Number.NaN
}

function figuresOf(rounds: readonly Round[]): Record<string, number> {
  const ratio = (one: string, other: string) =>
    overRounds(rounds, (run) => run(`${one} c20`).callsPerSecond / run(`${other} c20`).callsPerSecond)
  const added = (one: string, which: 'p50Us' | 'p99Us') =>
    overRounds(rounds, (run) => (run(`${one} c1`)[which] - run('direct c1')[which]) / run('direct c1').p50Us)
  const cpuOverHop = (part: string) =>
    overRounds(rounds, (run) => {
      const { outer = Number.NaN, inner = Number.NaN } = run('two_nginx c20').cpuUs
      return (run('jobcap c20').cpuUs[part] ?? Number.NaN) / ((outer + inner) / 2)
    })
  const addedMs = (which: 'p50Us' | 'p99Us') =>
    overRounds(rounds, (run) => (run('jobcap c1')[which] - run('direct c1')[which]) / 1000)
  return {
    ratio_two_nginx_c20: ratio('jobcap', 'two_nginx'),
    added_p50_over_direct_c1: added('jobcap', 'p50Us'),
    added_p99_over_direct_p50_c1: added('jobcap', 'p99Us'),
    cpu_sidecar_over_nginx: cpuOverHop('sidecar'),
    cpu_ledger_over_nginx: cpuOverHop('ledger'),
    cpu_redis_over_nginx: cpuOverHop('redis'),
    ratio_portkey_c20: ratio('jobcap', 'portkey'),
    tls_cost_percent: overRounds(
      rounds,
      (run) => (1 - run('tls c20').callsPerSecond / run('jobcap c20').callsPerSecond) * 100,
    ),
    shipped_ratio_two_nginx_c20: ratio('shipped', 'two_nginx'),
    shipped_added_p50_over_direct_c1: added('shipped', 'p50Us'),
    ratio_naive_c20: ratio('jobcap', 'naive'),
    sqlite_ratio_two_nginx_c20: ratio('sqlite', 'two_nginx'),
    calls_per_s_c20: overRounds(rounds, (run) => run('jobcap c20').callsPerSecond),
    added_p50_ms_c1: addedMs('p50Us'),
    added_p99_ms_c1: addedMs('p99Us'),
  }
}
