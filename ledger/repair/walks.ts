import type { Log } from '../../runtime/log.ts'
import type { Timers } from '../../runtime/timers.ts'

/** Something that is walked over again and again; walks do not overlap. */
export interface Walks {
  /** One walk, or the one under way. Never rejects: a fault is logged, and the next walk tries again. */
  walk(): Promise<void>
  /** Lets the walk under way end and starts no other. */
  stop(): Promise<void>
}

export interface WalksOptions {
  readonly timers: Timers
  readonly log: Log
  readonly everyMs: number
  /** What is said in the log when a walk fails. */
  readonly failed: string
  /** `isStopped`: a long walk is to end early. */
  walk(isStopped: () => boolean): Promise<void>
}

export function createWalks({ timers, log, everyMs, failed, walk }: WalksOptions): Walks {
  let isStopped = false
  let walking: Promise<void> | undefined

  function start(): Promise<void> {
    walking ??= walk(() => isStopped)
      .catch((fault) => log.error({ err: fault }, failed))
      .finally(() => {
        walking = undefined
      })
    return walking
  }

  const cancel = timers.every(everyMs, () => void start())
  return {
    walk: start,
    async stop() {
      isStopped = true
      cancel()
      await walking
    },
  }
}
