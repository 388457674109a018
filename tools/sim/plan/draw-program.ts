import type { Chance } from '../chance.ts'
import type { Focus } from './focus.ts'
import { customerOfAct } from './holds.ts'
import type { CallPlan, Step } from './plan.ts'

/** What a call of the vendor that takes no key costs. */
export const GEO_USD = 0.05
const ROOM_USD = 5
const PATIENT = { timeoutMs: 80_000 } as const
const GOES_ON = { again: 0, then: 'go on' } as const

interface Index {
  readonly index: number
  readonly showsQueues: boolean
}

interface Walk extends Index {
  readonly focus: Focus
}

/** What the app of an index does. */
export function drawProgram(chance: Chance, walk: Walk): Step[] {
  switch (walk.focus) {
    case 'none':
      return drawMixed(chance, walk)
    case 'anew':
      return drawWalks(chance, walk)
    case 'gate':
      return drawPatient(chance, walk)
    case 'room':
      return drawRoom(chance, walk)
    case 'takeover':
      return drawTakeover(chance, walk)
    case 'stamped':
      return [1, 2, 3].map(() => drawStamped(chance, walk))
    case 'waking':
    case 'unmarked':
    case 'release':
      return [drawImpatient(chance, walk, 0)]
    case 'misnamed':
      return drawMisnamed(chance, walk)
    case 'read':
      return drawRead(chance, walk)
    case 'told':
      return drawTold(chance, walk)
    case 'instead':
      return drawInstead(chance, walk)
    case 'holds':
      return drawHolds(chance, walk)
    case 'shared':
      return drawShared(chance, walk)
    case 'models':
    case 'streams':
      return drawModelCalls(chance, walk)
    case 'copied':
      return drawOften(chance, walk)
    case 'stall':
      return [0, 1, 2].map((at) => drawImpatient(chance, walk, at))
    default:
      return drawRow(chance, walk)
  }
}

/** A few customers, some of them called again and again with the same content. */
function drawMixed(chance: Chance, { index, showsQueues }: Index): Step[] {
  const callees = Array.from({ length: chance.pick([1, 1, 2, 3]) }, (_, at) => drawCallee(chance, `cus_${index}_${at}`))
  return drawSteps(chance, callees, showsQueues)
}

export function drawSteps(chance: Chance, callees: readonly Callee[], showsQueues: boolean): Step[] {
  const steps: Step[] = []
  for (let left = chance.pick([1, 2, 3, 4]); left > 0; left -= 1) {
    const count = chance.is(0.25) ? chance.pick([2, 3]) : 1
    steps.push({
      kind: 'calls',
      calls: Array.from({ length: count }, () => drawCall(chance, chance.pick(callees), showsQueues)),
    })
    if (chance.is(0.04)) steps.push({ kind: 'begin' })
  }
  return steps
}

/** Often walked through more than once by one app. */
function drawWalks(chance: Chance, walk: Walk): Step[] {
  const steps = drawMixed(chance, walk)
  return chance.is(0.5) ? steps : [...steps, { kind: 'begin' }, ...steps]
}

/** The same call again and again, by an app that does not give up: the hardest to tell apart. */
function drawRow(chance: Chance, { index, showsQueues, focus }: Walk): Step[] {
  const callee = { ...drawCallee(chance, `cus_${index}_0`), isStamped: chance.is(focus === 'declines' ? 0.4 : 0.1) }
  const again = chance.pick([1, 3])
  const length = focus === 'copies' ? 2 : chance.pick([2, 3, 4])
  const row = Array.from({ length }, (): Step => {
    const call = drawCall(chance, callee, showsQueues)
    return { kind: 'calls', calls: [{ ...call, onFailure: { again, then: chance.is(0.8) ? 'end' : 'go on' } }] }
  })
  if (focus === 'rivals') return [drawRivals(chance, callee, showsQueues), ...row]
  if (focus !== 'copies') return row
  // Others go on while copies of what is over come in.
  const last = { ...drawCall(chance, drawCallee(chance, `cus_${index}_1`), showsQueues), ...PATIENT }
  return [...row, ...Array.from({ length: 3 }, (): Step => ({ kind: 'calls', calls: [last] }))]
}

