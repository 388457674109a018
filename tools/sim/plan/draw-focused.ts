import { drawAnewFaults } from './draw-anew.ts'
import { drawCopiedFaults } from './draw-copied.ts'
import { drawGateFaults } from './draw-gate.ts'
import {
  drawJournals,
  drawLoss,
  drawNight,
  drawRollback,
  drawRoom,
  drawStall,
  drawTwice,
  drawUnmarked,
} from './draw-losses.ts'
import { drawPutBackFaults } from './draw-put-back.ts'
import { drawQueueFaults } from './draw-queue.ts'
import { drawRestartFaults } from './draw-restarts.ts'
import type { Draw, Focus } from './focus.ts'
import type { Fault } from './plan.ts'

/** Around the moment at which the app has read what nobody has written down yet. */
const drawSidecar: Draw = (chance) => {
  const place = chance.pick(['app.write', 'file.write', 'look'])
  const when = chance.pick(['before', 'after'] as const)
  const nth = 1 + chance.below(7)
  const downMs = chance.pick([1, 100])
  return [{ kind: 'crash', part: 'sidecar', place, when, nth, downMs, storeLosesMs: drawLoss(chance) }]
}

/** What is over comes in again. The first of them best when its answer has been read and a later call keeps the Job going. */
const drawCopies: Draw = (chance) => {
  const others = Array.from({ length: chance.below(3) }, (): Fault => {
    const how = chance.pick(['copy', 'copy', 'lose answer', 'late'] as const)
    return { kind: 'link', nth: 2 + chance.below(8), how, byMs: chance.pick([30, 300, 2_000, 12_000]) }
  })
  return [
    // Two calls of a row, after one exchange or two.
    { kind: 'link', nth: chance.pick([3, 4]), how: 'copy', byMs: chance.pick([300, 2_000, 3_000]) },
    { kind: 'vendor', nth: 3, how: 'slow', byMs: chance.pick([4_000, 20_000]) },
    ...others,
  ]
}

const drawDeclines: Draw = (chance) => {
  const how = chance.pick(['decline', 'decline', 'error, no effect'] as const)
  const declines: Fault = { kind: 'vendor', nth: 1 + chance.below(4), how, byMs: 0 }
  // The app has left when the answer comes.
  const late: Fault = { kind: 'link', nth: 2 + chance.below(8), how: 'late', byMs: chance.pick([2_000, 12_000]) }
  return chance.is(0.5) ? [declines] : [declines, late]
}

/** Two of one content take turns at one number, and the sidecar dies before it has noted which of them read its answer. */
const drawRivals: Draw = (chance) => {
  // An SDK asks again under its key where we say that nothing was sent.
  const how = chance.pick(['refuse', 'refuse', 'too many'] as const)
  const notNow: Fault[] = [1, 2].map((nth) => ({ kind: 'vendor', nth, how, byMs: 0 }))
  // The first two answers say "not now"; the third or fourth is a success.
  const [place, nth] = [chance.pick(['app.write', 'app.write', 'look']), 3 + chance.below(2)]
  const downMs = chance.pick([1, 100])
  return [...notNow, { kind: 'crash', part: 'sidecar', place, when: 'after', nth, downMs, storeLosesMs: null }]
}

const drawOwners: Draw = (chance) => {
  const place = chance.pick(['store.number', 'store.mark', 'vendor.send', 'vendor.answer', 'store.report', 'any'])
  const nth = 1 + chance.below(4)
  const forMs = chance.pick([11_000, 15_000, 40_000])
  const stands: Fault = { kind: 'pause', part: 'ledger', place, when: 'after', nth, forMs }
  const how = chance.pick(['reset after', 'reset before', 'too many', 'refuse', 'slow', 'error, effect'] as const)
  return [stands, { kind: 'vendor', nth: 1 + chance.below(4), how, byMs: chance.pick([4_000, 20_000]) }]
}

