/** The kubelet's way: the first restart at once, then after base, twice base, … */
export function restartDelayMs(restartsSoFar: number, baseMs: number): number {
  if (restartsSoFar === 0) return 0
  return Math.min(baseMs * 2 ** (restartsSoFar - 1), LONGEST_RESTART_DELAY_MS)
}

/** Kubernetes' own ceiling, five minutes. */
const LONGEST_RESTART_DELAY_MS = 300_000