/** Each call is made once and then left alone, so that what is wrongly said of it stays. */
function drawTakeover(chance: Chance, { index, showsQueues }: Index): Step[] {
  const [first, ...others] = [0, 1, 2].map((at) => drawCallee(chance, `cus_${index}_${at}`))
  return [first, first, ...others].flatMap((callee): Step[] => {
    if (callee === undefined) return []
    const call = { ...drawCall(chance, callee, showsQueues), ...PATIENT, sdkRetries: 0, onFailure: GOES_ON }
    return [{ kind: 'calls', calls: [call] }]
  })
}

/** A charge whose body says when it is asked for, by an app that soon asks again. */
function drawStamped(chance: Chance, { index, showsQueues }: Index): Step {
  const callee = { ...drawCallee(chance, `cus_${index}_stamped`), vendor: 'stripe', usd: 2, key: 'none' } as const
  const call = drawCall(chance, { ...callee, isStamped: true }, showsQueues)
  const again: CallPlan = { ...call, sdkRetries: 0, timeoutMs: 1_000, onFailure: { again: 3, then: 'go on' } }
  return { kind: 'calls', calls: [again] }
}

/** A call that may be sent once, by an app that does not wait long and asks again. */
function drawImpatient(chance: Chance, { index, showsQueues }: Index, at: number): Step {
  const callee = { ...drawCallee(chance, `cus_${index}_${at}`), vendor: 'geo', usd: GEO_USD, isStamped: false } as const
  const key = chance.pick(['none', 'uuid', 'named'] as const)
  const call = { ...drawCall(chance, { ...callee, key }, showsQueues), timeoutMs: chance.pick([1_000, 5_000]) }
  const again: CallPlan = { ...call, sdkRetries: 0, onFailure: { again: 8, then: 'end' } }
  return { kind: 'calls', calls: [again] }
}

/** Calls that may be sent once, by an app that comes again; it waits for the first answer however long it takes. */
function drawOften(chance: Chance, walk: Index): Step[] {
  return [0, 1, 2].map((at): Step => {
    const step = drawImpatient(chance, walk, at)
    return at > 0 || step.kind !== 'calls'
      ? step
      : { kind: 'calls', calls: step.calls.map((call) => ({ ...call, ...PATIENT })) }
  })
}

/** Calls in a row, by an app that waits for each answer and comes again. */
function drawPatient(chance: Chance, { index, showsQueues }: Index): Step[] {
  const [first, other] = [0, 1].map((at): CallPlan => {
    const callee = { ...drawCallee(chance, `cus_${index}_${at}`), isStamped: false }
    return { ...drawCall(chance, callee, showsQueues), ...PATIENT, onFailure: { again: 8, then: 'end' } }
  })
  if (first === undefined || other === undefined) return []
  return [first, other, first].map((call): Step => ({ kind: 'calls', calls: [call] }))
}

/** Two that share the room of one: the first is given up, the other takes it, and then the first is wanted again. */
function drawRoom(chance: Chance, { index, showsQueues }: Index): Step[] {
  const [first, other] = ['room', 'other'].map((name): CallPlan => {
    const callee = { ...drawCallee(chance, `cus_${index}_${name}`), vendor: 'stripe', usd: ROOM_USD } as const
    const call = drawCall(chance, { ...callee, key: 'none', isStamped: false }, showsQueues)
    return { ...call, ...PATIENT, sdkRetries: 0, onFailure: GOES_ON }
  })
  if (first === undefined || other === undefined) return []
  const again: CallPlan = { ...first, onFailure: { again: 3, then: 'end' } }
  return [first, other, again].map((call): Step => ({ kind: 'calls', calls: [call] }))
}

