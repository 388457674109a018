import { expect } from 'chai'
import { WHOLE_RULEBOOK } from '../../../store/rules/rulebook.ts'
import type { Setting } from './setting.ts'
import { World } from './world.ts'

/**
 * Two callers, their owners, and what happens around them: every order of their steps, judged after each step by what
 * is true of any story (see truth.ts), and at the end by what was meant.
 */
interface Story {
  readonly name: string
  readonly vendor: 'repeats' | 'once'
  readonly setting?: Setting
  readonly first: string
  readonly second: string
  readonly around: string
  /** What holds however they interleave. */
  readonly end: RegExp
}

const B = 'pod b, b asks D 1.1 as y, y works'

/** One that asks and works step by step, as its vendor has it. */
const stepwise = (vendor: 'repeats' | 'once', end = 'x settles') =>
  ['a asks D 1.1 as x', ...(vendor === 'once' ? ['x marks'] : []), 'x executes', end].join(', ')

const STORIES: readonly Story[] = (['repeats', 'once'] as const).flatMap((vendor): Story[] => [
  { name: 'a lease ends', vendor, first: stepwise(vendor), second: B, around: 'leases run out', end: /^D=1/ },
  { name: 'a revocation', vendor, first: stepwise(vendor), second: B, around: 'revoke', end: /^D=[01]/ },
  vendor === 'repeats'
    ? { name: 'midnight', vendor, first: stepwise(vendor), second: B, around: 'hours 24', end: /^D=1/ }
    : {
        name: 'the end of the Job',
        vendor,
        first: stepwise(vendor),
        second: B,
        around: 'job job-1 ends',
        end: /^D=[01]/,
      },
  {
    name: 'the last dollar, another content, a raise',
    vendor,
    setting: { capUsd: 1 },
    first: stepwise(vendor),
    second: 'c asks E 1.1 as y, y works',
    around: 'raise 2',
    end: /^(D=1 E=0 spent=1|D=0 E=1 spent=1|D=1 E=1 spent=2)$/,
  },
  {
    name: 'a refused connection beside a takeover',
    vendor,
    first: 'a asks D 1.1 as x, x unsent',
    second: B,
    around: 'leases run out',
    end: /^D=[01]/,
  },
  {
    name: 'a takeover that finds the vendor closed',
    vendor,
    first: stepwise(vendor),
    second: B.replace('works', 'unsent'),
    around: 'leases run out',
    end: /^D=[01]/,
  },
  {
    name: 'no answer beside a takeover',
    vendor,
    first: stepwise(vendor, 'x unknown'),
    second: B,
    around: 'leases run out',
    end: /^D=1/,
  },
  {
    name: 'a reaper beside both',
    vendor,
    first: stepwise(vendor),
    second: 'a asks D 1.2 as y, y works',
    around: `leases run out, reaper takes x as r${vendor === 'once' ? '' : ', r works'}`,
    end: /^D=[01]/,
  },
])

describe('every interleaving of two callers', function () {
  this.timeout(120_000)

  for (const { name, vendor, setting, first, second, around, end } of STORIES) {
    it(`${name} (${vendor})`, async () => {
      let world = await World.open({ ...setting, vendor, isAnyOrder: true }, WHOLE_RULEBOOK)
      for (const order of interleavings(first.split(', '), second.split(', '), around.split(', '))) {
        try {
          for (const line of ['pod a', 'pod c index=1', ...order]) await world.step(line)
          expect(await world.outcome()).to.match(end)
        } catch (fault) {
          throw new Error(order.join('\n'), { cause: fault })
        }
        world = world.next({ ...setting, vendor, isAnyOrder: true })
      }
      await world.store.close()
    })
  }
})

/** All orders that keep the order within each of the lists. */
function interleavings(...lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const going = lists.filter((list) => list.length > 0)
  if (going.length === 0) return [[]]
  return going.flatMap((list) => {
    const rest = going.map((other) => (other === list ? other.slice(1) : other))
    return interleavings(...rest).map((order) => [...list.slice(0, 1), ...order])
  })
}
