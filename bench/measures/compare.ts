import { runLoad } from '../load/wrk.ts'
import { startJobcap } from '../subjects/jobcap.ts'
import { startNaive } from '../subjects/naive.ts'
import { startTwoNginx } from '../subjects/nginx.ts'
import { startPortkey } from '../subjects/portkey.ts'
import { CHARGE, type Ground, type Subject } from '../subjects/subject.ts'
import { type Entrant, hasRun, overRounds, type Round, type RoundsPlan, runRounds } from './rounds.ts'

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
  const after10kMib = await memoryAfterCalls(sqlite, onProgress)
  const entrants: Entrant[] = [
    { key: 'direct', subject: direct, connections: [1, 20] },
    { key: 'two_nginx', subject: await startTwoNginx(ground), connections: [1, 20] },
    { key: 'sqlite', subject: sqlite, connections: [1, 20] },
    { key: 'naive', subject: await startNaive(ground), connections: [1, 20] },
    { key: 'portkey', subject: await startPortkey(ground), connections: [20] },
  ]
  const rounds = await runRounds(entrants, plan, onProgress)
  return { rounds, figures: { sidecar_after_10k_mib: after10kMib, ...figuresOf(rounds) } }
}

/** Of a sidecar that has just started. */
async function memoryAfterCalls(subject: Subject, onProgress: (text: string) => void): Promise<number> {
  onProgress(`a sidecar's memory after ${MEMORY_CALLS} calls`)
  for (let calls = 0; calls < MEMORY_CALLS; )
    calls += (await runLoad({ ...subject, connections: 20, seconds: 1 })).calls
  return subject.parts['sidecar']?.residentMib() ?? Number.NaN
}

function figuresOf(rounds: readonly Round[]): Record<string, number> {
  const ours = hasRun(rounds, 'jobcap c20') ? 'jobcap' : 'sqlite'
  const ratioTo = (other: string, one = ours) =>
    overRounds(rounds, (run) => run(`${one} c20`).callsPerSecond / run(`${other} c20`).callsPerSecond)
  return {
    sqlite_ratio_two_nginx_c20: ratioTo('two_nginx', 'sqlite'),
    ratio_naive_c20: ratioTo('naive'),
    ratio_portkey_c20: ratioTo('portkey'),
    naive_ratio_two_nginx_c20: ratioTo('two_nginx', 'naive'),
  }
}
