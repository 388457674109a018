import type { Fault } from '../../fake-vendors/faults.ts'
import type { Match } from '../../fake-vendors/match.ts'
import { chanceOf, shuffled } from '../../test/vendors/chance.ts'

export type Victim = 'app' | 'sidecar' | 'ledger' | 'redis'

/** One process is killed, or stopped for a while. */
export interface Blow {
  readonly victim: Victim
  /** Of several, which: taken modulo their number at that moment. */
  readonly which: number
  /** Falls when so many charges have happened, and so much later. */
  readonly afterCharges: number
  readonly afterMs: number
  /** SIGKILL; or SIGSTOP, and SIGCONT after so long. */
  readonly stopMs: number | null
}

/** The vendor spoils one of the calls that match, after so many that it did not. */
export interface VendorFault {
  readonly fault: Fault
  readonly skip: number
  readonly match?: Match
}

export interface Plan {
  readonly seed: number
  readonly charges: readonly Charge[]
  readonly blows: readonly Blow[]
  readonly faults: readonly VendorFault[]
}

/** One intended charge of the Pod with this index; two alike are meant as two. */
export interface Charge {
  readonly index: number
  readonly customer: string
  readonly cents: number
}

export const COMPLETIONS = 100
const CHARGES_PER_POD = 4
/** One Pod in so many charges the same customer the same amount twice. */
const TWICE_EVERY = 5
const LONGEST_PAUSE_MS = 400
/** Longer than a lease, so that another owner takes over. */
const LEDGER_STOP_MS = 12_000
const SHORT_STOP_MS = 3_000

const KILLS: readonly Victim[] = [
  ...Array<Victim>(4).fill('ledger'),
  ...Array<Victim>(4).fill('sidecar'),
  ...Array<Victim>(4).fill('app'),
  ...Array<Victim>(2).fill('redis'),
]
const STOPS: readonly Victim[] = ['ledger', 'ledger', 'sidecar', 'sidecar', 'app', 'redis']

/** A 500 that is saved under the key is not among them: that takes a person. */
const FAULTS: readonly Fault[] = [
  { kind: 'reset', when: 'before' },
  { kind: 'reset', when: 'after' },
  { kind: 'half', when: 'after' },
  { kind: 'garbage', when: 'after' },
  { kind: 'silence', when: 'after' },
  { kind: 'silence', when: 'before' },
  { kind: 'delay', when: 'after', delayMs: 2_000, keyBusy: true },
  { kind: 'answer', when: 'before', status: 429 },
  { kind: 'answer', when: 'before', status: 503 },
]
/** Only where nothing has happened yet: a vendor does not decline what it has carried out. */
const DECLINE: Fault = { kind: 'answer', when: 'before', status: 402, saved: true }

/** The same for the same seed. Without `hasRedis` nobody kills one. */
export function planOf(seed: number, { hasRedis }: { readonly hasRedis: boolean }): Plan {
  const chance = chanceOf(seed)
  const charges = Array.from({ length: COMPLETIONS }, (_, index) =>
    Array.from({ length: CHARGES_PER_POD }, (_unused, at) => {
      const isTwin = index % TWICE_EVERY === 0 && at > 0
      const number = index * CHARGES_PER_POD + (isTwin ? at - 1 : at)
      return { index, customer: `cus_${number}`, cents: 100 + (number % 900) }
    }),
  ).flat()
  const there = (victim: Victim) => hasRedis || victim !== 'redis'
  const blow = (victim: Victim, stopMs: number | null): Blow => ({
    victim,
    which: chance.below(1_000),
    afterCharges: 1 + chance.below(charges.length - 10),
    afterMs: chance.below(LONGEST_PAUSE_MS),
    stopMs,
  })
  const stopMs = (victim: Victim) =>
    victim === 'ledger' ? 500 + chance.below(LEDGER_STOP_MS) : 200 + chance.below(SHORT_STOP_MS)
  const blows = [
    ...KILLS.filter(there).map((victim) => blow(victim, null)),
    ...STOPS.filter(there).map((victim) => blow(victim, stopMs(victim))),
  ]
  return {
    seed,
    charges,
    blows: blows.toSorted((left, right) => left.afterCharges - right.afterCharges),
    faults: [
      ...shuffled([...FAULTS, ...FAULTS], chance).map((fault) => ({ fault, skip: chance.below(charges.length - 20) })),
      ...[chance.pick(charges), chance.pick(charges)].map(firstIsDeclined),
    ],
  }
}

function firstIsDeclined({ customer }: Charge): VendorFault {
  return { fault: DECLINE, skip: 0, match: { body: { customer } } }
}
