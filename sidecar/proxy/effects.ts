import type { BodyRoom } from '../../runtime/body-room.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/log.ts'
import type { Random } from '../../runtime/random.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { SidecarFiles } from '../files.ts'
import type { LedgerLink } from '../ledger-link.ts'
import type { Passthrough } from './passthrough.ts'

/** All that a call's journey through the sidecar waits for or learns from outside. Made in `main.ts`. */
export interface SidecarEffects {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly files: SidecarFiles
  readonly ledger: LedgerLink
  readonly passthrough: Passthrough
  readonly log: Log
  /** What the process's memory leaves for the bodies of calls in flight. */
  readonly bodies: BodyRoom
}
