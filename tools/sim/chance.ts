import type { Random } from '../../runtime/random.ts'

/** A seeded source of chance. Each part has one of its own, so that what is left out elsewhere does not shift its draws. */
export class Chance {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(name: string) {
    const mixed = mix(name)
    ;[this.#a, this.#b, this.#c, this.#d] = mixed
    for (let round = 0; round < 12; round += 1) this.#uint32()
  }

  /** 0 ≤ x < 1. */
  next(): number {
    return this.#uint32() / 2 ** 32
  }

  /** A whole number, 0 ≤ x < `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  is(probability: number): boolean {
    return this.next() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** `count` bytes. */
  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count)
    for (let at = 0; at < count; at += 1) bytes[at] = this.#uint32() >>> 24
    return bytes
  }

  /** Small fast counter, 128 bits (sfc32, public domain, PractRand-tested). */
  #uint32(): number {
    const sum = (this.#a + this.#b + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }
}

/** The product's door to chance, over a seeded one. */
export function seededRandom(chance: Chance): Random {
  return {
    hex: (count) => chance.bytes(count).toString('hex'),
    bytes: (count) => chance.bytes(count),
    uuid() {
      const bytes = chance.bytes(16)
      bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
      bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
      const hex = bytes.toString('hex')
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
    },
  }
}

/** FNV-1a over the text, four times with other starts. */
function mix(text: string): [number, number, number, number] {
  const one = (start: number) => {
    let hash = start
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    return hash | 0
  }
  return [one(0x811c9dc5), one(0x1b873593), one(0x2545f491), one(0x5851f42d)]
}
