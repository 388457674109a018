import type { Chance } from '../chance.ts'
import { drawLoss, drawWords, IN_RECOVERY } from './draw-losses.ts'
import type { Draw } from './focus.ts'
import type { Act, Fault } from './plan.ts'

/** A call is out while the store is emptied; or somebody dies in the midst of it. */
export const drawPutBackFaults: Draw = (chance) => {
  const slow: Fault = { kind: 'vendor', nth: chance.pick([1, 1, 2]), how: 'slow', byMs: chance.pick([3_000, 9_000]) }
  const place = chance.pick([...IN_RECOVERY, 'vendor.send', 'vendor.answer', 'store.report'] as const)
  const crash: Fault = {
    ...{ kind: 'crash', part: 'ledger', place, when: chance.pick(['before', 'after'] as const) },
    ...{ nth: 1 + chance.below(8), downMs: chance.pick([10, 3_000, 12_000]), storeLosesMs: drawLoss(chance) },
  }
  return chance.pick<Fault[]>([[], [slow], [crash], [slow, crash]])
}

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
