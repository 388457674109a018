// `make test`: mocha over the test files given, several processes side by side, since most tests wait for a process that
// they started. A line a test file as it ends, then what failed and what was skipped, and last `N passed, N failed`.
// `JOBS=1` runs one at a time.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Batch, batchesOf } from './batches.ts'
import { type Counts, Transcript } from './transcript.ts'
import { warmCompileCache } from './warm.ts'

const MOCHA = 'node_modules/mocha/bin/mocha.js'
/** One more than there are cores: a process that waits leaves its core to another. */
const jobs = Math.max(1, Number(process.env['JOBS']) || Math.min(availableParallelism() + 1, 8))
/** What is still to be read of a process that has ended; one that it left behind would hold its output open for ever. */
const DRAIN_MS = 2_000

const patterns = process.argv.slice(2)
const files = [...new Set(patterns.flatMap((pattern) => globSync(pattern)))]
const batches = batchesOf(files)

if (batches.length <= 1 || jobs === 1) {
  const [code] = (await once(
    spawn(process.execPath, [MOCHA, ...(files.length > 0 ? files : patterns)], { stdio: 'inherit' }),
    'exit',
  )) as [number | null]
  process.exit(code ?? 1)
}

await warmCompileCache()
const waiting = [...batches]
const all: Counts[] = []
const held: string[] = []
await Promise.all(Array.from({ length: jobs }, (_, lane) => workThrough(lane)))
for (const line of held) console.log(line)
const sum = (key: keyof Counts) => all.reduce((total, counts) => total + counts[key], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') === 0 ? 0 : 1

async function workThrough(lane: number): Promise<void> {
  for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) await run(batch, lane)
}

/** One mocha process over a batch; what it says beyond a line a file is kept for the end. */
async function run(batch: Batch, lane: number): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [MOCHA, ...batch.files], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // So that two of them are never given the same free port: tools/scene/free-port.ts.
    env: { ...process.env, PORT_LANE: String(lane) },
  })
  const transcript = new Transcript(batch.name)
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (transcript.take(line)) console.log(line)
    })
  }
  const closed = once(child, 'close')
  const [code] = (await once(child, 'exit')) as [number | null]
  await Promise.race([closed, sleep(DRAIN_MS, undefined, { ref: false })])
  child.stdout?.destroy()
  const { counts, kept } = transcript.end(code)
  all.push(counts)
  held.push(...kept)
}
