import type { Chance } from '../chance.ts'
import { drawAroundRecovery, drawWords } from './draw-losses.ts'
import type { Draw } from './focus.ts'
import type { Act } from './plan.ts'

/** While the store is made anew from the journals, or when one of them is needed that is not there yet. Redis loses nothing more. */
export const drawAnewFaults: Draw = (chance) => drawAroundRecovery(chance, () => null)

/**
 * Redis' disk is lost in mid-run, and shortly before it a person may have said something; or what is youngest is lost.
 * A Pod may end soon after.
 */
export function drawAnewActs(chance: Chance, intendedUsd: number): Act[] {
  const atMs = chance.pick([1, 10]) * chance.between(15, 300)
  const lost: Act[] = chance.is(0.7)
    ? [
        { kind: 'store made anew', atMs, forMs: chance.pick([50, 3_000, 15_000]), isRestart: chance.is(0.7) },
        ...drawWords(chance, { intendedUsd, firstMs: atMs }),
      ]
    : [{ kind: 'store restart', atMs, awayMs: 50, losesMs: chance.pick([300, 2_000, 5_000]) }]
  const endMs = atMs + chance.between(10, 20_000)
  return chance.is(0.3) ? [...lost, { kind: 'kill pod', atMs: endMs, index: chance.below(2) }] : lost
}
