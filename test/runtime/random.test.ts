import { expect } from 'chai'
import { systemRandom } from '../../runtime/random.ts'

describe('chance', () => {
  it('is never handed out twice, across the fetches that it comes from', () => {
    const count = 20_000
    const drawn = new Set<string>()
    for (let at = 0; at < count; at += 1) drawn.add(systemRandom.hex(8 + (at % 9)).slice(0, 16))
    expect(drawn.size).to.equal(count)
  })

  it('is as long as it was asked for, also beyond what is fetched at once', () => {
    for (const bytes of [1, 12, 4_095, 4_096, 4_097, 10_000]) {
      const drawn = systemRandom.bytes(bytes)
      expect(drawn).to.have.length(bytes)
      if (bytes > 10) expect(drawn.equals(Buffer.alloc(bytes))).to.equal(false)
    }
  })

  it('stays what it was when more is drawn', () => {
    const first = systemRandom.bytes(16)
    const copy = Buffer.from(first)
    for (let at = 0; at < 1_000; at += 1) systemRandom.bytes(16)
    expect(first.equals(copy)).to.equal(true)
  })
})