/** The owner of a send is gone with what it knows; the next one's send surely did not leave, and says so twice. */
const drawTakeover: Draw = (chance) => {
  const nth = chance.pick([1, 1, 2])
  return [
    { kind: 'crash', part: 'ledger', place: 'vendor.send', when: 'after', nth, downMs: 12_000, storeLosesMs: null },
    { kind: 'vendor', nth: nth + 1, how: chance.pick(['refuse', 'too many'] as const), byMs: 0 },
    { kind: 'store fault', step: 'report', how: 'lose reply', nth, byMs: 0 },
  ]
}

/** An owner stands still until it has been replaced, and goes on before the next one has marked the send. */
const drawWaking: Draw = (chance) => [
  {
    kind: 'pause',
    part: 'ledger',
    place: 'store.number',
    when: 'after',
    nth: 1,
    forMs: chance.between(10_500, 12_500),
  },
  {
    kind: 'pause',
    part: 'ledger',
    place: 'store.mark',
    when: 'before',
    nth: 1,
    forMs: chance.pick([3_000, 6_000, 9_000]),
  },
]

/** Reserved, and its owner is gone; the app asks again with another timestamp. */
const drawStamped: Draw = (chance) =>
  [1, 3, 5].map((nth) => ({
    kind: 'crash',
    part: 'ledger',
    place: 'store.number',
    when: 'after',
    nth: nth + chance.below(2),
    downMs: chance.pick([200, 3_000]),
    storeLosesMs: null,
  }))

/** A copy of a call comes in long after its app was told that it had no effect, while another index keeps the Job going. */
const drawTold: Draw = (chance) => {
  const how = chance.pick(['refuse', 'too many', 'decline', 'decline'] as const)
  return [
    { kind: 'vendor', nth: 1 + chance.below(2), how, byMs: 0 },
    ...[3, 4, 5].map((nth): Fault => ({ kind: 'link', nth, how: 'copy', byMs: chance.pick([300, 2_000, 3_000]) })),
    { kind: 'vendor', nth: 3, how: 'slow', byMs: 4_000 },
  ]
}

/** What the app does instead takes its time, and its Pod is gone meanwhile. */
const drawInstead: Draw = (chance) => [
  { kind: 'vendor', nth: 1, how: 'decline', byMs: 0 },
  { kind: 'vendor', nth: 2, how: chance.pick(['slow', 'slow', 'refuse'] as const), byMs: chance.pick([500, 4_000]) },
  { kind: 'pause', part: 'app', place: 'app.connect', when: 'before', nth: 2, forMs: chance.pick([1, 500, 5_000]) },
]

const drawRead: Draw = (chance) => [{ kind: 'app', nth: 1 + chance.below(2) }]

/** That a send did not leave is told again and again, and the last time when another ledger has reserved the call anew. */
const drawRelease: Draw = (chance) => [
  { kind: 'vendor', nth: 1, how: 'refuse', byMs: 0 },
  { kind: 'store fault', step: 'report', how: 'lose reply', nth: 1, byMs: 0 },
  ...[2, 3, 4].map((nth): Fault => ({ kind: 'store fault', step: 'report', how: 'fail', nth, byMs: 0 })),
  { kind: 'pause', part: 'ledger', place: 'store.mark', when: 'before', nth: 2, forMs: chance.pick([1_000, 3_000]) },
]

/** Mostly none: then no answer may be bought twice. */
const drawModels: Draw = (chance) => {
  if (chance.is(0.4)) return []
  if (chance.is(0.3)) return drawSidecar(chance)
  const how = chance.pick(['copy', 'copy', 'late', 'lose answer', 'lose request', 'tear answer'] as const)
  const nth = 2 + chance.below(12)
  if (chance.is(0.5)) return [{ kind: 'link', nth, how, byMs: chance.pick([5, 100, 2_000, 12_000]) }]
  const place = chance.pick(['vendor.send', 'vendor.answer', 'store.report', 'store.number', 'reply'])
  const when = chance.pick(['before', 'after'] as const)
  const crash = { nth: 1 + chance.below(5), downMs: chance.pick([10, 3_000, 12_000]), storeLosesMs: drawLoss(chance) }
  return [{ kind: 'crash', part: 'ledger', place, when, ...crash }]
}

