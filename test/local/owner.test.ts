import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { isOwnerAlive, markOf } from '../../local/owner.ts'

describe('the mark of a process', () => {
  it('holds while the process runs, and not when it has ended', async () => {
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
    const mark = markOf(child.pid ?? 0) ?? expect.fail('no mark')
    expect(isOwnerAlive(mark)).to.equal(true)
    child.stdin.end()
    await once(child, 'exit')
    expect(isOwnerAlive(mark)).to.equal(false)
    expect(markOf(child.pid ?? 0)).to.equal(undefined)
  })

  it('does not hold for a later process of the same number', () => {
    const mark = markOf(process.pid) ?? expect.fail('no mark')
    expect(isOwnerAlive(mark)).to.equal(true)
    expect(isOwnerAlive(`${process.pid}-1`)).to.equal(false)
  })

  for (const text of ['', '0-', '-1-', String(process.pid), 'node']) {
    it(`${JSON.stringify(text)} marks nobody`, () => {
      expect(isOwnerAlive(text)).to.equal(false)
    })
  }
})
