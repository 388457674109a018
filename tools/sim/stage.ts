import type { Chance } from './chance.ts'
import type { Faults } from './faults.ts'
import type { Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

/** What every part of the simulation stands on. */
export interface Stage {
  readonly seed: number
  /** Wall clock at the beginning. */
  readonly startMs: number
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly faults: Faults
  /** How long the next hop of whoever draws takes: mostly short, seldom very long. */
  delayMs(chance: Chance): number
  /** The store is away for a moment, and back without what it wrote last. */
  onStoreRestart(how: { readonly awayMs: number; readonly losesMs: number }): void
  /** The product has logged a fault. */
  onLoggedFault(message: string, fault: unknown): void
}
