import type { Chance } from '../chance.ts'
import type { Draw, Focus } from './focus.ts'
import type { Act, Fault } from './plan.ts'

/** Where a ledger may be while a store is made whole again. */
export const IN_RECOVERY = [
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

/** A call is out when the power fails, and nobody has its answer. */
export const drawNight: Draw = (chance) => {
  const nth = 1 + chance.below(3)
  return [
    { kind: 'crash', part: 'ledger', place: 'vendor.send', when: 'after', nth, downMs: 12_000, storeLosesMs: null },
  ]
}

/** A call has just left and its ledger is gone, together with the last steps of the store: the mark that it was sent, or more. */
const lostMark = (
  chance: Chance,
  { nth, losesMs: [least, most] }: { readonly nth: number; readonly losesMs: readonly [number, number] },
): Fault => ({
  ...{ kind: 'crash', part: 'ledger', place: 'vendor.send', when: 'after', nth },
  ...{ downMs: chance.pick([10, 100, 3_000]), storeLosesMs: chance.between(least, most) },
})

/** The one call has just left, and the store mostly keeps its reservation but not the mark that it was sent. */
export const drawUnmarked: Draw = (chance) => [lostMark(chance, { nth: 1, losesMs: [0.3, 6] })]

/** What a step has just told a ledger is forgotten before that has gone on. */
const drawForgotten = (chance: Chance): Fault => ({
  kind: 'store fault',
  step: chance.pick(['mark', 'mark', 'number', 'report']),
  how: 'forget',
  nth: 1 + chance.below(3),
  byMs: chance.pick([3, 5_000]),
})

export const drawRollback: Draw = (chance) => {
  if (chance.is(0.3)) return []
  // Its calls are taken over, which the store may forget.
  if (chance.is(0.2)) return drawNight(chance)
  if (chance.is(0.5))
    return [chance.is(0.5) ? lostMark(chance, { nth: 1 + chance.below(2), losesMs: [1, 12] }) : drawForgotten(chance)]
  const place = chance.pick(IN_RECOVERY)
  const when = chance.pick(['before', 'after'] as const)
  // The first ones are those of the start.
  const nth = 1 + chance.below(8)
  const downMs = chance.pick([10, 100, 3_000])
  return [{ kind: 'crash', part: 'ledger', place, when, nth, downMs, storeLosesMs: drawLoss(chance) }]
}

/** A send surely did not leave, its journal does not say so, and another call takes the room before the store forgets it. */
export const drawRoom: Draw = (chance) => [
  { kind: 'vendor', nth: 1, how: 'refuse', byMs: 0 },
  { kind: 'disk fault', how: 'full', nth: 3 + chance.below(10), byMs: 0 },
]

/** A send is being written down while the store forgets it. */
export const drawStall: Draw = (chance) => [
  { kind: 'disk fault', how: 'slow', nth: 3 + chance.below(8), byMs: chance.pick([3_000, 8_000]) },
]

/** The steps by which a store is made whole, as the registry takes them. */
const OF_REGISTRY = ['begin', 'tell slot', 'hand over', 'finish', 'enter', 'read', 'next', 'history'] as const

/** The store loses what it has just been told again: while it is made whole, or when somebody has gone on with it. */
const drawLostAgain: Draw = (chance) => {
  const downMs = chance.pick([10, 3_000])
  const storeLosesMs = chance.between(20, 2_500)
  const sending = chance.pick(['vendor.send', 'vendor.answer', 'store.report', 'store.number', 'disk.append'] as const)
  const step = `registry.${chance.pick(OF_REGISTRY)}`
  return chance.pick<Fault[]>([
    [],
    [{ kind: 'crash', part: 'ledger', place: sending, when: 'after', nth: 1 + chance.below(6), downMs, storeLosesMs }],
    [
      {
        ...{ kind: 'crash', part: 'ledger', place: chance.pick(IN_RECOVERY), when: chance.pick(['before', 'after']) },
        ...{ nth: 1 + chance.below(16), downMs, storeLosesMs: chance.pick([null, 0, 20, 200, 5_000]) },
      },
    ],
    [
      {
        ...{ kind: 'store fault', step, how: 'forget' },
        ...{ nth: 1 + chance.below(12), byMs: chance.pick([3, 20, 200, 1_000, 5_000]) },
      },
    ],
  ])
}

export const drawTwice: Draw = (chance) => [...drawLostAgain(chance), ...(chance.is(0.4) ? drawLostAgain(chance) : [])]

/** Whoever has sent is gone with what it knows. */
export const drawJournals: Draw = (chance) => (chance.is(0.5) ? [] : drawNight(chance))

/** Of the store, when it dies together with a part. */
export function drawLoss(chance: Chance): number | null {
  return chance.is(0.25) ? chance.pick([0, 200, 5_000]) : null
}

/** A vendor takes its time, or a ledger dies as it sends or while the store is made whole again. `loses`: what the store loses with it. */
export function drawAroundRecovery(chance: Chance, loses: (chance: Chance) => number | null): Fault[] {
  const downMs = chance.pick([10, 3_000, 12_000])
  const slow: Fault = { kind: 'vendor', nth: chance.pick([1, 1, 2]), how: 'slow', byMs: chance.pick([3_000, 9_000]) }
  const place = chance.pick([...IN_RECOVERY, 'vendor.send', 'vendor.answer', 'store.report'] as const)
  const crash: Fault = {
    ...{ kind: 'crash', part: 'ledger', place, when: chance.pick(['before', 'after'] as const) },
    ...{ nth: 1 + chance.below(8), downMs, storeLosesMs: loses(chance) },
  }
  return chance.pick<Fault[]>([[], [slow], [crash], [slow, crash]])
}

interface Around {
  readonly intendedUsd: number
  readonly focus: Focus
}

const restart = (atMs: number, losesMs: number): Act => ({ kind: 'store restart', atMs, awayMs: 50, losesMs })

/** What people and machines do around a loss. */
export function drawLossActs(chance: Chance, { intendedUsd, focus }: Around): Act[] {
  switch (focus) {
    case 'room':
    case 'stall':
      return [restart(chance.between(150, 3_000), 5_000)]
    case 'rollback':
      return drawActsAroundOne(chance, intendedUsd)
    case 'twice':
      return drawActsAroundSeveral(chance, intendedUsd)
    case 'journals':
      return drawActsOnJournals(chance)
    default:
      return []
  }
}

function drawActsAroundOne(chance: Chance, intendedUsd: number): Act[] {
  const loses = () => chance.pick([20, 50, 300, 5_000])
  const firstMs = chance.between(30, 600)
  return [
    restart(firstMs, loses()),
    // A second loss while the first is being mended, or soon after; or of what has just been taken over.
    ...(chance.is(0.3) ? [restart(firstMs + chance.between(60, 2_500), loses())] : []),
    ...(chance.is(0.25) ? [restart(chance.between(9_000, 16_000), loses())] : []),
    ...drawWords(chance, { intendedUsd, firstMs }),
    ...(chance.is(0.2) ? [drawDrain(chance)] : []),
  ]
}

function drawActsAroundSeveral(chance: Chance, intendedUsd: number): Act[] {
  const loses = () => chance.pick([0, 20, 300, 5_000, chance.between(10, 2_500)])
  const firstMs = chance.between(30, 900)
  const secondMs = firstMs + chance.between(60, 2_500)
  return [
    restart(firstMs, loses()),
    restart(secondMs, loses()),
    ...(chance.is(0.4) ? [restart(secondMs + chance.between(60, 2_500), loses())] : []),
    ...drawWords(chance, { intendedUsd, firstMs }),
    ...drawWords(chance, { intendedUsd, firstMs: secondMs }),
    ...(chance.is(0.2) ? [drawDrain(chance)] : []),
  ]
}

/** Journals that let segments go, or are lost for good. Where the store has lost nothing, that must cost nobody anything. */
function drawActsOnJournals(chance: Chance): Act[] {
  const loses = () => chance.pick([0, 0, 0, 50, 300, 2_000])
  const firstMs = chance.between(50, 3_000)
  const lost: Act = {
    kind: 'lose journal',
    atMs: firstMs,
    nth: chance.below(3),
    downMs: chance.pick([10, 3_000, 12_000]),
  }
  return [
    ...(chance.is(0.6) ? [lost, restart(firstMs + chance.between(10, 2_000), 0)] : [restart(firstMs, loses())]),
    ...(chance.is(0.5) ? [restart(firstMs + chance.between(60, 8_000), loses())] : []),
  ]
}

/** What a person says shortly before a loss. */
export function drawWords(
  chance: Chance,
  { intendedUsd, firstMs }: { readonly intendedUsd: number; readonly firstMs: number },
): Act[] {
  const atMs = () => firstMs - chance.between(5, firstMs / 2)
  const usd = () => money(intendedUsd * chance.between(0.2, 0.9))
  return [
    ...(chance.is(0.2) ? [{ kind: 'revoke', atMs: atMs() } as const] : []),
    ...(chance.is(0.3) ? [{ kind: 'set cap', atMs: atMs(), usd: usd() } as const] : []),
    ...(chance.is(0.15) ? [{ kind: 'set day cap', atMs: atMs(), usd: usd() } as const] : []),
  ]
}

function drawDrain(chance: Chance): Act {
  return { kind: 'drain', atMs: chance.between(10, 900), nth: chance.below(3), downMs: chance.pick([10, 20_000]) }
}

export function money(usd: number): number {
  return Math.max(0.01, Math.round(usd * 100) / 100)
}
