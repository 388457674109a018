import type { Chance } from '../chance.ts'
import { drawLoss } from './draw-losses.ts'
import { type Callee, drawSteps, GEO_USD } from './draw-program.ts'
import type { Draw } from './focus.ts'
import type { Act, Fault, Step } from './plan.ts'

/** Mostly under keys that name what is meant, as restarts in place ask for. */
export function drawRestarted(
  chance: Chance,
  { index, showsQueues }: { readonly index: number; readonly showsQueues: boolean },
): Step[] {
  const callees = Array.from({ length: chance.pick([1, 2, 2, 3]) }, (_, at) => drawCallee(chance, `cus_${index}_${at}`))
  return drawSteps(chance, callees, showsQueues)
}

function drawCallee(chance: Chance, customer: string): Callee {
  const vendor = chance.pick(['stripe', 'stripe', 'geo', 'model'] as const)
  const usd = vendor === 'geo' ? GEO_USD : chance.pick([1, 2, 5])
  const unnamed = vendor === 'stripe' ? (['none', 'sdk', 'uuid'] as const) : (['none', 'uuid'] as const)
  return { vendor, customer, usd, key: chance.is(0.85) ? 'named' : chance.pick(unnamed), isStamped: false }
}

/** What makes an app, the issuer or the sidecar start again, and what its repeat may meet. */
export const drawRestartFaults: Draw = (chance) => {
  const nth = 1 + chance.below(4)
  const when = chance.pick(['before', 'after'] as const)
  const crash = { kind: 'crash', when, nth, downMs: chance.pick([10, 3_000, 12_000]), storeLosesMs: null } as const
  const ofApp: Fault = { ...crash, part: 'app', place: chance.pick(['app.send', 'app.send', 'app.connect', 'any']) }
  const ofIssuer: Fault = { ...crash, nth: 1 + chance.below(2), part: 'issuer', place: 'any' }
  const ofSidecar: Fault = { ...crash, part: 'sidecar', place: chance.pick(['app.write', 'link.ask', 'any']) }
  const place = chance.pick(['store.number', 'store.admit', 'vendor.send', 'vendor.answer', 'store.report'] as const)
  const ofLedger: Fault = { ...crash, part: 'ledger', place, storeLosesMs: drawLoss(chance) }
  const ofVendor: Fault = { kind: 'vendor', nth, how: chance.pick(['slow', 'reset after', 'refuse']), byMs: 6_000 }
  return chance.pick<Fault[]>([
    [ofApp],
    [ofApp, ofVendor],
    [ofApp, ofLedger],
    [ofApp, ofSidecar],
    [ofIssuer],
    [ofIssuer, ofLedger],
    [ofVendor],
    [],
  ])
}

/** Nodes start again, and now and then a Pod ends after all. */
export function drawRestartActs(chance: Chance): Act[] {
  const atMs = chance.pick([1, 10]) * chance.between(10, 400)
  const index = chance.below(2)
  const restart: Act = { kind: 'restart node', atMs, index, downMs: chance.pick([10, 3_000, 15_000]) }
  const again: Act = { ...restart, atMs: atMs + chance.between(10, 20_000) }
  const kill: Act = { kind: 'kill pod', atMs: atMs + chance.between(10, 20_000), index }
  return chance.pick<Act[]>([[], [restart], [restart, again], [restart, kill]])
}
