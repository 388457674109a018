import type { Chance } from '../chance.ts'
import type { Draw } from './focus.ts'
import type { Act, Fault } from './plan.ts'

/** The first answer takes a while; then somebody has just sent, and is gone together with what the store knows of it. */
export const drawCopiedFaults: Draw = (chance) => {
  const slow: Fault = { kind: 'vendor', nth: 1, how: 'slow', byMs: chance.between(500, 18_000) }
  const place = chance.pick(['vendor.send', 'vendor.send', 'vendor.answer', 'disk.append', 'registry.enter'] as const)
  const crash: Fault = {
    ...{ kind: 'crash', part: 'ledger', place, when: 'after', nth: 1 + chance.below(place === 'vendor.send' ? 3 : 6) },
    ...{ downMs: chance.pick([100, 3_000, 12_000, 12_000]), storeLosesMs: chance.pick([null, 1, 6, 20, 5_000]) },
  }
  return chance.pick<Fault[]>([[slow], [crash], [crash, slow], [crash, slow]])
}

/** Journals are copied, and ledgers run over the copies; then the store loses something, and a Pod may ask again for what it lost. */
export function drawCopiedActs(chance: Chance): Act[] {
  const atMs = chance.is(0.5) ? chance.between(1, 400) : chance.between(5_100, 7_000)
  const nth = chance.below(2)
  const afterMs = chance.between(8_100, 18_000)
  const changed: Act = chance.is(0.5)
    ? { kind: 'copy journal', atMs, nth, diesForMs: chance.pick([null, null, 100, 5_000, 15_000]) }
    : { kind: 'old journal', atMs, nth, afterMs, downMs: chance.pick([10, 1_000]) }
  const lossMs = atMs + (changed.kind === 'old journal' ? afterMs : 8_000) + chance.between(50, 9_000)
  const losesMs = chance.pick([0, 20, 5_000, 19_000])
  return [
    changed,
    ...(chance.is(0.7) ? [{ kind: 'store restart', atMs: lossMs, awayMs: 50, losesMs } as const] : []),
    ...(chance.is(0.7) ? [{ kind: 'kill pod', atMs: lossMs + chance.between(10, 6_000), index: 0 } as const] : []),
  ]
}
