import { expect } from 'chai'
import { bytesOf } from '../../../store/redis/loaded-script.ts'
import { seeded } from '../stage.ts'

const ROUNDS = 5_000
/** Of one to four bytes in UTF-8, and half a character. */
const TEXTS = ['', 'a', 'zz', 'é', '漢', '😀', '\ud800']

describe('the bytes of a step', () => {
  it('say the length of each word in bytes, whatever characters it holds', () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const random = seeded(seed)
    const pick = () => TEXTS[Math.floor(random() ** 3 * TEXTS.length)] ?? ''
    const word = () => (random() < 0.2 ? Buffer.from([0, 13, 10, 255]) : `${pick()}${pick()}${pick()}`)
    for (let round = 0; round < ROUNDS; round += 1) {
      const words = Array.from({ length: 1 + Math.floor(random() * 5) }, word)
      expect(bytesOf(words).equals(oneByOne(words)), `seed ${seed}: ${JSON.stringify(words)}`).to.equal(true)
    }
  })
})

function oneByOne(words: readonly (string | Buffer)[]): Buffer {
  const parts = words.flatMap((word) => {
    const bytes = Buffer.from(word)
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]
  })
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts])
}
