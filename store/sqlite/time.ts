import type { Clock } from '../../runtime/clock.ts'
import type { StoreTime } from '../rules/tables.ts'

/** The store's time: the wall clock, but never behind what was once written; leases on the monotonic clock. */
export function storeClock(clock: Clock, start: { readonly boot: string; readonly lastAtMs: number }): () => StoreTime {
  let latestMs = start.lastAtMs
  return () => {
    latestMs = Math.max(latestMs, clock.nowMs())
    return { nowMs: latestMs, day: dayOf(latestMs), monotonicMs: clock.monotonicMs(), boot: start.boot }
  }
}

/** UTC day of a moment, `2026-11-22`. */
function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}
