import { expect } from 'chai'
import { memoryLimitBytes, roomBytes } from '../../runtime/memory-limit.ts'

const MIB = 1024 * 1024

describe('the memory of a process', () => {
  it('leaves room for what is large above the process itself, by what a byte of it comes to', () => {
    const shape = { restMib: 100, bytesPerByte: 4 }
    expect(roomBytes(192 * MIB, shape)).to.equal(23 * MIB)
    expect(roomBytes(64 * MIB, shape), 'one at a time').to.equal(0)
    expect(roomBytes(1e15, shape), 'a machine without a limit').to.equal(512 * MIB)
  })

  it('is known', () => {
    expect(memoryLimitBytes()).to.be.within(64 * MIB, 2 ** 50)
  })
})
