import { expect } from 'chai'
import { testCounts } from '../../tools/verify/run-step.ts'

describe('make verify', () => {
  it('takes the counts from the last line only', () => {
    expect(testCounts('1 passed, 2 failed\n12 passed, 3 failed\n')).to.deep.equal({ passed: 12, failed: 3 })
    expect(testCounts('12 passed, 3 failed\nError: then it died\n')).to.equal(undefined)
    expect(testCounts('')).to.equal(undefined)
  })
})
