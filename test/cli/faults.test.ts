import { writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { EXIT, endingOf } from '../../cli/faults.ts'

describe('how a command ends after a fault', () => {
  it('a full disk: with what to do, and how the Job that had begun goes on', () => {
    let ending: ReturnType<typeof endingOf> | undefined
    try {
      writeFileSync('/dev/full', 'x')
    } catch (fault) {
      ending = endingOf(fault, 'run')
    }
    expect(ending?.exitCode).to.equal(EXIT.unavailable)
    expect(ending?.text).to.match(/^jobcap run: ENOSPC: .*\n {2}Make room on the disk of --state, .*--continue/)
  })
})
