import type { Clock } from '../runtime/clock.ts'
import type { Environment } from '../runtime/environment.ts'
import type { Log } from '../runtime/log.ts'
import type { Random } from '../runtime/random.ts'
import type { Timers } from '../runtime/timers.ts'

/** The doors of the process. */
export interface Doors {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly environment: Environment
  readonly log: Log
}
