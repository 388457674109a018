import type { Chance } from '../chance.ts'
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

export function drawFaults(chance: Chance, focus: Focus): Fault[] {
  if (focus !== 'none') return [...focused(chance, focus), ...(chance.is(0.4) ? [drawFault(chance)] : [])]
  const count = chance.pick([0, 1, 1, 2, 2, 3, 3, 4, 6])
  return Array.from({ length: count }, () => drawFault(chance))
}

/** Faults of one kind at the moments that hurt: seeds without a focus seldom have two of them at once. */
function focused(chance: Chance, focus: Exclude<Focus, 'none'>): Fault[] {
  switch (focus) {
    case 'sidecar': {
      // Around the moment at which the app has read what nobody has written down yet.
      const place = chance.pick(['app.write', 'file.write', 'look'])
      const when = chance.pick(['before', 'after'] as const)
      const nth = 1 + chance.below(7)
      return [
        {
          kind: 'crash',
          part: 'sidecar',
          place,
          when,
          nth,
          downMs: chance.pick([1, 100]),
          storeLosesMs: drawLoss(chance),
        },
      ]
    }
    case 'copies':
      return Array.from({ length: chance.pick([1, 2, 3]) }, () => ({
        kind: 'link',
        nth: 2 + chance.below(8),
        how: chance.pick(['copy', 'copy', 'lose answer', 'late'] as const),
        byMs: chance.pick([30, 300, 2_000, 12_000]),
      }))
    case 'night': {
      // A call is out when the power fails, and nobody has its answer.
      const nth = 1 + chance.below(3)
      return [
        { kind: 'crash', part: 'ledger', place: 'vendor.send', when: 'after', nth, downMs: 12_000, storeLosesMs: null },
      ]
    }
    case 'rollback':
      if (chance.is(0.5)) return []
      return [
        {
          kind: 'crash',
          part: 'ledger',
          place: chance.pick(IN_RECOVERY),
          when: chance.pick(['before', 'after'] as const),
          // The first ones are those of the start.
          nth: 1 + chance.below(8),
          downMs: chance.pick([10, 100, 3_000]),
          storeLosesMs: drawLoss(chance),
        },
      ]
    case 'declines': {
      const how = chance.pick(['decline', 'decline', 'error, no effect'] as const)
      return [{ kind: 'vendor', nth: 1 + chance.below(4), how, byMs: 0 }]
    }
    case 'rivals': {
      // Two of one content take turns at one number, and the sidecar dies before it has noted which of them read its answer.
      const notNow: Fault[] = [1, 2].map((nth) => ({ kind: 'vendor', nth, how: 'too many', byMs: 0 }))
      // The first two answers say "not now"; the third or fourth is a success.
      const [place, nth] = [chance.pick(['app.write', 'app.write', 'look']), 3 + chance.below(2)]
      return [
        ...notNow,
        {
          kind: 'crash',
          part: 'sidecar',
          place,
          when: 'after',
          nth,
          downMs: chance.pick([1, 100]),
          storeLosesMs: null,
        },
      ]
    }
    case 'owners': {
      const place = chance.pick(['store.number', 'store.mark', 'vendor.send', 'vendor.answer', 'store.report', 'any'])
      const nth = 1 + chance.below(4)
      const stands: Fault = { kind: 'pause', part: 'ledger', place, nth, forMs: chance.pick([11_000, 15_000, 40_000]) }
      const how = chance.pick(['reset after', 'reset before', 'too many', 'refuse', 'slow', 'error, effect'] as const)
      return [stands, { kind: 'vendor', nth: 1 + chance.below(4), how, byMs: chance.pick([4_000, 20_000]) }]
    }
  }
}

/** Of the store, when it dies together with a part. */
function drawLoss(chance: Chance): number | null {
  return chance.is(0.25) ? chance.pick([0, 200, 5_000]) : null
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
  ] as const)
  switch (kind) {
    case 'crash':
      return drawCrash(chance, nth)
    case 'pause': {
      const part = chance.pick(['ledger', 'ledger', 'sidecar', 'app'] as const)
      const forMs = chance.pick([500, 5_000, 15_000, 40_000])
      return { kind: 'pause', part, place: chance.pick(PLACES[part]), nth, forMs }
    }
    case 'link': {
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
      return { kind: 'store fault', nth: 1 + chance.below(80) }
  }
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
