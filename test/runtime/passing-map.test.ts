import { expect } from 'chai'
import { PassingMap } from '../../runtime/passing-map.ts'

describe('a map for what comes and goes', () => {
  it('holds, replaces and gives up what stands under a key, in the order in which it came', () => {
    const map = new PassingMap<string, { n: number }>()
    map.set('a', { n: 1 })
    map.set('b', { n: 2 })
    map.set('a', { n: 3 })
    expect([map.size, map.has('a'), map.get('a')?.n, map.get('c')]).to.deep.equal([2, true, 3, undefined])
    expect([map.firstKey(), [...map.values()].map(({ n }) => n)]).to.deep.equal(['a', [3, 2]])
    expect([map.take('a')?.n, map.take('a'), map.size, map.firstKey()]).to.deep.equal([3, undefined, 1, 'b'])
    map.clear()
    expect([map.size, map.get('b'), [...map.values()]]).to.deep.equal([0, undefined, []])
  })

  it('goes on over what is left when some of it is taken on the way', () => {
    const map = new PassingMap<number, { n: number }>()
    for (let n = 0; n < 100; n += 1) map.set(n, { n })
    const met: number[] = []
    for (const { n } of map.values()) {
      met.push(n)
      map.take(n)
      map.take(n + 1)
    }
    expect(met).to.deep.equal(Array.from({ length: 50 }, (_, at) => 2 * at))
    expect(map.size).to.equal(0)
  })
})
