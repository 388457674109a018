import type { Clock } from '../../runtime/clock.ts'
import type { StoreTime } from '../rules/tables.ts'

/**
 * The store's time: the wall clock, but never behind what was once written, and never slower than the monotonic clock,
 * so that a wall clock set back does not stretch the time in which a vendor keeps a key. Leases on the monotonic clock.
 */
export function storeClock(clock: Clock, start: { readonly boot: string; readonly lastAtMs: number }): () => StoreTime {
  let latestMs = start.lastAtMs
  let latestMonotonicMs = clock.monotonicMs()
  return () => {
    const monotonicMs = clock.monotonicMs()
    latestMs = Math.max(latestMs + monotonicMs - latestMonotonicMs, clock.nowMs())
    latestMonotonicMs = monotonicMs
    const nowMs = Math.floor(latestMs)
    return { nowMs, day: dayOf(nowMs), monotonicMs, boot: start.boot }
  }
}

/** UTC day of a moment, `2026-11-22`. */
function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}
