import { join } from 'node:path'
import { freePort } from '../../tools/scene/free-port.ts'
import { runLoad } from '../load/wrk.ts'
import { startJobcap } from '../subjects/jobcap.ts'
import { LIKE_ITS_PEERS, startRedis } from '../subjects/redis.ts'
import { CHARGE, type Ground, type Subject } from '../subjects/subject.ts'
import { StoreUnderLoad } from './redis-pairs.ts'
import { measureRun } from './rounds.ts'

const SLOW_VENDOR = join(import.meta.dirname, '../baseline/slow-vendor.mjs')
const SLOW_MS = 2_000
const SLOW_CALLS_AT_ONCE = 500
const PAIRS = 2_000
const KEYS = [1, 100, 10_000]
const BODY_KIB = [1, 16, 256, 1_000]
/** On a busy machine the first answers to large bodies take longer than a short window. */
const BODY_SECONDS = 5

/** One line: what grew, how large it was, what that came to. */
export interface GrowthRow {
  readonly what: string
  readonly size: string
  readonly measured: string
}

export interface GrowthPlan {
  readonly seconds: number
  /** Records that the store is filled to, in steps of ten. */
  readonly mostRecords: number
  /** Calls after which memory is looked at. */
  readonly memoryCalls: number
}

/** How the cost of a call grows with what there is already, with the caps, with the body, with the time a vendor takes. */
export async function measureGrowth(
  ground: Ground,
  plan: GrowthPlan,
  onProgress: (text: string) => void,
): Promise<GrowthRow[]> {
  onProgress('growth: keys, caps, records')
  const rows = await storeRows(ground, plan)
  onProgress('growth: bodies')
  const subject = await startOver(ground, 'growth', ground.vendorPort)
  rows.push(...(await bodyRows(subject, plan)))
  onProgress(`growth: memory over ${plan.memoryCalls} calls`)
  rows.push(...(await memoryRows(subject, plan)))
  onProgress(`growth: a vendor that takes ${SLOW_MS / 1000} s`)
  rows.push(await slowRow(ground))
  return rows
}

/** CPU that Redis takes for a reservation and its settlement, by what is in it. */
async function storeRows(ground: Ground, { mostRecords }: GrowthPlan): Promise<GrowthRow[]> {
  const rows: GrowthRow[] = []
  const store = await StoreUnderLoad.open(ground, 'growth-store')
  const pods = [await store.admit('growth-0')]
  await store.pairUs(pods, PAIRS, 1)
  const add = (what: string, size: number, us: number) =>
    rows.push({ what, size: String(size), measured: `Redis CPU µs a pair: ${us.toFixed(0)}` })
  for (const levels of [0, 1, 2, 3]) add('cap levels', levels + 1, await store.pairUs(pods, PAIRS, levels))
  for (const keys of KEYS) {
    while (pods.length < keys) pods.push(await store.admit(`growth-${pods.length}`))
    add('open keys', keys, await store.pairUs(pods, PAIRS, 1))
  }
  await store.close()
  const filled = await StoreUnderLoad.open(ground, 'growth-records')
  const one = [await filled.admit('records')]
  for (let records = 0, step = 1_000; step <= mostRecords; step *= 10) {
    await filled.pairUs(one, Math.max(1, step - records - PAIRS), 1)
    add('records of a run', step, await filled.pairUs(one, PAIRS, 1))
    records = Math.max(step, records + PAIRS)
  }
  await filled.close()
  return rows
}

async function bodyRows(subject: Subject, { seconds }: GrowthPlan): Promise<GrowthRow[]> {
  const rows: GrowthRow[] = []
  for (const kib of BODY_KIB) {
    const shape = { ...subject.shape, padding: kib * 1024 - CHARGE.body.length }
    const { callsPerSecond, cpuUs } = await measureRun({ ...subject, shape }, 20, Math.max(seconds, BODY_SECONDS))
    const cpu = ['sidecar', 'ledger', 'redis'].map((part) => `${part} ${(cpuUs[part] ?? 0).toFixed(0)}`).join(', ')
    rows.push({
      what: 'body',
      size: `${kib} KiB`,
      measured: `${callsPerSecond.toFixed(0)} calls/s; CPU µs a call: ${cpu}`,
    })
  }
  return rows
}

async function memoryRows(subject: Subject, { memoryCalls }: GrowthPlan): Promise<GrowthRow[]> {
  const rows: GrowthRow[] = []
  let calls = 0
  for (const share of [0.25, 0.5, 1]) {
    while (calls < memoryCalls * share) calls += (await runLoad({ ...subject, connections: 20, seconds: 1 })).calls
    const mib = ['sidecar', 'ledger'].map((part) => `${part} ${subject.parts[part]?.residentMib().toFixed(0)} MiB`)
    rows.push({ what: 'calls made', size: String(calls), measured: mib.join(', ') })
  }
  return rows
}

async function slowRow(ground: Ground): Promise<GrowthRow> {
  const port = await freePort()
  const args = [SLOW_VENDOR, String(port), String(SLOW_MS)]
  const vendor = ground.processes.start({ name: 'slow-vendor', command: process.execPath, args })
  await ground.processes.untilOpen(vendor, port)
  const subject = await startOver(ground, 'slow', port)
  const { calls, p50Us, p99Us } = await runLoad({ ...subject, connections: SLOW_CALLS_AT_ONCE, seconds: 10 })
  const [p50, p99] = [p50Us, p99Us].map((us) => (us / 1e6).toFixed(2))
  const mib = ['sidecar', 'ledger'].map((part) => `${part} ${subject.parts[part]?.residentMib().toFixed(0)} MiB`)
  return {
    what: `vendor of ${SLOW_MS / 1000} s`,
    size: `${SLOW_CALLS_AT_ONCE} at once`,
    measured: `${calls} calls, p50 ${p50} s, p99 ${p99} s, ${mib.join(', ')}`,
  }
}

async function startOver(ground: Ground, name: string, vendorPort: number): Promise<Subject> {
  const { part, port } = await startRedis(ground, `${name}-redis`, 'everysec')
  return startJobcap(
    { ...ground, vendorPort },
    {
      name,
      store: `redis://127.0.0.1:${port}`,
      hasTls: false,
      ledgerFlags: ['--initialise', ...LIKE_ITS_PEERS],
      storeParts: { redis: part },
    },
  )
}
