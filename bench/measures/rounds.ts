import { median } from '../figures.ts'
import { type LoadResult, runLoad } from '../load/wrk.ts'
import type { Part } from '../processes.ts'
import type { Subject } from '../subjects/subject.ts'

/** One run of load against one subject. */
export interface Run extends LoadResult {
  /** CPU microseconds a call, of each of the subject's processes. */
  readonly cpuUs: Readonly<Record<string, number>>
}

/** What is run in every round: `c20` for calls a second and CPU, `c1` for latencies. */
export interface Entrant {
  readonly key: string
  readonly subject: Subject
  readonly connections: readonly number[]
}

export interface RoundsPlan {
  readonly rounds: number
  readonly seconds: number
  /** Before the first round, so that compilers have done their work. */
  readonly warmUpSeconds: number
}

/** One round: runs by entrant and connections, `jobcap c20`. */
export type Round = Readonly<Record<string, Run>>

export async function runRounds(
  entrants: readonly Entrant[],
  { rounds, seconds, warmUpSeconds }: RoundsPlan,
  onProgress: (text: string) => void,
): Promise<Round[]> {
  for (const { key, subject } of entrants) {
    onProgress(`warming up ${key}`)
    await runLoad({ ...subject, connections: 20, seconds: warmUpSeconds })
  }
  const done: Round[] = []
  for (let round = 0; round < rounds; round += 1) {
    const runs: Record<string, Run> = {}
    // Another first one each time: what runs after what must not matter.
    const turned = entrants.map((_, at) => entrants[(at + round) % entrants.length]).filter((one) => one !== undefined)
    for (const { key, subject, connections } of turned) {
      for (const count of connections) {
        onProgress(`round ${round + 1} of ${rounds}: ${key}, ${count} at once`)
        runs[`${key} c${count}`] = await measureRun(subject, count, seconds)
      }
    }
    done.push(runs)
  }
  return done
}

export async function measureRun(subject: Subject, connections: number, seconds: number): Promise<Run> {
  const before = cpuOf(subject.parts)
  const result = await runLoad({ ...subject, connections, seconds })
  const after = cpuOf(subject.parts)
  const names = Object.keys(subject.parts)
  const cpuUs = Object.fromEntries(
    names.map((name) => [name, (((after[name] ?? 0) - (before[name] ?? 0)) * 1e6) / result.calls]),
  )
  return { ...result, cpuUs }
}

/** The median over the rounds of something computed inside each; `NaN` when a round lacks what it takes. */
export function overRounds(rounds: readonly Round[], compute: (run: (key: string) => Run) => number): number {
  return median(
    rounds.map((round) =>
      compute((key) => {
        const run = round[key]
        if (run === undefined) throw new Error(`bench: no run ${key}`)
        return run
      }),
    ),
  )
}

function cpuOf(parts: Readonly<Record<string, Part>>): Record<string, number> {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.cpuSeconds()]))
}
