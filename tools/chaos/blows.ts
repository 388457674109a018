import type { RunEvent } from '../../cli/run/events.ts'
import type { RedisServer } from '../../test/redis/redis-server.ts'
import type { FakeStripe } from '../scene/fake-stripe.ts'
import type { JobcapRun } from '../scene/jobcap-run.ts'
import type { KeptLedger } from './ledgers.ts'
import type { Blow } from './plan.ts'

const LOOK_EVERY_MS = 20
const CONTAINERS = { app: 'bill', sidecar: 'jobcap-proxy' } as const

/** Whom blows can meet. */
export interface Cast {
  readonly run: JobcapRun
  readonly vendor: FakeStripe
  readonly ledgers: readonly KeptLedger[]
  /** Null: the store is no process of its own. */
  readonly redis: RedisServer | null
}

export interface Struck {
  readonly kills: number
  readonly stops: number
  /** What was done to whom, in order. */
  readonly story: readonly string[]
}

/** Deals the blows, each at its moment, until all are dealt or the run is over. */
export async function strike(cast: Cast, blows: readonly Blow[]): Promise<Struck> {
  const story: string[] = []
  let kills = 0
  let stops = 0
  let isRunOver = false
  const isOver = cast.run.ended.then(() => {
    isRunOver = true
    return true
  })
  const waking: Promise<void>[] = []
  for (const blow of blows) {
    const moment = cast.vendor.control.reached('effect', blow.afterCharges).then(() => false)
    if (await Promise.race([moment, isOver])) break
    await pause(blow.afterMs)
    const victim = await whenThere(cast, blow, () => isRunOver)
    if (victim === undefined) break
    const after = `after ${blow.afterCharges} charges`
    if (blow.stopMs === null) {
      if (!(await victim.kill())) continue
      kills += 1
      story.push(`SIGKILL ${victim.name} ${after}`)
    } else {
      if (!signal(victim.pid, 'SIGSTOP')) continue
      stops += 1
      story.push(`SIGSTOP ${victim.name} for ${blow.stopMs} ms ${after}`)
      waking.push(pause(blow.stopMs).then(() => void signal(victim.pid, 'SIGCONT')))
    }
  }
  await Promise.all(waking)
  return { kills, stops, story }
}

interface ChosenVictim {
  readonly name: string
  readonly pid: number
  /** False: it had ended before. */
  kill(): boolean | Promise<boolean>
}

/** Between two lives nobody is there to be met. Undefined: the run is over. */
async function whenThere(cast: Cast, blow: Blow, isOver: () => boolean): Promise<ChosenVictim | undefined> {
  while (!isOver()) {
    const victim = choose(cast, blow)
    if (victim !== undefined && signal(victim.pid, 0)) return victim
    await pause(LOOK_EVERY_MS)
  }
  return undefined
}

function choose({ run, ledgers, redis }: Cast, { victim, which }: Blow): ChosenVictim | undefined {
  switch (victim) {
    case 'app':
    case 'sidecar': {
      const running = runningContainers(run.events, CONTAINERS[victim])
      const chosen = running[which % running.length]
      return (
        chosen && { name: `${victim} of ${chosen.pod}`, pid: chosen.pid, kill: () => signal(chosen.pid, 'SIGKILL') }
      )
    }
    case 'ledger': {
      const at = which % ledgers.length
      const pid = ledgers[at]?.pid
      return pid === undefined ? undefined : { name: `ledger ${at + 1}`, pid, kill: () => signal(pid, 'SIGKILL') }
    }
    case 'redis': {
      if (redis === null) return undefined
      const { pid } = redis
      const kill = async () => {
        await redis.kill()
        await redis.restart()
        return true
      }
      return { name: 'redis', pid, kill }
    }
  }
}

function runningContainers(events: readonly RunEvent[], container: string) {
  const running = new Map<string, { readonly pod: string; readonly pid: number }>()
  for (const event of events) {
    if (event.event === 'container.started' && event.container === container) running.set(event.pod, event)
    if (event.event === 'container.ended' && event.container === container) running.delete(event.pod)
  }
  return [...running.values()]
}

/** False where there is no such process any more. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
