import { expect } from 'chai'
import { diff } from '../../webhook/plan.ts'
import { applyPatch } from './apply-patch.ts'

describe('JSON patch', () => {
  const TABLE: readonly (readonly [name: string, before: unknown, after: unknown, patch: unknown])[] = [
    ['nothing for what is equal', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
    ['an added member', {}, { a: 1 }, [{ op: 'add', path: '/a', value: 1 }]],
    ['a removed member', { a: 1 }, {}, [{ op: 'remove', path: '/a' }]],
    ['null that becomes a list', { a: null }, { a: [] }, [{ op: 'replace', path: '/a', value: [] }]],
    ['names with / and ~', { 'a/b~c': 1 }, { 'a/b~c': 2 }, [{ op: 'replace', path: '/a~1b~0c', value: 2 }]],
    ['the name ~1', { '~1': 1 }, {}, [{ op: 'remove', path: '/~01' }]],
    ['an item at the front', ['b'], ['a', 'b'], [{ op: 'add', path: '/0', value: 'a' }]],
    ['an item at the end', ['a'], ['a', 'b'], [{ op: 'add', path: '/1', value: 'b' }]],
    ['an item in the middle', ['a', 'c'], ['c'], [{ op: 'remove', path: '/0' }]],
    [
      'a change inside a named item that moved back',
      [{ name: 'x', v: 1 }],
      [{ name: 'n' }, { name: 'x', v: 2 }],
      [
        { op: 'add', path: '/0', value: { name: 'n' } },
        { op: 'replace', path: '/1/v', value: 2 },
      ],
    ],
  ]
  for (const [name, before, after, patch] of TABLE) {
    it(`writes ${name}`, () => {
      expect(diff(before, after)).to.deep.equal(patch)
      expect(applyPatch(before, diff(before, after))).to.deep.equal(after)
    })
  }

  for (let seed = 1; seed <= 300; seed += 1) {
    const random = randomOf(seed)
    const [before, after] = [randomValue(random, 0), randomValue(random, 0)]
    it(`leads from any value to any other (seed ${seed})`, () => {
      expect(applyPatch(before, diff(before, after))).to.deep.equal(after)
    })
  }
})

type RandomBelow = (limit: number) => number

/** A small linear congruential generator: the same numbers for the same seed. */
function randomOf(seed: number): RandomBelow {
  let state = seed
  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * limit)
  }
}

function randomValue(random: RandomBelow, depth: number): unknown {
  const kind = random(depth > 3 ? 3 : 6)
  const many = Array.from({ length: random(4) })
  if (kind === 0) return null
  if (kind === 1) return random(3)
  if (kind === 2) return ['x', 'y/z', '~'][random(3)]
  if (kind === 3) return many.map(() => randomValue(random, depth + 1))
  const names = ['name', 'a/b', '~0', 'c']
  return Object.fromEntries(
    many.map((_, at) => {
      const name = names[(at + random(2)) % names.length] ?? ''
      return [name, name === 'name' ? ['p', 'q'][random(2)] : randomValue(random, depth + 1)]
    }),
  )
}
