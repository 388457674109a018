import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { bytesOf, StepCommand } from '../../../store/redis/loaded-script.ts'
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

describe('a step that was answered', () => {
  it('is not kept with its words and its reply until a full collection', async () => {
    await answeredSteps(100)
    collectYoung()
    const before = oldGenerationBytes()
    await answeredSteps(STEPS)
    collectYoung()
    expect(oldGenerationBytes() - before).to.be.below((STEPS * KEPT_BYTES) / 4)
  })
})

const STEPS = 1_000
const KEPT_BYTES = 4_096

async function answeredSteps(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const words = Array.from({ length: KEPT_BYTES / 8 }, () => at)
    const step = new StepCommand(['sha', '0'], () => Buffer.from(words))
    step.resolve([])
    await step.promise
  }
}

function oldGenerationBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? Number.NaN
}

/** Twice: what outlives the first moves to the old generation with the second. */
function collectYoung(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void
  collect({ type: 'minor' })
  collect({ type: 'minor' })
}

function oneByOne(words: readonly (string | Buffer)[]): Buffer {
  const parts = words.flatMap((word) => {
    const bytes = Buffer.from(word)
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]
  })
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts])
}
