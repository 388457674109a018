import type { Chance } from '../chance.ts'
import { drawLoss } from './draw-losses.ts'
import type { Draw } from './focus.ts'
import type { Act, Fault } from './plan.ts'

/** Around a look at the settings, and while what was sent before it comes back. */
export const drawGateFaults: Draw = (chance) => {
  const nth = 1 + chance.below(6)
  const when = chance.pick(['before', 'after'] as const)
  const place = chance.pick(['store.settings', 'store.number', 'store.mark', 'vendor.send', 'store.report'] as const)
  const crash = { when, nth, downMs: chance.pick([10, 3_000]), storeLosesMs: drawLoss(chance) }
  const slow: Fault = { kind: 'vendor', nth: chance.pick([1, 1, 2]), how: 'slow', byMs: chance.pick([6_000, 14_000]) }
  return chance.pick<Fault[]>([
    [],
    [slow],
    [slow],
    [slow, { kind: 'crash', part: 'ledger', place, ...crash }],
    [{ kind: 'crash', part: 'ledger', place, ...crash }],
    [{ kind: 'pause', part: 'ledger', place, when, nth, forMs: chance.pick([500, 5_000, 15_000]) }],
  ])
}

/** Redis does not keep what it acknowledges for a while, or is emptied; and often it restarts in the midst of it. */
export function drawGateActs(chance: Chance): Act[] {
  const atMs = chance.pick([1, 10]) * chance.between(15, 300)
  const forMs = chance.pick([200, 3_000, 8_000, 15_000])
  if (chance.is(0.35)) return [{ kind: 'store emptied', atMs, forMs, isRestart: chance.is(0.5) }]
  const demand = chance.pick(['appendonly', 'appendonly', 'appendonly', 'appendfsync', 'noeviction', 'master'] as const)
  // As the ledgers find it when they start; or while calls are out.
  if (chance.is(0.25)) return [{ kind: 'store setting', atMs: 0, demand, forMs }]
  const wrong: Act = { kind: 'store setting', atMs, demand, forMs: Math.max(forMs, 3_000) }
  if (chance.is(0.4)) return [wrong]
  const restartMs = atMs + chance.pick([0.05, 1]) * chance.between(0, forMs)
  const restart = (ms: number, awayMs: number): Act => ({ kind: 'store restart', atMs: ms, awayMs, losesMs: 0 })
  if (chance.is(0.6)) return [wrong, restart(restartMs, chance.pick([20, 1_000]))]
  // And once more, while it is being looked at.
  return [restart(atMs, 20), restart(atMs + chance.between(50, 140), 20)]
}
