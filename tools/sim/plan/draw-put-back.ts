import type { Chance } from '../chance.ts'
import { drawAroundRecovery, drawLoss, drawWords } from './draw-losses.ts'
import type { Draw } from './focus.ts'
import type { Act } from './plan.ts'

/** Around the moment in which the store is replaced, or made whole again. */
export const drawPutBackFaults: Draw = (chance) => drawAroundRecovery(chance, drawLoss)

/** Long enough that each ledger that runs sees it empty, which it looks for every five seconds. */
const SEEN_EMPTY_MS = 6_000

/** Redis is replaced by a copy under the ledgers; a Pod may end soon after, and a person may have said something since the copy. */
export function drawPutBackActs(chance: Chance, intendedUsd: number): Act[] {
  const atMs = chance.pick([1, 10]) * chance.between(15, 600)
  const forMs = SEEN_EMPTY_MS + chance.pick([0, 1_000, 15_000])
  const lacksMs = chance.pick([0, 50, 300, 2_000, 5_500, 12_000])
  const endMs = atMs + chance.between(10, 20_000)
  return [
    { kind: 'store put back', atMs, forMs, lacksMs },
    ...drawWords(chance, { intendedUsd, firstMs: atMs }),
    ...(chance.is(0.5) ? [{ kind: 'kill pod', atMs: endMs, index: chance.below(2) } as const] : []),
  ]
}
