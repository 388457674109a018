import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Tally, Task } from './worker.ts'

const SEEDS_A_TASK = 10

export interface Search {
  readonly from: number
  readonly count: number
  /** No further task is given out after this; null: until all are done. */
  readonly untilMs: number | null
  readonly onTally: (tally: Tally) => void
}

/** Runs seeds in processes of their own, as many as there are cores. */
export async function searchSeeds({ from, count, untilMs, onTally }: Search): Promise<void> {
  let next = from
  const end = from + count
  const draw = (): Task | undefined => {
    if (next >= end || (untilMs !== null && performance.now() > untilMs)) return undefined
    const seeds = Array.from({ length: Math.min(SEEDS_A_TASK, end - next) }, (_, at) => next + at)
    next += seeds.length
    return { seeds }
  }
  const processes = Math.min(availableParallelism(), Math.ceil(count / SEEDS_A_TASK))
  await Promise.all(Array.from({ length: processes }, () => runWorker(draw, onTally)))
}

async function runWorker(draw: () => Task | undefined, onTally: (tally: Tally) => void): Promise<void> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  try {
    for (let task = draw(); task !== undefined; task = draw()) onTally(await ask(child, task))
  } finally {
    child.kill()
  }
}

function ask(child: ChildProcess, task: Task): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`a worker ended with ${code} at ${task.seeds.join(', ')}`))
    child.once('exit', onExit)
    child.once('message', (tally: Tally) => {
      child.off('exit', onExit)
      resolve(tally)
    })
    child.send(task)
  })
}
