import { expect } from 'chai'
import { skip } from '../../tools/test/skip.ts'
import { type Level, RunScene, whyNot } from './scene.ts'

const LEVELS: readonly (readonly [name: string, level: Level])[] = [
  ['as root', { isolation: 'root' }],
  ['as a user', { isolation: 'user' }],
  ['without namespaces', { isolation: 'none' }],
  ['as root on the network of the host', { isolation: 'root', network: 'host' }],
]

for (const [name, level] of LEVELS) {
  describe(`jobcap run ${name}`, function () {
    this.timeout(120_000)
    let opened: RunScene | undefined

    before(async function () {
      const reason = await whyNot(level)
      if (reason !== undefined) skip(this, reason)
    })
    after(() => opened?.close())

    it('charges each customer once while app, sidecar and ledger are killed in mid-call', async () => {
      const scene = await RunScene.open(level)
      opened = scene
      const run = scene.run()
      const kills = async () => {
        await scene.killAfter(5, (index) => run.killContainer(index, 'bill'))
        await scene.killAfter(15, (index) => run.killContainer(index, 'jobcap-proxy'))
        await scene.killAfter(25, () => run.killLedger())
      }
      const { exitCode, job, summary } = await Promise.race([kills().then(() => run.end()), run.end()])
      expect(exitCode, run.tail).to.equal(0)
      expect(job.condition).to.equal('Complete')
      expect(scene.charges).to.include({ intended: 40, charged: 40, duplicates: 0, missed: 0 })
      expect(summary).to.include({ settled: 40, inDoubt: 0 })
      expect(await run.find('job.started')).to.include({ isolation: level.isolation })
    })
  })
}

describe('jobcap run without namespaces', function () {
  this.timeout(60_000)

  it('killed in mid-call leaves its ports free, and what it left is continued', async function () {
    const level: Level = { isolation: 'none' }
    const reason = await whyNot(level)
    if (reason !== undefined) skip(this, reason)
    const scene = await RunScene.open(level)
    try {
      const run = scene.run()
      await scene.killAfter(5, async () => {
        run.signal('SIGKILL')
        expect(await run.ended).to.equal(null)
      })
      const { jobUid } = await run.find('job.started')
      const next = scene.run('--continue', jobUid)
      const { job } = await next.end().catch(() => expect.fail(next.tail))
      expect(job.condition).to.equal('Complete')
      expect(scene.charges).to.include({ charged: 40, duplicates: 0 })
    } finally {
      await scene.close()
    }
  })
})
