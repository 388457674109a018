// Where the time of sidecar and ledger goes: `node bench/profile.ts [STORE] [SECONDS] [CONNECTIONS]`, after `make bundle`.
// Prints the functions with the most time of their own, and leaves the profiles for a viewer.
import { globSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { formatTable } from '../cli/table.ts'
import { runLoad } from './load/wrk.ts'
import { measureRun } from './measures/rounds.ts'
import { Processes } from './processes.ts'
import { startJobcap } from './subjects/jobcap.ts'
import { startVendor } from './subjects/nginx.ts'

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
const folder = mkdtempSync(join(tmpdir(), 'jobcap-profile-'))
const processes = new Processes(folder)
try {
  const { part: vendor, port: vendorPort } = await startVendor(processes, folder)
  const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200']
  const subject = await startJobcap(
    { processes, folder, vendor, vendorPort },
    { name: 'p', store, hasTls: false, nodeFlags },
  )
  await runLoad({ ...subject, connections: 20, seconds: 2 })
  const run = await measureRun(subject, Number(connections), Number(seconds))
  for (const part of Object.values(subject.parts)) process.kill(part.pid, 'SIGTERM')
  await Promise.all(Object.values(subject.parts).map(({ ended }) => ended))
  for (const file of globSync(join(folder, '*.cpuprofile'))) show(file)
  console.log(
    JSON.stringify({
      ...run,
      cpuUs: Object.fromEntries(Object.entries(run.cpuUs).map(([k, v]) => [k, Math.round(v)])),
    }),
  )
} finally {
  processes.endAll()
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