/** A call that is made once; or, at the second index, some that take their time. */
function drawTold(chance: Chance, { index, showsQueues }: Index): Step[] {
  const once = (callee: Callee): Step => {
    const call = drawCall(chance, callee, showsQueues)
    return { kind: 'calls', calls: [{ ...call, ...PATIENT, sdkRetries: 0, onFailure: GOES_ON }] }
  }
  const callee = { ...drawCallee(chance, `cus_${index}_told`), isStamped: false, key: 'none' } as const
  const prompt = once({ ...callee, vendor: 'model', usd: 3 })
  if (index === 0 && chance.is(0.4)) return chance.is(0.5) ? [prompt] : [prompt, prompt]
  if (index === 0) return [once({ ...callee, vendor: 'stripe', usd: 2 })]
  const slow = [0, 1, 2].map((at) => ({ ...callee, vendor: 'geo', customer: `cus_1_${at}`, usd: GEO_USD }) as const)
  return slow.map(once)
}

/** Two calls under one key that names what is meant. */
function drawMisnamed(chance: Chance, { index, showsQueues }: Index): Step[] {
  return ['one', 'other'].map((name): Step => {
    const callee = {
      vendor: 'stripe',
      customer: `cus_${index}_${name}`,
      usd: 2,
      key: 'misnamed',
      isStamped: false,
    } as const
    return { kind: 'calls', calls: [{ ...drawCall(chance, callee, showsQueues), onFailure: GOES_ON }] }
  })
}

/** The same again and again, each under a key of its own that its SDK keeps when it asks again. */
function drawRead(chance: Chance, { index, showsQueues }: Index): Step[] {
  const key = chance.pick(['sdk', 'uuid'] as const)
  const callee = { vendor: 'stripe', customer: `cus_${index}_read`, usd: 2, key, isStamped: false } as const
  return [1, 2, 3].map(
    (): Step => ({ kind: 'calls', calls: [{ ...drawCall(chance, callee, showsQueues), ...PATIENT, sdkRetries: 2 }] }),
  )
}

/** One card, and another one when it is declined. */
function drawInstead(chance: Chance, { index, showsQueues }: Index): Step[] {
  const [declined, made] = ['declined', 'instead'].map((name): CallPlan => {
    const callee = { vendor: 'stripe', customer: `cus_${index}_${name}`, usd: 2, isStamped: false } as const
    const call = drawCall(chance, { ...callee, key: chance.pick(['none', 'sdk'] as const) }, showsQueues)
    return { ...call, ...PATIENT, onFailure: { again: chance.pick([0, 2]), then: 'end' } }
  })
  if (declined === undefined || made === undefined) return []
  return [{ kind: 'calls', calls: [{ ...declined, instead: made }] }]
}

/** What each index finds to be done, under a key that names it: whoever comes first does it. */
function drawShared(chance: Chance, { showsQueues }: Index): Step[] {
  const charge = { vendor: 'stripe', customer: 'cus_any_0', usd: 2, key: 'named', isStamped: false } as const
  const lookup = { vendor: 'geo', customer: 'cus_any_1', usd: GEO_USD, key: 'named', isStamped: false } as const
  return Array.from({ length: chance.pick([1, 2, 3]) }, (): Step => {
    const call = drawCall(chance, chance.pick([charge, lookup]), showsQueues)
    return { kind: 'calls', calls: [{ ...call, onFailure: { again: chance.pick([1, 3]), then: 'end' } }] }
  })
}

