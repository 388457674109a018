// What the sidecar costs a Pod: its start and its memory while idle, beside an empty HTTP server's, in interleaved
// rounds. `make bundle` first; then `node tools/measure/main.ts [ROUNDS]`.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatTable } from '../../cli/table.ts'

const EMPTY_SERVER = "require('node:http').createServer((q, s) => s.end()).listen(process.env.JOBCAP_PORT, '127.0.0.1')"
const PROXY = 'dist/jobcap-proxy.cjs'
/** As local Pods start it. */
const LEAN = ['--max-semi-space-size=1']
const SUBJECTS = [
  { name: 'empty node:http server', args: ['-e', EMPTY_SERVER] },
  { name: 'sidecar', args: [PROXY] },
  { name: 'sidecar, small young generation', args: [...LEAN, PROXY] },
  { name: 'sidecar, also --no-maglev', args: [...LEAN, '--no-maglev', PROXY] },
] as const
/** Long enough for the first collections to have passed. */
const IDLE_MS = 3_000

interface Figures {
  readonly startMs: number
  readonly idleMib: number
}

async function measure(args: readonly string[]): Promise<Figures> {
  const stateDir = mkdtempSync(join(tmpdir(), 'jobcap-measure-'))
  const port = await freePort()
  const begunMs = performance.now()
  const child = spawn(process.execPath, args, {
    stdio: 'ignore',
    env: {
      JOBCAP_PORT: String(port),
      JOBCAP_STATE_DIR: stateDir,
      JOBCAP_TOKEN_FILE: join(stateDir, 'token'),
      JOBCAP_TERMINATION_LOG: join(stateDir, 'message'),
      JOBCAP_LEDGER_URL: `unix:${join(stateDir, 'ledger.sock')}`,
    },
  })
  while (!(await isOpen(port))) await sleep(1)
  const startMs = performance.now() - begunMs
  await sleep(IDLE_MS)
  const idleMib = residentMib(child)
  child.kill('SIGKILL')
  rmSync(stateDir, { recursive: true })
  return { startMs, idleMib }
}

function residentMib(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
}

const rounds = Number(process.argv[2] ?? 7)
const figures = SUBJECTS.map((): Figures[] => [])
for (let round = 0; round < rounds; round += 1) {
  for (const [at, { args }] of SUBJECTS.entries()) figures[at]?.push(await measure(args))
}
const baseMs = median((figures[0] ?? []).map(({ startMs }) => startMs))
const rows = SUBJECTS.map(({ name }, at) => {
  const startMs = median((figures[at] ?? []).map((one) => one.startMs))
  const idleMib = median((figures[at] ?? []).map((one) => one.idleMib))
  return [name, startMs.toFixed(0), (startMs / baseMs).toFixed(2), idleMib.toFixed(1)]
})
process.stdout.write(formatTable(['', 'start ms', '÷ empty', 'idle MiB'], rows))
