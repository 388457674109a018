import { spawn } from 'node:child_process'
import { expect } from 'chai'
import { ended, testCounts } from '../../tools/verify/run-step.ts'

describe('make verify', () => {
  it('takes the counts from the last line only', () => {
    expect(testCounts('1 passed, 2 failed\n12 passed, 3 failed\n')).to.deep.equal({ passed: 12, failed: 3 })
    expect(testCounts('12 passed, 3 failed\nError: then it died\n')).to.equal(undefined)
    expect(testCounts('')).to.equal(undefined)
  })

  it('takes a step for over when its process is, and ends what it left behind', async () => {
    const orphan = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 9)'], { stdio: 'inherit' })`
    const script = `${orphan}; process.exit(3)`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
    child.stdout.resume()
    expect(await ended(child)).to.equal(3)
    expect(child.stdout.readableEnded, 'what was left behind holds this output no more').to.equal(true)
  })
})