/** Money that is held first, and then taken or let go; and a charge that needs the room of what is counted once. */
function drawHolds(chance: Chance, { index, showsQueues }: Index): Step[] {
  const draw = (customer: string): CallPlan => {
    const key = chance.pick(['none', 'sdk', 'sdk'] as const)
    const callee = { vendor: 'stripe', customer, usd: chance.pick([1, 2, 5]), key, isStamped: false } as const
    return { ...drawCall(chance, callee, showsQueues), onFailure: { again: chance.pick([1, 3]), then: 'end' } }
  }
  const count = chance.pick([1, 1, 2])
  const held = Array.from({ length: count }, (_, at): CallPlan => {
    const payer = `cus_${index}_${at}`
    const act = chance.pick(['capture', 'cancel'] as const)
    return { ...draw(payer), afterwards: { ...draw(customerOfAct(payer, act)), usd: 0, act } }
  })
  const last = { vendor: 'stripe', customer: `cus_${index}_last`, usd: 2, key: 'none', isStamped: false } as const
  return [...held, drawCall(chance, last, showsQueues)].map((call): Step => ({ kind: 'calls', calls: [call] }))
}

/** Prompts, some of them asked several times at once: as apps take samples. */
function drawModelCalls(chance: Chance, { index, showsQueues, focus }: Walk): Step[] {
  const prompts = Array.from({ length: chance.pick([1, 1, 2]) }, (_, at): Callee => {
    const key = chance.pick(['none', 'none', 'none', 'uuid', 'named'] as const)
    const usd = chance.pick([1, 3, 5])
    const callee = { vendor: 'model', customer: `prompt_${index}_${at}`, usd, key, isStamped: false } as const
    if (focus !== 'streams') return callee
    return { ...callee, stream: { closesAtDone: chance.is(0.6), asksForUsage: chance.is(0.3) } }
  })
  const draw = () => drawCall(chance, chance.pick(prompts), showsQueues)
  return Array.from({ length: chance.pick([1, 2, 3]) }, (): Step => {
    const isSample = chance.is(0.6)
    const first = draw()
    const calls = isSample
      ? Array.from({ length: chance.pick([2, 3, 5]) }, () => first)
      : [first, ...(chance.is(0.3) ? [draw()] : [])]
    return { kind: 'calls', calls }
  })
}

/** Two of one content at once, under keys of their SDK that it keeps over its repeats. */
function drawRivals(chance: Chance, callee: Callee, showsQueues: boolean): Step {
  const rival = {
    ...callee,
    customer: `${callee.customer}_rival`,
    vendor: 'stripe',
    usd: 2,
    key: 'sdk',
    isStamped: false,
  } as const
  const calls = [1, 2].map(() => ({ ...drawCall(chance, rival, showsQueues), sdkRetries: 2, timeoutMs: 80_000 }))
  return { kind: 'calls', calls }
}

export type Callee = Pick<CallPlan, 'vendor' | 'customer' | 'usd' | 'key' | 'isStamped' | 'stream'>

function drawCallee(chance: Chance, customer: string): Callee {
  const vendor = chance.is(0.6) ? 'stripe' : 'geo'
  const isStamped = chance.is(0.15)
  const keys = ['none', 'sdk', 'sdk', 'uuid', ...(isStamped ? [] : (['named'] as const))] as const
  return {
    vendor,
    customer,
    usd: vendor === 'geo' ? GEO_USD : chance.pick([1, 2, 5, 9.99]),
    key:
      vendor === 'geo'
        ? chance.pick(isStamped ? ['none', 'uuid'] : ['none', 'none', 'uuid', 'named'])
        : chance.pick(keys),
    isStamped,
  }
}

export function drawCall(chance: Chance, callee: Callee, showsQueues: boolean): CallPlan {
  return {
    ...callee,
    sdkRetries: callee.vendor === 'geo' && callee.key === 'none' ? 0 : chance.pick([0, 2, 2]),
    timeoutMs: chance.pick([80_000, 80_000, 30_000, 5_000, 1_000]),
    onFailure: { again: chance.pick([0, 0, 1, 3]), then: chance.is(0.6) ? 'end' : 'go on' },
    // Where receive queues do not show, only the end of a connection tells that an idle one was read.
    keepsAlive: chance.is(0.6) && showsQueues,
  }
}
