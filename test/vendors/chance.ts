import { readEnvironment } from '../../runtime/environment.ts'
import { systemRandom } from '../../runtime/random.ts'

/** Reproducible chance for one random test. */
export interface Chance {
  /** A whole number from 0 to `below - 1`. */
  below(below: number): number
  pick<Item>(items: readonly Item[]): Item
}

/** New in each run; `SEED=… npx mocha test/vendors/<file>` runs a case again. */
export const SEED = Number(readEnvironment()['SEED'] ?? Number.parseInt(systemRandom.hex(4), 16))

/** Mulberry32. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (limit: number): number => next() % limit
  return {
    below,
    pick(items) {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
  }
}

export function shuffled<Item>(items: readonly Item[], chance: Chance): Item[] {
  const result = [...items]
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = chance.below(at + 1)
    const [left, right] = [result[at], result[other]]
    if (left === undefined || right === undefined) throw new Error('a place without an item')
    result[at] = right
    result[other] = left
  }
  return result
}
