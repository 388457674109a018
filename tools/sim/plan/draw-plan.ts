import { Chance } from '../chance.ts'
import { drawAnewActs } from './draw-anew.ts'
import { drawCopiedActs } from './draw-copied.ts'
import { drawFaults } from './draw-faults.ts'
import { drawGateActs } from './draw-gate.ts'
import { drawLossActs, money } from './draw-losses.ts'
import { drawProgram } from './draw-program.ts'
import { drawPutBackActs } from './draw-put-back.ts'
import { drawItems, drawQueue, drawQueueActs } from './draw-queue.ts'
import { drawRestartActs, drawRestarted } from './draw-restarts.ts'
import type { Focus } from './focus.ts'
import type { Act, JobPlan, Plan, PolicyPlan, Step } from './plan.ts'

const MIDNIGHT_MS = Date.UTC(2026, 10, 23)
const HOUR_MS = 60 * 60 * 1_000
const DAY_MS = 24 * HOUR_MS
const MOST_SET_BACK_MS = HOUR_MS / 2
/** A ledger that writes leaves a mark every five seconds. */
const KNOWN_BY_AGE_MS = 5_500
const FOCI: readonly Focus[] = [
  'none',
  'none',
  'none',
  'sidecar',
  'sidecar',
  'copies',
  'copies',
  'owners',
  'takeover',
  'waking',
  'night',
  'rollback',
  'rollback',
  'rollback',
  'twice',
  'twice',
  'journals',
  'room',
  'stall',
  'declines',
  'stamped',
  'rivals',
  'rivals',
  'models',
  'models',
  'streams',
  'streams',
  'told',
  'instead',
  'misnamed',
  'read',
  'release',
  'holds',
  'holds',
  'shared',
]

/** Shares of all seeds. Drawn by a chance of their own, so that the others mean what they did. */
const NEWER: readonly (readonly [Focus, number])[] = [
  ['queue', 0.055],
  ['gate', 0.04],
  ['anew', 0.03],
  ['restarts', 0.04],
  ['unmarked', 0.01],
  ['copied', 0.01],
  ['put back', 0.015],
]

const ON_REDIS: readonly Focus[] = [
  'put back',
  'rollback',
  'twice',
  'journals',
  'room',
  'stall',
  'waking',
  'release',
  'gate',
  'anew',
  'unmarked',
  'copied',
]
/** What one replica knows and the others do not is what matters. */
const SEVERAL: readonly Focus[] = ['twice', 'journals', 'anew']
/** Nothing else is done in them. */
const ALONE: readonly Focus[] = ['read', 'anew', 'copied', 'put back']
const TIGHT: readonly Focus[] = ['takeover', 'twice']
/** One index under one cap. */
const BARE: readonly Focus[] = [
  'room',
  'stall',
  'waking',
  'rivals',
  'copies',
  'stamped',
  'told',
  'instead',
  'misnamed',
  'read',
  'release',
  'unmarked',
  'copied',
]

/** What a seed comes to. */
export function drawPlan(seed: number): Plan {
  const chance = new Chance(`plan ${seed}`)
  const showsQueues = chance.is(0.8)
  const drawn = chance.pick<Focus>(FOCI)
  const focus = drawNewer(seed) ?? drawn
  const indexes = drawIndexes(chance, focus)
  const store = ON_REDIS.includes(focus) || chance.is(0.6) ? 'redis' : 'sqlite'
  const programs = drawPrograms(chance, { indexes, showsQueues, focus })
  const intendedUsd = sumOf(programs)
  const jobs = drawJobs(chance, programs, { intendedUsd, focus })
  const plan: Plan = {
    seed,
    focus,
    store,
    hasGate: focus === 'gate',
    areJournalsSmall: focus === 'journals' && chance.is(0.7),
    ledgerOffsetsMs:
      store === 'sqlite'
        ? [0]
        : Array.from({ length: chance.pick(SEVERAL.includes(focus) ? [2, 2, 3] : [1, 2, 2, 3]) }, () =>
            chance.pick([0, 0, -600_000, 600_000]),
          ),
    // Some days turn over while calls are out.
    startMs: MIDNIGHT_MS - (chance.is(0.4) ? chance.between(500, 40_000) : DAY_MS / 2),
    policy: drawPolicy(chance, { intendedUsd, focus }),
    jobs,
    queue: focus === 'queue' ? drawQueue(chance, programs.length) : null,
    keepsRestarts: focus === 'restarts' || (focus === 'queue' && new Chance(`restarts ${seed}`).is(0.25)),
    faults: drawFaults(chance, focus),
    acts: [
      ...focusedActs(chance, { intendedUsd, focus }),
      ...(focus === 'none' || (!ALONE.includes(focus) && chance.is(0.3))
        ? drawActs(chance, { intendedUsd, indexes })
        : []),
    ],
    // A copy is known as one by what was written a few seconds later.
    slowness: focus === 'copied' || focus === 'put back' ? 1 : chance.pick([1, 1, 1, 3, 10]),
    showsQueues,
  }
  return { ...plan, acts: withinWhatIsAsked(plan) }
}

