// Where the time of sidecar and ledger goes: `node bench/profile.ts [STORE] [SECONDS] [CONNECTIONS]`, after `make bundle`.
// STORE: `redis` (one of its own, in the comparison profile), `shipped` (the same with fsync at each write, journal and TLS),
// or the ledger's `--store` (default `sqlite:ledger.db`). NODE_FLAGS=none leaves the profiler out and measures alone.
// Prints the functions with the most time of their own, and leaves the profiles for a viewer; the last lines are CPU
// microseconds a call of each process, and the same in nginx hops of the same run.
import { globSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { formatTable } from '../cli/table.ts'
import { runLoad } from './load/wrk.ts'
import { measureRun } from './measures/rounds.ts'
import { Processes } from './processes.ts'
import { startJobcap } from './subjects/jobcap.ts'
import { startTwoNginx, startVendor } from './subjects/nginx.ts'
import { LIKE_ITS_PEERS, startRedis } from './subjects/redis.ts'
import type { Ground, Subject } from './subjects/subject.ts'

const SHOWN = 45

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const [store = 'sqlite:ledger.db', seconds = '5', connections = '20'] = process.argv.slice(2)
const isProfiled = process.env['NODE_FLAGS'] !== 'none'
const folder = mkdtempSync(join(tmpdir(), 'jobcap-profile-'))
const processes = new Processes(folder)
try {
  const { part: vendor, port: vendorPort } = await startVendor(processes, folder)
  const ground = { processes, folder, vendor, vendorPort }
  const nginx = await startTwoNginx(ground)
  const subject = await startSubject(ground)
  await runLoad({ ...subject, connections: 20, seconds: 2 })
  const run = await measureRun(subject, Number(connections), Number(seconds))
  const peer = await measureRun(nginx, Number(connections), 2)
  if (isProfiled) await endProfiled(subject)
  for (const file of globSync(join(folder, '*.cpuprofile'))) show(file)
  const { outer = Number.NaN, inner = Number.NaN } = peer.cpuUs
  const hopUs = (outer + inner) / 2
  const { cpuUs, ...load } = run
  const rounded = (by: number, digits: number) =>
    Object.fromEntries(Object.entries(cpuUs).map(([part, us]) => [part, Number((us / by).toFixed(digits))]))
  console.log(JSON.stringify({ ...load, overTwoNginx: Number((run.callsPerSecond / peer.callsPerSecond).toFixed(3)) }))
  console.log(JSON.stringify({ cpuUs: rounded(1, 0), nginxHopUs: Number(hopUs.toFixed(1)), hops: rounded(hopUs, 1) }))
} finally {
  processes.endAll()
}

async function startSubject(ground: Ground): Promise<Subject> {
  const nodeFlags = isProfiled ? ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200'] : []
  if (store !== 'redis' && store !== 'shipped')
    return startJobcap(ground, { name: 'p', store, hasTls: false, nodeFlags })
  const isShipped = store === 'shipped'
  const { part: redis, port } = await startRedis(ground, 'redis', isShipped ? 'always' : 'everysec')
  return startJobcap(ground, {
    ...{ name: 'p', store: `redis://127.0.0.1:${port}`, hasTls: isShipped, nodeFlags },
    ledgerFlags: ['--initialise', ...(isShipped ? ['--journal', 'journal'] : LIKE_ITS_PEERS)],
    storeParts: { redis },
  })
}

/** Node writes a profile when its process ends by itself. */
async function endProfiled({ parts }: Subject): Promise<void> {
  const { sidecar, ledger } = parts
  for (const part of [sidecar, ledger]) {
    if (part === undefined) continue
    process.kill(part.pid, 'SIGTERM')
    await part.ended
  }
}

function show(file: string): void {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const selfUs = new Map<string, number>()
  let totalUs = 0
  for (const [at, id] of samples.entries()) {
    const frame = frames.get(id)
    const us = timeDeltas[at] ?? 0
    if (frame === undefined || frame.functionName === '(idle)' || frame.functionName === '(program)') continue
    totalUs += us
    const name = `${frame.functionName || '(anonymous)'}  ${basename(frame.url)}:${frame.lineNumber + 1}`
    selfUs.set(name, (selfUs.get(name) ?? 0) + us)
  }
  const rows = [...selfUs].sort(([, left], [, right]) => right - left).slice(0, SHOWN)
  console.log(`\n${file}: ${(totalUs / 1e6).toFixed(2)} s of work`)
  console.log(
    formatTable(
      ['ms', '%', 'function'],
      rows.map(([name, us]) => [(us / 1000).toFixed(0), ((us * 100) / totalUs).toFixed(1), name]),
    ),
  )
}