/** A stream breaks off at either of its hops, or somebody on its way dies in the midst of it. */
const drawStreams: Draw = (chance) => {
  const nth = 1 + chance.below(4)
  if (chance.is(0.5)) return [{ kind: 'vendor', nth, how: chance.pick(['reset after', 'slow']), byMs: 4_000 }]
  if (chance.is(0.5)) return drawModels(chance)
  const when = chance.pick(['before', 'after'] as const)
  const crash = { when, downMs: chance.pick([10, 3_000]), storeLosesMs: drawLoss(chance) }
  return chance.is(0.5)
    ? [{ kind: 'crash', part: 'ledger', place: 'vendor.part', nth: 1 + chance.below(20), ...crash }]
    : [{ kind: 'crash', part: 'sidecar', place: 'app.write', nth: 1 + chance.below(20), ...crash }]
}

/** Around the charge, the look at what it holds, and what is then done with it. */
const drawHolds: Draw = (chance) => {
  const nth = 1 + chance.below(5)
  const when = chance.pick(['before', 'after'] as const)
  const crash = { kind: 'crash', when, nth, downMs: chance.pick([10, 3_000]), storeLosesMs: drawLoss(chance) } as const
  const place = chance.pick(['vendor.send', 'vendor.answer', 'store.number', 'store.report', 'reply'] as const)
  return chance.pick<Fault[]>([
    [],
    [{ kind: 'vendor', nth, how: chance.pick(['reset after', 'reset before', 'slow', 'error, effect']), byMs: 4_000 }],
    [{ ...crash, part: 'ledger', place }],
    [{ ...crash, part: 'sidecar', place: 'app.write' }],
    [{ ...crash, part: 'app', place: 'app.send' }],
  ])
}

/** Around the one send that several Pods ask for. */
const drawShared: Draw = (chance) => {
  const nth = 1 + chance.below(3)
  const how = chance.pick(['reset after', 'reset before', 'refuse', 'too many', 'decline', 'slow'] as const)
  const place = chance.pick(['store.number', 'store.mark', 'vendor.send', 'vendor.answer', 'store.report'])
  const downMs = chance.pick([10, 3_000, 12_000])
  return chance.pick<Fault[]>([
    [{ kind: 'vendor', nth, how, byMs: chance.pick([4_000, 20_000]) }],
    [{ kind: 'crash', part: 'ledger', place, when: 'after', nth, downMs, storeLosesMs: drawLoss(chance) }],
    [{ kind: 'pause', part: 'ledger', place, when: 'after', nth, forMs: chance.pick([11_000, 40_000]) }],
  ])
}

/** Faults of one kind at the moments that hurt: seeds without a focus seldom have two of them at once. */
export const FOCUSED: Readonly<Record<Exclude<Focus, 'none'>, Draw>> = {
  sidecar: drawSidecar,
  copies: drawCopies,
  night: drawNight,
  rollback: drawRollback,
  twice: drawTwice,
  journals: drawJournals,
  room: drawRoom,
  stall: drawStall,
  declines: drawDeclines,
  stamped: drawStamped,
  rivals: drawRivals,
  owners: drawOwners,
  takeover: drawTakeover,
  waking: drawWaking,
  models: drawModels,
  streams: drawStreams,
  told: drawTold,
  instead: drawInstead,
  misnamed: () => [],
  read: drawRead,
  release: drawRelease,
  holds: drawHolds,
  shared: drawShared,
  queue: drawQueueFaults,
  restarts: drawRestartFaults,
  unmarked: drawUnmarked,
  gate: drawGateFaults,
  anew: drawAnewFaults,
  copied: drawCopiedFaults,
  'put back': drawPutBackFaults,
}