function drawIndexes(chance: Chance, focus: Focus): number {
  if (focus === 'told') return 2
  if (focus === 'shared') return chance.pick([2, 3])
  if (focus === 'queue') return chance.pick([2, 3, 4])
  return BARE.includes(focus) ? 1 : chance.pick([1, 1, 2, 2, 3])
}

function drawNewer(seed: number): Focus | undefined {
  let left = new Chance(`newer focus ${seed}`).next()
  for (const [focus, share] of NEWER) {
    if (left < share) return focus
    left -= share
  }
  return undefined
}

function drawPrograms(
  chance: Chance,
  { indexes, showsQueues, focus }: { indexes: number; showsQueues: boolean; focus: Focus },
): Step[][] {
  if (focus === 'queue') return drawItems(chance, { count: indexes, showsQueues })
  return Array.from({ length: indexes }, (_, index) =>
    focus === 'restarts'
      ? drawRestarted(chance, { index, showsQueues })
      : drawProgram(chance, { index, showsQueues, focus }),
  )
}

interface Walks {
  readonly intendedUsd: number
  readonly focus: Focus
}

const ONE_CAP = {
  perDayUsd: null,
  perNamespaceDayUsd: null,
  stripePerDayUsd: null,
  divergingReplay: 'refuse',
  ambiguousRepeat: 'refuse',
  allowsStripe: true,
} as const

function drawPolicy(chance: Chance, { intendedUsd, focus }: Walks): PolicyPlan {
  if (focus === 'told') return { ...ONE_CAP, perRunUsd: chance.is(0.4) ? 1 : money(intendedUsd * 2) }
  if (focus === 'holds' && chance.is(0.6)) return { ...ONE_CAP, perRunUsd: money(intendedUsd * chance.pick([1, 1.2])) }
  if (focus === 'room') return { ...ONE_CAP, perRunUsd: money(intendedUsd * chance.between(0.34, 0.65)) }
  if (BARE.includes(focus)) return { ...ONE_CAP, perRunUsd: money(intendedUsd * 2) }
  const isTight = chance.is(TIGHT.includes(focus) ? 0.8 : 0.4)
  const maybe = (probability: number) => (chance.is(probability) ? money(intendedUsd * chance.between(0.4, 1.6)) : null)
  return {
    perRunUsd: money(intendedUsd * (isTight ? chance.between(0.3, 1.1) : 2)),
    perDayUsd: maybe(0.2),
    perNamespaceDayUsd: maybe(0.2),
    stripePerDayUsd: maybe(0.2),
    divergingReplay: chance.is(0.15) ? 'core' : 'refuse',
    ambiguousRepeat: chance.is(0.1) ? 'fold' : 'refuse',
    allowsStripe: true,
  }
}

function drawJobs(chance: Chance, programs: readonly (readonly Step[])[], { intendedUsd, focus }: Walks): JobPlan[] {
  const first: JobPlan = {
    parallelism: focus === 'queue' ? chance.pick([1, 2, 2, 3]) : chance.is(0.7) ? programs.length : 1,
    backoffLimit: chance.pick([0, 1, 3, 6]),
    capUsd: !BARE.includes(focus) && chance.is(0.3) ? money(intendedUsd * chance.between(0.3, 1.5)) : null,
    programs,
  }
  if (!chance.is(0.3)) return [first]
  return [first, { ...first, programs: [], capUsd: money(intendedUsd * chance.between(0.5, 2)) }]
}

