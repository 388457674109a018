import { expect } from 'chai'
import { asJobUid } from '../../../contract/ids.ts'
import type * as S from '../../../store/store.ts'
import { type OpenStore, type PodPlan, Stage, told, usd } from '../stage.ts'

const RUN = '8a1d5f0e-0000-8000-8000-000000000007'

export function suiteOfRunKeys(open: OpenStore): void {
  let stage: Stage
  beforeEach(async () => {
    stage = await Stage.open(open)
  })
  afterEach(() => stage.store.close())

  const keyed = (job: string, more: PodPlan = {}): PodPlan => ({ job, keyedRun: RUN, ...more })
  const end = (job: string) => stage.store.endJob(asJobUid(job) as string as S.RunRow['runUid'], asJobUid(job))
  const gist = (answer: S.AdmitPodAnswer) =>
    answer.status === 'REFUSED' ? `${answer.refusal.code}: ${answer.refusal.message}` : String(answer.run.runUid)

  it('the first Job opens the run of the key, all its Pods find it', async () => {
    expect(gist(await stage.exchange('a', keyed('job-1')))).to.equal(RUN)
    expect(gist(await stage.exchange('b', keyed('job-1', { index: 1 })))).to.equal(RUN)
    expect(gist(await stage.exchange('x', { job: 'without' }))).to.equal('without')
  })

  it('a second Job is refused while the first lives, and afterwards replays what was charged and goes on', async () => {
    const a = await stage.pod('a', keyed('job-1', { terms: { capUsdMicros: usd(10) } }))
    const { ref } = await stage.send(a)
    await stage.settle(ref)
    expect(gist(await stage.exchange('b', keyed('job-2')))).to.match(/^continue_running: .*job-1-name/)
    await end('job-1')
    const b = await stage.pod('b', keyed('job-2', { terms: { capUsdMicros: usd(20) } }))
    expect(b.runUid).to.equal(RUN)
    expect(told(await stage.ask(b))).to.equal('REPLAY n=1')
    expect(told(await stage.ask(b, { content: 'E' }))).to.equal('SEND n=1')
    expect((await stage.store.findKey(b.keyId))?.capUsdMicros).to.equal(usd(20))
    expect((await stage.store.listRuns({})).map(({ jobs }) => jobs.map(({ uid }) => uid))).to.deep.equal([
      ['job-1', 'job-2'],
    ])
    expect(told(await stage.ask(a, { content: 'F' }))).to.equal('REFUSED key_ended')
  })

  for (const [what, more, refused] of [
    ['another policy', { policyName: 'strict' }, /^continue_mismatch: .*policy/],
    ['other completions', { completions: 3 }, /^continue_mismatch: .*completions/],
  ] as const) {
    it(`a later Job with ${what} is refused, the field named`, async () => {
      await stage.pod('a', keyed('job-1'))
      await end('job-1')
      expect(gist(await stage.exchange('b', keyed('job-2', more)))).to.match(refused)
      expect(await stage.store.listRuns({})).to.have.length(1)
    })
  }

  it('what a person revoked stays so under its key', async () => {
    const a = await stage.pod('a', keyed('job-1'))
    await stage.store.revokeKey(a.keyId)
    await end('job-1')
    expect(gist(await stage.exchange('b', keyed('job-2')))).to.match(/^continue_revoked/)
  })

  it('of Jobs that come at once, also under two policies, one opens it and the others are refused', async () => {
    const answers = await Promise.all([
      stage.exchange('a', keyed('job-1')),
      stage.exchange('b', keyed('job-2')),
      stage.exchange('c', keyed('job-3', { policyName: 'strict' })),
    ])
    expect(answers.filter(({ status }) => status === 'ADMITTED')).to.have.length(1)
    for (const refused of answers.filter(({ status }) => status === 'REFUSED')) {
      expect(gist(refused)).to.match(/^continue_(running|mismatch)/)
    }
    expect(await stage.store.listRuns({})).to.have.length(1)
  })
}
