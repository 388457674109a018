import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LEAN_NODE } from '../../cli/run/pod-parts.ts'
import { freePort } from '../../tools/scene/free-port.ts'
import { LEAN_MALLOC } from '../../webhook/plan.ts'
import { median } from '../figures.ts'
import { isOpen } from '../processes.ts'
import { PROXY_BUNDLE } from '../subjects/jobcap.ts'
import type { Ground } from '../subjects/subject.ts'

const EMPTY_SERVER = "require('node:http').createServer((q, s) => s.end()).listen(process.env.JOBCAP_PORT, '127.0.0.1')"
/** Long enough for the first collections to have passed. */
const IDLE_MS = 3_000

interface Start {
  readonly startMs: number
  readonly idleMib: number
}

/** What a sidecar costs a Pod before its first call, beside an empty HTTP server's start. */
export interface StartFigures {
  readonly startOverEmptyNode: number
  readonly idleMib: number
}

export async function measureStarts(ground: Ground, rounds: number): Promise<StartFigures> {
  const empty: Start[] = []
  const sidecar: Start[] = []
  for (let round = 0; round < rounds; round += 1) {
    empty.push(await start(ground, `empty-${round}`, ['-e', EMPTY_SERVER]))
    sidecar.push(await start(ground, `idle-sidecar-${round}`, [...LEAN_NODE, PROXY_BUNDLE]))
  }
  return {
    startOverEmptyNode: median(sidecar.map(({ startMs }, at) => startMs / (empty[at]?.startMs ?? Number.NaN))),
    idleMib: median(sidecar.map(({ idleMib }) => idleMib)),
  }
}

async function start({ processes, folder }: Ground, name: string, args: readonly string[]): Promise<Start> {
  const port = await freePort()
  const stateDir = join(folder, name)
  mkdirSync(stateDir)
  const env = {
    ...LEAN_MALLOC,
    JOBCAP_PORT: String(port),
    JOBCAP_STATE_DIR: stateDir,
    JOBCAP_TOKEN_FILE: join(stateDir, 'token'),
    JOBCAP_TERMINATION_LOG: join(stateDir, 'message'),
    JOBCAP_LEDGER_URL: 'http://127.0.0.1:9',
  }
  const begunMs = performance.now()
  const part = processes.start({ name, command: process.execPath, args, env })
  await processes.until(part, () => isOpen(port))
  const startMs = performance.now() - begunMs
  await sleep(IDLE_MS)
  const idleMib = part.residentMib()
  processes.end(part)
  return { startMs, idleMib }
}
