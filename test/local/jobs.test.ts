import { expect } from 'chai'
import { skip } from '../../tools/test/skip.ts'
import { openTestMachine, startManifest, type TestMachine } from './machine.ts'
import { askedOf, outcomes, shown, smallJob, smallJobs } from './outcomes.ts'

/** Jobs whose outcome rests on what the weakest level leaves out. */
const NOT_WITHOUT_NAMESPACES: Readonly<Record<string, string>> = {
  volumes: 'without namespaces no volume is read-only',
  'work-queue': 'without namespaces Pods run one at a time, and a work queue needs two at once',
}

describe('small Jobs come to the outcome that a cluster gives them', () => {
  let machine: TestMachine

  before(async () => {
    const opened = await openTestMachine()
    if (opened === undefined) throw new Error('no machine')
    machine = opened
  })

  after(() => machine.close())

  it('every Job of the folder has an outcome, and every outcome its Job', () => {
    expect(smallJobs().sort()).to.deep.equal(Object.keys(outcomes).sort())
  })

  for (const [name, outcome] of Object.entries(outcomes)) {
    it(`${name}: ${outcome.condition}, ${outcome.reason}`, async function () {
      const reason = machine.machine.isolation.level === 'none' ? NOT_WITHOUT_NAMESPACES[name] : undefined
      if (reason !== undefined) skip(this, reason)
      const { run } = startManifest(machine.machine, smallJob(name))
      const ended = await run.result
      const asked = askedOf(name, ended)
      expect(shown(ended, asked)).to.deep.equal(asked)
    })
  }
})
