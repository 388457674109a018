/** The door to time. Everything else takes a `Clock` as a parameter, so that tests and the simulator can move it. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump when a person or NTP sets it. */
  nowMs(): number
  /** Milliseconds since an arbitrary start; never goes back. For leases and deadlines. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}
