import { expect } from 'chai'
import { asJobUid, asKeyId, asRunUid } from '../../../contract/ids.ts'
import { runAccount } from '../../../store/rules/accounts.ts'
import type * as S from '../../../store/store.ts'
import { type OpenRecoverable, type PodsCaller, Stage, told, usd } from '../stage.ts'

/** What a journal says of keys and runs is replayed into a store that has lost it, or some of it. */
export function suiteOfMergedStanding(open: OpenRecoverable): void {
  let stage: Stage
  let a: PodsCaller
  let store: S.RecoverableStore

  beforeEach(async () => {
    stage = await Stage.open(async (options) => {
      store = await open(options)
      return store
    })
    a = await stage.pod('a', { terms: { capUsdMicros: usd(10) } })
  })
  afterEach(() => stage.store.close())

  const now = async (keyId = a.keyId): Promise<S.JournalledStanding> => {
    const key = await store.findKey(keyId)
    if (key === undefined) throw new Error(`${keyId} is not on record`)
    return { key, run: (await store.findRun(key.runUid)) ?? null }
  }
  type Changed = { readonly key?: Partial<S.KeyRow>; readonly run?: Partial<S.RunRow> }
  /** As the journal has it after a further change, which the store has lost. */
  const later = async (changed: Changed): Promise<S.JournalledStanding> => {
    const { key, run } = await now()
    return {
      key: { ...key, version: key.version + 1, ...changed.key },
      run: run === null ? null : { ...run, ...changed.run },
    }
  }
  const jobs = (...told: readonly (readonly [uid: string, isEnded: boolean])[]): S.RunJob[] =>
    told.map(([uid, isEnded]) => ({ uid: asJobUid(uid), name: `${uid}-name`, isEnded }))
  const events = async () => (await stage.events()).map(({ event }) => event)

  it('each change of a key and its run makes its version higher', async () => {
    const versions = [(await now()).key.version]
    const noted = async () => versions.push((await now()).key.version)
    await store.setLimits(a.keyId, { capUsdMicros: usd(20) })
    await noted()
    await store.endJob(a.runUid, a.pod.jobUid)
    await noted()
    await stage.pod('b', { job: 'job-2', continues: 'job-1' })
    await noted()
    await store.revokeKey(a.keyId)
    await noted()
    await store.revokeKey(a.keyId)
    expect(versions).to.deep.equal([1, 2, 3, 4, 5])
    expect((await now()).key.version).to.equal(5)
  })

  it('a call that is put back before its run is found by the label of the run from then on', async () => {
    const lost = await now()
    const { call, ref } = await stage.send(a)
    const journalled: S.JournalledCall = {
      ...{ row: call, token: null, limits: [], epoch: call.epoch, open: [ref.nonce], closed: [], answer: null },
    }
    await store.close()
    stage = await Stage.open(async (options) => {
      store = await open(options)
      return store
    })
    await store.merge(journalled)
    await store.mergeStanding(lost)
    await stage.settle({ ...ref, epoch: call.epoch + 1 })
    const found = (await stage.events()).map(({ event, actor }) => [event, actor.label])
    expect(found).to.deep.equal([
      ['call.in_doubt', null],
      ['run.opened', 'billing/job-1-name'],
      ['call.settled', 'billing/job-1-name'],
    ])
  })

  describe('revoked means revoked', () => {
    it('a revocation that was lost holds again: calls, joins and replays are refused', async () => {
      const { ref } = await stage.send(a)
      await stage.settle(ref)
      await store.mergeStanding(await later({ key: { status: 'revoked', endedAtMs: stage.clock.wallMs } }))
      expect(told(await stage.ask(a))).to.equal('REFUSED key_revoked')
      expect(told(await stage.ask(a, { content: 'new' }))).to.equal('REFUSED key_revoked')
      expect((await events()).filter((event) => event === 'key.revoked')).to.have.length(1)
    })

    it('also where the store has seen newer changes of the key', async () => {
      const revoked = await later({ key: { status: 'revoked' } })
      await store.setLimits(a.keyId, { capUsdMicros: usd(20) })
      await store.setLimits(a.keyId, { capUsdMicros: usd(30) })
      await store.mergeStanding(revoked)
      expect((await now()).key).to.include({ status: 'revoked', capUsdMicros: usd(30) })
    })

    it('a row of before the revocation does not revive the key', async () => {
      const before = await later({})
      await store.revokeKey(a.keyId)
      await store.mergeStanding({ ...before, key: { ...before.key, version: 99 } })
      expect((await now()).key).to.include({ status: 'revoked', version: 99 })
      expect(told(await stage.ask(a))).to.equal('REFUSED key_revoked')
    })

    it('what was never sent is released; what may have left stays in flight', async () => {
      const unsent = await stage.send(a, { content: 'unsent', repeat: { kind: 'never' } })
      const sent = await stage.send(a, { content: 'sent' })
      stage.clock.pass(10_001)
      await store.mergeStanding(await later({ key: { status: 'revoked' } }))
      expect(await stage.call(unsent.call.callId)).to.include({ state: 'released' })
      expect(await stage.call(sent.call.callId)).to.include({ state: 'reserved' })
      expect((await stage.events()).find(({ event }) => event === 'key.revoked')).to.deep.include({
        inFlight: [sent.call.callId],
      })
    })

    it('a revoked run that was lost as a whole is there, and revoked', async () => {
      const { key, run } = await now()
      const runUid = asRunUid('job-9')
      const lost: S.JournalledStanding = {
        key: {
          ...key,
          keyId: asKeyId('key_of_job-9'),
          runUid,
          hash: 'lost',
          status: 'revoked',
          endedAtMs: 5,
          version: 2,
        },
        run: run === null ? null : { ...run, runUid, keyId: asKeyId('key_of_job-9'), jobs: jobs(['job-9', false]) },
      }
      await store.mergeStanding(lost)
      expect(await stage.exchange('z', { job: 'job-9' })).to.deep.nested.include({ 'refusal.code': 'key_revoked' })
      expect(await store.findKeyByHash('lost')).to.include({ status: 'revoked' })
    })
  })

  describe('of limits the newest hold', () => {
    it('a raise that was lost lets calls through again', async () => {
      const raised = await later({
        key: { capUsdMicros: usd(20), personsLimits: ['capUsdMicros'], limitsSetByPerson: true },
      })
      expect(told(await stage.ask(a, { usd: 15 }))).to.equal('REFUSED cap_exhausted')
      await store.mergeStanding(raised)
      expect(told(await stage.ask(a, { usd: 15 }))).to.equal('SEND n=1')
      expect((await now()).key).to.deep.include({ personsLimits: ['capUsdMicros'], limitsSetByPerson: true })
      expect((await stage.events()).filter(({ event }) => event === 'key.raised')).to.have.length(1)
    })

    it('a lowered limit that was lost holds again', async () => {
      await store.mergeStanding(await later({ key: { capUsdMicros: usd(2) } }))
      expect(told(await stage.ask(a, { usd: 3 }))).to.equal('REFUSED cap_exhausted')
    })

    it('an older row changes nothing, nor does the same one again', async () => {
      const older = await now()
      await store.setLimits(a.keyId, { capUsdMicros: usd(20), dailyCapUsdMicros: usd(5) })
      const newest = await now()
      const told = await stage.events()
      for (const each of [older, newest, older]) await store.mergeStanding(each)
      expect(await now()).to.deep.equal(newest)
      expect(await stage.events()).to.deep.equal(told)
    })

    for (const isSwapped of [false, true]) {
      it(`from two journals, ${isSwapped ? 'the later' : 'the earlier'} first`, async () => {
        const first = await later({ key: { capUsdMicros: usd(20) } })
        const second = { ...first, key: { ...first.key, capUsdMicros: usd(3), version: first.key.version + 1 } }
        for (const each of isSwapped ? [second, first] : [first, second]) await store.mergeStanding(each)
        expect((await now()).key).to.include({ capUsdMicros: usd(3), version: second.key.version })
      })
    }

    it('a cap that is below what is reserved freezes its level; a raise thaws it', async () => {
      await stage.send(a, { usd: 6 })
      await store.mergeStanding(await later({ key: { capUsdMicros: usd(2) } }))
      stage.clock.pass(10_001)
      expect(told(await stage.ask(a, { usd: 6 }))).to.equal('REFUSED cap_frozen')
      await store.setLimits(a.keyId, { capUsdMicros: usd(8) })
      expect(told(await stage.ask(a, { usd: 6 }))).to.equal('SEND n=1')
    })

    it('a raise in a later journal thaws what an earlier one froze', async () => {
      await stage.send(a, { usd: 6 })
      const lowered = await later({ key: { capUsdMicros: usd(2), dailyCapUsdMicros: usd(1) } })
      await store.mergeStanding(lowered)
      const { version } = lowered.key
      const key = { ...lowered.key, version: version + 1, capUsdMicros: null, dailyCapUsdMicros: null }
      await store.mergeStanding({ ...lowered, key })
      stage.clock.pass(10_001)
      expect(told(await stage.ask(a, { usd: 6 }))).to.equal('SEND n=1')
    })
  })

  describe('ended stays ended', () => {
    it('an end that was lost holds again', async () => {
      await store.mergeStanding(await later({ key: { status: 'ended' }, run: { jobs: jobs(['job-1', true]) } }))
      expect((await events()).slice(-2)).to.deep.equal(['key.ended', 'run.closed'])
      expect(told(await stage.ask(a))).to.equal('REFUSED key_ended')
      expect((await now()).run).to.include({ isClosed: true })
    })

    it('a row of before the end does not revive it', async () => {
      const before = await now()
      await store.endJob(a.runUid, a.pod.jobUid)
      await store.mergeStanding({ ...before, key: { ...before.key, version: 99 } })
      expect((await now()).key).to.include({ status: 'ended' })
    })

    it('a continuing Job that was lost is there again, and its calls pass', async () => {
      const continued = await later({ run: { jobs: jobs(['job-1', true], ['job-2', false]) } })
      await store.endJob(a.runUid, a.pod.jobUid)
      const version = continued.key.version + 1
      await store.mergeStanding({ ...continued, key: { ...continued.key, version } })
      expect((await now()).key).to.include({ status: 'active', endedAtMs: null })
      const b = await stage.pod('b', { job: 'job-2' })
      expect(told(await stage.ask(b))).to.equal('SEND n=1')
      expect(told(await stage.ask(a, { content: 'late' }))).to.equal('REFUSED key_ended')
    })

    it('of a run with two Jobs whose second was lost, the end of the first does not end it', async () => {
      await store.endJob(a.runUid, a.pod.jobUid)
      await stage.pod('b', { job: 'job-2', continues: 'job-1' })
      await store.mergeStanding(await later({ run: { jobs: jobs(['job-1', true]) } }))
      expect((await now()).key).to.include({ status: 'active' })
      expect((await now()).run?.jobs.map(({ uid }) => uid)).to.deep.equal(['job-1', 'job-2'])
    })
  })

  describe('a run that was lost as a whole', () => {
    const lost = async (more: Partial<S.KeyRow> = {}): Promise<S.JournalledStanding> => {
      const { key, run } = await now()
      const keyId = asKeyId('key_of_job-9')
      const runUid = asRunUid('job-9')
      return {
        key: { ...key, keyId, runUid, hash: 'lost', label: 'lost', version: 3, ...more },
        run: run === null ? null : { ...run, runUid, keyId, jobs: jobs(['job-9', false]) },
      }
    }

    it('is put back: its key, its terms, its Job, and a Pod of it goes on under the same key', async () => {
      const standing = await lost({ capUsdMicros: usd(4) })
      await store.mergeStanding(standing)
      expect(await now(standing.key.keyId)).to.deep.equal(standing)
      const z = await stage.pod('z', { job: 'job-9' })
      expect(z.keyId).to.equal('key_of_job-9')
      expect(told(await stage.ask(z, { usd: 5 }))).to.equal('REFUSED cap_exhausted')
      expect(told(await stage.ask(z, { usd: 4 }))).to.equal('SEND n=1')
      expect(await stage.exchange('y', { job: 'job-10', continues: 'job-9-name' })).to.deep.nested.include({
        'refusal.code': 'continue_running',
      })
    })

    it('a key without a Job is put back too', async () => {
      const caller = await stage.key('hand', { capUsdMicros: usd(1) })
      const { key } = await now(caller.keyId)
      const keyId = asKeyId('key_lost')
      await store.mergeStanding({ key: { ...key, keyId, runUid: asRunUid(keyId), hash: 'other' }, run: null })
      const back = { keyId, runUid: asRunUid(keyId), pod: null }
      const named = { kind: 'named', value: 'k' } as const
      expect(told(await stage.ask(back, { key: named, usd: 2 }))).to.equal('REFUSED cap_exhausted')
      expect(told(await stage.ask(back, { key: named, usd: 1 }))).to.equal('SEND')
      expect(await store.findKeyByHash('other')).to.include({ keyId })
    })

    it('keeps the money of calls that were merged before it, and of calls merged before its Pod asks anew', async () => {
      const { call } = await stage.send(a, { usd: 3 })
      const runUid = asRunUid('job-9')
      const row: S.CallRow = {
        ...call,
        runUid,
        keyId: asKeyId('key_of_job-9'),
        jobUid: asJobUid('job-9'),
        scope: 'job-9/0',
        callId: `call_${'0'.repeat(24)}` as S.CallRow['callId'],
        createdOrder: call.createdOrder + 1,
        accounts: call.accounts.map((name) => name.replace('job-1', 'job-9')),
      }
      await store.merge({ row, token: null, limits: [], epoch: 1, open: row.open, closed: [], answer: null })
      await stage.pod('z', { job: 'job-9', terms: { capUsdMicros: usd(4) } })
      expect(await store.balance(runAccount(runUid))).to.deep.equal({ spentUsdMicros: 0, reservedUsdMicros: usd(3) })
      await store.mergeStanding(await lost({ capUsdMicros: usd(4) }))
      expect(await store.balance(runAccount(runUid))).to.deep.equal({ spentUsdMicros: 0, reservedUsdMicros: usd(3) })
    })
  })

  it('a call that was merged into a run that had closed opens it again until it is settled', async () => {
    const { call, ref } = await stage.send(a)
    await stage.notSent(ref)
    await store.endJob(a.runUid, a.pod.jobUid)
    expect((await now()).run).to.include({ isClosed: true })
    const open = [stage.nonce() as S.SendRef['nonce']]
    await store.merge({ row: { ...call, open }, token: null, limits: [], epoch: 2, open, closed: [], answer: null })
    expect((await now()).run).to.include({ isClosed: false })
    const { epoch, gen } = await stage.call(call.callId)
    await stage.settle({ callId: call.callId, epoch, gen, nonce: open[0] as S.SendRef['nonce'] })
    expect((await now()).run).to.include({ isClosed: true })
  })

  it('of a run whose records were pruned no call is made anew', async () => {
    const { call, ref } = await stage.send(a)
    await stage.settle(ref)
    await store.endJob(a.runUid, a.pod.jobUid)
    stage.clock.pass(100 * 3_600_000)
    expect(await store.prune(a.keyId, { keepMs: 0, limit: 1_000 })).to.equal('pruned')
    const journalled = { row: call, token: null, limits: [], epoch: 1, open: call.open, closed: [], answer: null }
    expect(await store.merge(journalled)).to.deep.equal({ status: 'absent' })
    expect(await store.balance(runAccount(a.runUid))).to.deep.equal({ spentUsdMicros: usd(1), reservedUsdMicros: 0 })
  })
}
