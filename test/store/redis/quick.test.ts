import { expect } from 'chai'
import { runAccount } from '../../../store/rules/accounts.ts'
import { freshStores } from '../../redis/fresh-store.ts'
import { redisOfTests } from '../../redis/redis-of-tests.ts'
import { type PodsCaller, START_MS, Stage, seenFact, told, usd } from '../stage.ts'

describe('the quick scripts', function () {
  this.timeout(60_000)
  const redis = redisOfTests()
  let stage: Stage
  let pod: PodsCaller
  /** Names of the scripts that have run. */
  const ran = new Set<string>()
  const noting = (lua: string) => {
    ran.add(/^-- (\w+):/.exec(lua)?.[1] ?? '')
    return lua
  }

  beforeEach(async () => {
    stage = await Stage.open(freshStores(() => ({ url: redis().url, ports: [redis().port] }), noting))
    pod = await stage.pod('a', { terms: { capUsdMicros: usd(10) } })
    ran.clear()
  })
  afterEach(() => stage.store.close())

  it('are all that runs for calls that are new, answered and read', async () => {
    for (const content of ['one', 'two', 'three']) {
      const { ref } = await stage.send(pod, { content, core: `core of ${content}` })
      await stage.settle(ref, { object: `pi_${content}`, totalUsdMicros: usd(1) })
    }
    const facts = ['one', 'two', 'three'].map((content) => seenFact(content, 1))
    await stage.store.recordSeen(pod.pod, stage.store.historyId, facts)
    expect([...ran]).to.deep.equal(['jobcapQuickNumber', 'jobcapQuickReport', 'jobcapQuickSeen'])
    await stage.store.endJob(pod.runUid, pod.pod.jobUid)
    expect((await stage.events()).at(-1)).to.include({ event: 'run.closed', effectsNoPodSaw: 0 })
  })

  it('answer with the very row that is then on record', async () => {
    const answered = await stage.ask(pod, { content: 'one', core: 'c' })
    if (answered.status !== 'SEND') throw new Error(told(answered))
    const { call } = answered
    expect(await stage.store.findCall(call.callId)).to.deep.equal(call)
    const [nonce] = call.open
    if (nonce === undefined) throw new Error('no send is open')
    const ref = { callId: call.callId, epoch: call.epoch, gen: call.gen, nonce }
    const reported = await stage.settle(ref, { object: 'pi_1', totalUsdMicros: usd(1) })
    expect([...ran]).to.deep.equal(['jobcapQuickNumber', 'jobcapQuickReport'])
    expect(await stage.store.findCall(call.callId)).to.deep.equal(reported.call)
  })

  it('note which token read an answer: its own repeat is no new call', async () => {
    const key = { kind: 'token', value: 't1' } as const
    const { ref } = await stage.send(pod, { content: 'one', key })
    await stage.settle(ref)
    ran.clear()
    await stage.store.recordSeen(pod.pod, stage.store.historyId, [seenFact('one', 1, { token: 't1' })])
    expect([...ran]).to.deep.equal(['jobcapQuickSeen'])
    expect(told(await stage.ask(pod, { content: 'one', key }))).to.match(/^REPLAY/)
  })

  // What the random steps of `fuzz.test.ts` seldom come to.
  it('leave alone a new call of an attempt that was replaced', async () => {
    await stage.pod('b')
    expect(told(await stage.ask(pod))).to.equal('REFUSED stale_attempt')
  })

  it('leave alone a late copy of a request that was refused', async () => {
    expect(told(await stage.ask(pod, { ord: [1, 5], usd: 11 }))).to.equal('REFUSED cap_exhausted')
    expect(told(await stage.ask(pod, { ord: [1, 4] }))).to.equal('REFUSED stale_request')
  })

  for (const level of ['policy_day', 'policy_vendor_day', 'policy_namespace_day'] as const) {
    it(`leave alone a call for which ${level} has no room`, async () => {
      const limits = [{ level, limitUsdMicros: usd(3) }]
      await stage.send(pod, { content: 'one', usd: 2, limits })
      expect(told(await stage.ask(pod, { content: 'two', usd: 2, limits }))).to.equal('REFUSED cap_exhausted')
      expect(told(await stage.ask(pod, { content: 'three', usd: 1, limits }))).to.equal('SEND n=1')
    })
  }

  it('leave alone a call of a run that has spent its day, or all of it', async () => {
    const b = await stage.pod('b', { job: 'job-2', terms: { dailyCapUsdMicros: usd(3) } })
    await stage.send(b, { content: 'one', usd: 2 })
    expect(told(await stage.ask(b, { content: 'two', usd: 2 }))).to.equal('REFUSED cap_exhausted')
    await stage.send(pod, { content: 'one', usd: 6 })
    expect(told(await stage.ask(pod, { content: 'two', usd: 6 }))).to.equal('REFUSED cap_exhausted')
  })

  it('leave alone a call whose key has expired', async () => {
    const b = await stage.pod('b', { job: 'job-2', expiresAtMs: START_MS + 1_000 })
    await stage.send(b, { content: 'one' })
    stage.clock.pass(1_000)
    expect(told(await stage.ask(b, { content: 'two' }))).to.equal('REFUSED key_expired')
  })

  it('leave alone an answer to a send of an older key', async () => {
    const first = await stage.send(pod)
    await stage.settle(first.ref, { status: 402, hasEffect: false })
    const second = await stage.send(await stage.pod('b'))
    expect([first.ref.gen, second.ref.gen]).to.deep.equal([0, 1])
    expect(await stage.settle(first.ref)).to.include({ status: 'noted', isAlarm: true })
  })

  it('leave alone an answer that was read before it is on record', async () => {
    const { ref } = await stage.send(pod)
    await stage.store.recordSeen(pod.pod, stage.store.historyId, [seenFact('D', 1)])
    await stage.settle(ref)
    await stage.store.endJob(pod.runUid, pod.pod.jobUid)
    expect((await stage.events()).at(-1)).to.include({ event: 'run.closed', effectsNoPodSaw: 0 })
  })

  it('leave alone an object that another call has paid for', async () => {
    for (const content of ['create', 'confirm']) {
      const { ref } = await stage.send(pod, { content })
      await stage.settle(ref, { object: 'pi_1', totalUsdMicros: usd(1) })
    }
    expect((await stage.store.balance(runAccount(pod.runUid))).spentUsdMicros).to.equal(usd(1))
  })
})
