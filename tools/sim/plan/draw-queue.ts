import type { Chance } from '../chance.ts'
import { drawLoss } from './draw-losses.ts'
import { type Callee, drawCall, GEO_USD } from './draw-program.ts'
import type { Draw } from './focus.ts'
import type { Act, CallPlan, Fault, QueuePlan, Step } from './plan.ts'

/** What each item of a queue asks for. Mostly under keys that name it; now and then two items ask for the same. */
export function drawItems(chance: Chance, { count, showsQueues }: { count: number; showsQueues: boolean }): Step[][] {
  const made: CallPlan[] = []
  const draw = (customer: string): CallPlan => {
    const known = made.find((call) => call.customer === customer)
    const call = known ?? drawCall(chance, drawCallee(chance, customer), showsQueues)
    if (known === undefined) made.push(call)
    const again = chance.pick([0, 0, 1, 3])
    return { ...call, onFailure: { again, then: chance.is(0.8) ? 'end' : 'go on' } }
  }
  return Array.from({ length: count }, (_, item) => {
    const length = chance.pick([1, 1, 2, 3])
    const customers = Array.from({ length }, (__, at) => (chance.is(0.12) ? 'cus_any' : `cus_item${item}_${at}`))
    return [...new Set(customers)].map((customer): Step => ({ kind: 'calls', calls: [draw(customer)] }))
  })
}

function drawCallee(chance: Chance, customer: string): Callee {
  const vendor = chance.pick(['stripe', 'stripe', 'stripe', 'geo', 'geo', 'model'] as const)
  const usd = vendor === 'geo' ? GEO_USD : chance.pick([1, 2, 5])
  const key = chance.pick(['named', 'named', 'named', 'named', 'named', 'named', 'misnamed', ...UNNAMED] as const)
  // A key that names what is meant, over a body that differs each time.
  const isStamped = key === 'named' && vendor === 'stripe' && chance.is(0.08)
  return { vendor, customer, usd, key, isStamped }
}

const UNNAMED = ['none', 'uuid'] as const

export function drawQueue(chance: Chance, items: number): QueuePlan {
  const doubles = Array.from({ length: chance.pick([0, 0, 1, 2]) }, () => 1 + chance.below(items + 2))
  return {
    completions: chance.is(0.15) ? chance.pick([2, 3]) : null,
    // Shorter than a call that takes its time, than the lease of its owner, or longer than either.
    leaseMs: chance.pick([300, 2_000, 8_000, 12_000, 60_000]),
    doubles,
    waitsForOthers: chance.is(0.8),
  }
}

/** Around the moments at which an item is handed out again although somebody is at it, or has done it already. */
export const drawQueueFaults: Draw = (chance) => {
  const nth = 1 + chance.below(4)
  const when = chance.pick(['before', 'after'] as const)
  const ofApp = chance.pick(['app.take', 'app.done', 'app.done', 'app.send', 'app.connect', 'any'] as const)
  const ofLedger = chance.pick(['store.number', 'store.mark', 'vendor.send', 'vendor.answer', 'store.report'] as const)
  const crash = { kind: 'crash', when, nth, downMs: chance.pick([10, 3_000, 12_000]), storeLosesMs: null } as const
  const pause = { kind: 'pause', when, nth, forMs: chance.pick([1_000, 5_000, 15_000, 40_000]) } as const
  return chance.pick<Fault[]>([
    [],
    [{ ...crash, part: 'app', place: ofApp }],
    [{ ...crash, part: 'ledger', place: ofLedger, storeLosesMs: drawLoss(chance) }],
    [{ ...pause, part: 'app', place: ofApp }],
    [{ ...pause, part: 'ledger', place: ofLedger }],
    [{ ...crash, part: 'sidecar', place: chance.pick(['app.write', 'link.ask', 'any']) }],
    [{ kind: 'vendor', nth, how: 'slow', byMs: chance.pick([4_000, 20_000]) }],
    [
      { kind: 'vendor', nth, how: chance.pick(['reset after', 'reset before', 'refuse', 'decline']), byMs: 0 },
      { kind: 'link', nth: 3 + chance.below(9), how: chance.pick(['copy', 'late']), byMs: chance.pick([300, 12_000]) },
    ],
  ])
}

/** Its Pods come and go: one is deleted, or its node is lost and it works on beside the one that replaces it. */
export function drawQueueActs(chance: Chance): Act[] {
  const atMs = chance.between(20, 4_000)
  const index = chance.below(3)
  return chance.pick<Act[]>([
    [],
    [{ kind: 'kill pod', atMs, index }],
    [{ kind: 'lose node', atMs, index, lingersMs: chance.between(1_000, 60_000) }],
  ])
}
