import type { Chance } from '../chance.ts'
import type { Fault } from './plan.ts'

/** Where a ledger may be while a store is made whole again. */
const IN_RECOVERY = [
  'disk.append',
  'disk.read',
  'registry.read',
  'registry.begin',
  'registry.tell slot',
  'store.merge standing',
  'store.merge',
  'registry.hand over',
  'registry.finish',
  'registry.next',
  'registry.enter',
] as const

export type Focus = 'none' | 'sidecar' | 'copies' | 'owners' | 'night' | 'rollback' | 'declines' | 'rivals'

type Draw = (chance: Chance) => Fault[]

/** Around the moment at which the app has read what nobody has written down yet. */
const drawSidecar: Draw = (chance) => {
  const place = chance.pick(['app.write', 'file.write', 'look'])
  const when = chance.pick(['before', 'after'] as const)
  const nth = 1 + chance.below(7)
  const downMs = chance.pick([1, 100])
  return [{ kind: 'crash', part: 'sidecar', place, when, nth, downMs, storeLosesMs: drawLoss(chance) }]
}

const drawCopies: Draw = (chance) =>
  Array.from({ length: chance.pick([1, 2, 3]) }, () => ({
    kind: 'link',
    nth: 2 + chance.below(8),
    how: chance.pick(['copy', 'copy', 'lose answer', 'late'] as const),
    byMs: chance.pick([30, 300, 2_000, 12_000]),
  }))

/** A call is out when the power fails, and nobody has its answer. */
const drawNight: Draw = (chance) => {
  const nth = 1 + chance.below(3)
  return [
    { kind: 'crash', part: 'ledger', place: 'vendor.send', when: 'after', nth, downMs: 12_000, storeLosesMs: null },
  ]
}

const drawRollback: Draw = (chance) => {
  if (chance.is(0.5)) return []
  const place = chance.pick(IN_RECOVERY)
  const when = chance.pick(['before', 'after'] as const)
  // The first ones are those of the start.
  const nth = 1 + chance.below(8)
  const downMs = chance.pick([10, 100, 3_000])
  return [{ kind: 'crash', part: 'ledger', place, when, nth, downMs, storeLosesMs: drawLoss(chance) }]
}

const drawDeclines: Draw = (chance) => {
  const how = chance.pick(['decline', 'decline', 'error, no effect'] as const)
  return [{ kind: 'vendor', nth: 1 + chance.below(4), how, byMs: 0 }]
}

/** Two of one content take turns at one number, and the sidecar dies before it has noted which of them read its answer. */
const drawRivals: Draw = (chance) => {
  const notNow: Fault[] = [1, 2].map((nth) => ({ kind: 'vendor', nth, how: 'too many', byMs: 0 }))
  // The first two answers say "not now"; the third or fourth is a success.
  const [place, nth] = [chance.pick(['app.write', 'app.write', 'look']), 3 + chance.below(2)]
  const downMs = chance.pick([1, 100])
  return [...notNow, { kind: 'crash', part: 'sidecar', place, when: 'after', nth, downMs, storeLosesMs: null }]
}

const drawOwners: Draw = (chance) => {
  const place = chance.pick(['store.number', 'store.mark', 'vendor.send', 'vendor.answer', 'store.report', 'any'])
  const nth = 1 + chance.below(4)
  const stands: Fault = { kind: 'pause', part: 'ledger', place, nth, forMs: chance.pick([11_000, 15_000, 40_000]) }
  const how = chance.pick(['reset after', 'reset before', 'too many', 'refuse', 'slow', 'error, effect'] as const)
  return [stands, { kind: 'vendor', nth: 1 + chance.below(4), how, byMs: chance.pick([4_000, 20_000]) }]
}

/** Faults of one kind at the moments that hurt: seeds without a focus seldom have two of them at once. */
export const FOCUSED: Readonly<Record<Exclude<Focus, 'none'>, Draw>> = {
  sidecar: drawSidecar,
  copies: drawCopies,
  night: drawNight,
  rollback: drawRollback,
  declines: drawDeclines,
  rivals: drawRivals,
  owners: drawOwners,
}

/** Of the store, when it dies together with a part. */
export function drawLoss(chance: Chance): number | null {
  return chance.is(0.25) ? chance.pick([0, 200, 5_000]) : null
}