function focusedActs(chance: Chance, { intendedUsd, focus }: Walks): Act[] {
  if (focus === 'night') {
    return [{ kind: 'long night', atMs: chance.between(50, 5_000), forMs: chance.pick([23.5, 25, 49]) * HOUR_MS }]
  }
  // When the next owner has reported, and before it is asked again.
  if (focus === 'takeover' && chance.is(0.5)) return [{ kind: 'revoke', atMs: chance.between(10_500, 16_000) }]
  // Between the refusal and its late copy.
  if (focus === 'told') return [{ kind: 'set cap', atMs: chance.between(300, 1_500), usd: 50 }]
  if (focus === 'instead') {
    const atMs = chance.between(100, 3_000)
    return [
      chance.is(0.5)
        ? { kind: 'kill pod', atMs, index: 0 }
        : { kind: 'lose node', atMs, index: 0, lingersMs: chance.between(1_000, 20_000) },
    ]
  }
  if ((focus === 'stamped' || focus === 'owners') && chance.is(0.3)) {
    return [{ kind: 'forbid', atMs: chance.between(50, 4_000) }]
  }
  if (focus === 'queue') return drawQueueActs(chance)
  if (focus === 'restarts') return drawRestartActs(chance)
  if (focus === 'gate') return drawGateActs(chance)
  if (focus === 'anew') return drawAnewActs(chance, intendedUsd)
  if (focus === 'copied') return drawCopiedActs(chance)
  if (focus === 'put back') return drawPutBackActs(chance, intendedUsd)
  return drawLossActs(chance, { intendedUsd, focus })
}

/**
 * docs/operate.md: who sleeps through a clock that is set back by hours cannot know that a vendor's 24 h are over.
 * docs/redis-recovery.md: whoever did not see Redis empty knows a copy by its age.
 */
function withinWhatIsAsked({ acts, faults }: Plan): readonly Act[] {
  const isNight = acts.some(({ kind }) => kind === 'long night')
  const mayForget = faults.some((fault) => fault.kind === 'crash' && fault.part === 'ledger')
  return acts.map((act) => {
    if (isNight && act.kind === 'clock') return { ...act, byMs: Math.max(act.byMs, -MOST_SET_BACK_MS) }
    if (mayForget && act.kind === 'store put back' && act.lacksMs > 0)
      return { ...act, lacksMs: Math.max(act.lacksMs, KNOWN_BY_AGE_MS) }
    return act
  })
}

function drawActs(chance: Chance, { intendedUsd, indexes }: { intendedUsd: number; indexes: number }): Act[] {
  const acts: Act[] = []
  const atMs = () => chance.pick([1, 10, 100]) * chance.between(5, 300)
  if (chance.is(0.12)) acts.push({ kind: 'set cap', atMs: atMs(), usd: money(intendedUsd * chance.between(0.1, 2)) })
  if (chance.is(0.12)) acts.push({ kind: 'set cap', atMs: atMs(), usd: money(intendedUsd * chance.between(0.1, 2)) })
  if (chance.is(0.1))
    acts.push({ kind: 'set day cap', atMs: atMs(), usd: money(intendedUsd * chance.between(0.2, 1.5)) })
  if (chance.is(0.06)) {
    acts.push({ kind: 'set policy day cap', atMs: atMs(), usd: money(intendedUsd * chance.between(0.2, 1.5)) })
  }
  if (chance.is(0.12)) acts.push({ kind: 'revoke', atMs: atMs() })
  if (chance.is(0.06)) acts.push({ kind: 'forbid', atMs: atMs() })
  if (chance.is(0.15)) {
    const byMs = chance.pick([-1, 1]) * chance.pick([600_000, 60_000, 5_000, DAY_MS])
    acts.push({ kind: 'clock', atMs: atMs(), machine: chance.pick(['ledger', 'pods']), byMs })
  }
  if (chance.is(0.15)) acts.push({ kind: 'kill pod', atMs: atMs(), index: chance.below(indexes) })
  if (chance.is(0.2)) {
    acts.push({
      kind: 'lose node',
      atMs: atMs(),
      index: chance.below(indexes),
      lingersMs: chance.between(1_000, 90_000),
    })
  }
  if (chance.is(0.05)) acts.push({ kind: 'ledger down', atMs: atMs(), forMs: chance.pick([5_000, 60_000]) })
  if (chance.is(0.2)) {
    const [awayMs, losesMs] = [chance.pick([50, 1_000, 8_000]), chance.pick([0, 20, 500, 5_000])]
    acts.push({ kind: 'store restart', atMs: atMs(), awayMs, losesMs })
  }
  if (chance.is(0.12)) {
    const downMs = chance.pick([10, 1_000, 20_000])
    acts.push({ kind: 'drain', atMs: atMs(), nth: chance.below(3), downMs })
  }
  if (chance.is(0.06)) acts.push({ kind: 'long night', atMs: atMs(), forMs: chance.pick([11, 23.5, 25, 49]) * HOUR_MS })
  return acts
}

function sumOf(programs: readonly (readonly Step[])[]): number {
  return programs
    .flat()
    .flatMap((step) => (step.kind === 'calls' ? step.calls : []))
    .reduce((sum, { usd, instead }) => sum + usd + (instead?.usd ?? 0), 0)
}
