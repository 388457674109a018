import type { Chance } from '../chance.ts'
import { FOCUSED } from './draw-focused.ts'
import { drawLoss } from './draw-losses.ts'
import type { Focus } from './focus.ts'
import type { Fault, PartKind } from './plan.ts'

/** Where each part waits for something outside, and so can die. `any`: wherever it is then. */
const PLACES: Readonly<Record<PartKind, readonly string[]>> = {
  ledger: [
    'store.number',
    'store.number',
    'store.mark',
    'store.mark',
    'store.report',
    'store.report',
    'store.report',
    'store.repair',
    'store.read',
    'store.admit',
    'store.seen',
    'store.renew',
    'store.end job',
    'disk.append',
    'vendor.send',
    'vendor.send',
    'vendor.answer',
    'vendor.answer',
    'vendor.part',
    'reply',
    'reply',
    'any',
  ],
  sidecar: [
    'link.ask',
    'file.write',
    'file.write',
    'file.replace',
    'file.read',
    'app.write',
    'app.write',
    'look',
    'any',
  ],
  app: ['app.send', 'app.connect', 'any'],
  issuer: ['link.ask', 'file.replace'],
}

export function drawFaults(chance: Chance, focus: Focus): Fault[] {
  // An app that drops what it has read and is not let ask again has read it for nothing: no protocol can tell.
  if (focus === 'read') return FOCUSED.read(chance)
  if (focus === 'copied' || focus === 'put back') return FOCUSED[focus](chance)
  if (focus !== 'none') return [...FOCUSED[focus](chance), ...(chance.is(0.4) ? [drawFault(chance)] : [])]
  const count = chance.pick([0, 1, 1, 2, 2, 3, 3, 4, 6])
  return Array.from({ length: count }, () => drawFault(chance))
}

function drawFault(chance: Chance): Fault {
  const nth = 1 + Math.floor(chance.next() ** 2 * 14)
  const kind = chance.pick([
    'crash',
    'crash',
    'crash',
    'link',
    'link',
    'vendor',
    'vendor',
    'vendor',
    'pause',
    'store',
    'disk',
  ] as const)
  switch (kind) {
    case 'crash':
      return drawCrash(chance, nth)
    case 'pause':
      return drawPause(chance, nth)
    case 'link':
      return drawLink(chance)
    case 'vendor': {
      const how = chance.pick([
        'refuse',
        'decline',
        'too many',
        'error, no effect',
        'error, effect',
        'reset before',
        'reset after',
        'reset after',
        'slow',
        'slow',
      ] as const)
      return { kind: 'vendor', nth, how, byMs: chance.pick([500, 4_000, 20_000, 70_000, 100_000]) }
    }
    case 'store':
      return {
        kind: 'store fault',
        step: null,
        how: chance.pick(['fail', 'lose reply']),
        nth: 1 + chance.below(80),
        byMs: 0,
      }
    case 'disk':
      return {
        kind: 'disk fault',
        how: chance.pick(['full', 'slow']),
        nth: 1 + chance.below(30),
        byMs: chance.pick([300, 8_000]),
      }
  }
}

function drawLink(chance: Chance): Fault {
  const how = chance.pick([
    'lose request',
    'lose answer',
    'lose answer',
    'tear answer',
    'copy',
    'copy',
    'late',
  ] as const)
  return { kind: 'link', nth: 1 + chance.below(25), how, byMs: chance.pick([5, 100, 2_000, 12_000, 60_000]) }
}

function drawPause(chance: Chance, nth: number): Fault {
  const part = chance.pick(['ledger', 'ledger', 'sidecar', 'app'] as const)
  const forMs = chance.pick([500, 5_000, 15_000, 40_000])
  const when = chance.pick(['before', 'after'] as const)
  return { kind: 'pause', part, place: chance.pick(PLACES[part]), when, nth, forMs }
}

function drawCrash(chance: Chance, nth: number): Fault {
  const part = chance.pick(['ledger', 'ledger', 'ledger', 'sidecar', 'sidecar', 'app', 'issuer'] as const)
  const place = chance.pick(PLACES[part])
  return {
    kind: 'crash',
    part,
    place,
    when: chance.pick(['before', 'after']),
    nth: place === 'any' ? 1 + chance.below(60) : nth,
    downMs: chance.pick([1, 200, 3_000, 12_000]),
    storeLosesMs: drawLoss(chance),
  }
}
