import { expect } from 'chai'
import { asJobUid } from '../../../contract/ids.ts'
import { type OpenStore, type PodsCaller, type Stage, told, usd } from '../stage.ts'
import { withPod } from './with-pod.ts'

export function suiteOfWhatIsAsked(open: OpenStore): void {
  let stage: Stage
  let a: PodsCaller
  withPod(open, (fresh, pod) => {
    stage = fresh
    a = pod
  })

  describe('what is asked of runs', () => {
    it('the run of a Job is found by its UID and by its name, in its own namespace only', async () => {
      await stage.store.endJob(a.runUid, asJobUid('job-1'))
      await stage.pod('b', { job: 'job-2', continues: 'job-1' })
      const found = async (namespace: string, job: string) => (await stage.store.findRunOfJob(namespace, job))?.runUid
      for (const job of ['job-1', 'job-2', 'job-1-name', 'job-2-name']) {
        expect(await found('billing', job), job).to.equal(a.runUid)
        expect(await found('other', job), `${job} elsewhere`).to.equal(undefined)
      }
      expect(await found('billing', 'job-3')).to.equal(undefined)
    })

    it('of a name that was used twice the newest Job counts, also under another policy', async () => {
      stage.clock.pass(1_000)
      const plan = { job: 'job-3', policyName: 'strict' }
      await stage.pod('b', plan)
      expect((await stage.store.findRunOfJob('billing', 'job-3-name'))?.policyName).to.equal('strict')
      expect((await stage.store.findRunOfJob('billing', 'job-1-name'))?.policyName).to.equal('default')
    })

    it('living runs are those with a Job that has not ended', async () => {
      await stage.pod('b', { job: 'job-2' })
      await stage.store.endJob(a.runUid, asJobUid('job-1'))
      const living = async () => (await stage.store.listRuns({ isLiving: true })).map(({ runUid }) => runUid as string)
      expect(await living()).to.deep.equal(['job-2'])
      await stage.pod('c', { job: 'job-3', continues: 'job-1' })
      expect((await living()).toSorted()).to.deep.equal(['job-1', 'job-2'])
      expect(await stage.store.listRuns({ isLiving: true, namespace: 'other' })).to.deep.equal([])
    })

    it('calls, replays, refusals by a cap and doubts are counted, of this run alone', async () => {
      const paid = await stage.send(a, { content: 'D', usd: 4 })
      await stage.settle(paid.ref, { totalUsdMicros: usd(4) })
      const lost = await stage.send(a, { content: 'E', usd: 1 })
      await stage.unknown(lost.ref)
      const b = await stage.pod('b')
      expect(told(await stage.ask(b, { content: 'D', usd: 4 }))).to.equal('REPLAY n=1')
      expect(told(await stage.ask(b, { content: 'F', usd: 7 }))).to.equal('REFUSED cap_exhausted')
      const read = await stage.store.admitRead({
        caller: b,
        vendor: 'stripe',
        identity: stage.identity({ content: 'R' }),
        endpoint: null,
      })
      if (typeof read === 'string') await stage.store.closeRead(read, 200)
      const other = await stage.pod('c', { job: 'job-2' })
      await stage.settle((await stage.send(other, { usd: 1 })).ref)
      expect(await stage.store.countCalls(a.runUid)).to.deep.equal({
        calls: 1,
        inDoubt: 1,
        replays: 1,
        refusedByCap: 1,
      })
      expect(await stage.store.countCalls('nobody' as typeof a.runUid)).to.equal(undefined)
    })
  })
}
