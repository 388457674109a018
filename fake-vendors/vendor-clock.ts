import type { Clock } from '../runtime/clock.ts'

/** The vendor's own idea of the time, which a test may move forward: keys expire by it and objects are dated by it. */
export interface VendorClock {
  nowMs(): number
  advance(byMs: number): void
}

export function movableClock(clock: Clock): VendorClock {
  let aheadMs = 0
  return {
    nowMs: () => clock.nowMs() + aheadMs,
    advance: (byMs) => {
      aheadMs += byMs
    },
  }
}
