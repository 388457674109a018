import { expect } from 'chai'
import { asJobUid } from '../../../contract/ids.ts'
import { policyDayAccount, runAccount, runDayAccount } from '../../../store/rules/accounts.ts'
import { DAY_MS, NEVER, type OpenStore, type PodsCaller, type Stage, seenFact, told, usd } from '../stage.ts'
import { withPod } from './with-pod.ts'

const KEEP_MS = 3 * DAY_MS
const ALL = { keepMs: KEEP_MS, limit: 1_000 }

/** Records are kept while a Job of the run lives and for 72 h after, and never go while anything is unresolved. */
export function suiteOfRetention(open: OpenStore): void {
  let stage: Stage
  let a: PodsCaller
  withPod(
    open,
    (fresh, pod) => {
      stage = fresh
      a = pod
    },
    { terms: { capUsdMicros: usd(100) }, expiresAtMs: null },
  )

  const endJob = (job = 'job-1') => stage.store.endJob(a.runUid, asJobUid(job))
  const paid = async (content: string, caller = a) => {
    const { call, ref } = await stage.send(caller, { content, key: { kind: 'token', value: `t-${content}` } })
    await stage.settle(ref, { object: `pi_${content}` })
    await stage.store.recordSeen(caller.pod, stage.store.historyId, [seenFact(content, 1)])
    return call
  }
  const held = async (account: string) => {
    const { spentUsdMicros, reservedUsdMicros } = await stage.store.balance(account)
    return `${spentUsdMicros / 1e6}+${reservedUsdMicros / 1e6}`
  }

  it('an ended run is due after 72 h, to the millisecond, and not before', async () => {
    await paid('D')
    await endJob()
    stage.clock.pass(KEEP_MS - 1)
    expect(await stage.store.listPrunable(KEEP_MS)).to.deep.equal([])
    expect(await stage.store.prune(a.keyId, ALL)).to.equal('kept')
    stage.clock.pass(1)
    expect(await stage.store.listPrunable(KEEP_MS)).to.deep.equal([a.keyId])
    expect(await stage.store.prune(a.keyId, ALL)).to.equal('pruned')
    expect(await stage.store.listPrunable(KEEP_MS)).to.deep.equal([])
  })

  it('72 h are kept though less is asked for, and longer where more is', async () => {
    await endJob()
    stage.clock.pass(KEEP_MS - 1)
    expect(await stage.store.prune(a.keyId, { ...ALL, keepMs: 0 })).to.equal('kept')
    expect(await stage.store.listPrunable(0)).to.deep.equal([])
    stage.clock.pass(1)
    expect(await stage.store.prune(a.keyId, { ...ALL, keepMs: KEEP_MS + 1 })).to.equal('kept')
    expect(await stage.store.prune(a.keyId, { ...ALL, keepMs: 0 })).to.equal('pruned')
  })

  it('takes the records, and leaves money, key, run and the audit record', async () => {
    const call = await paid('D')
    await endJob()
    const before = await stage.events()
    stage.clock.pass(KEEP_MS)
    await stage.store.prune(a.keyId, ALL)
    expect(await stage.store.findCall(call.callId)).to.equal(undefined)
    expect(await stage.store.countedObject(a.runUid, 'stripe', 'pi_D')).to.equal(undefined)
    expect(await held(runAccount(a.runUid))).to.equal('1+0')
    expect(await held(policyDayAccount('default', '2026-11-22'))).to.equal('1+0')
    expect(await held(runDayAccount(a.runUid, '2026-11-22'))).to.equal('0+0')
    expect(await stage.store.findKey(a.keyId)).to.include({ status: 'ended', retention: 'pruned' })
    expect(await stage.store.findRun(a.runUid)).to.include({ runUid: a.runUid })
    const after = await stage.events()
    expect(after.slice(0, -1)).to.deep.equal(before)
    expect(after.at(-1)).to.deep.include({ event: 'run.pruned' })
  })

  it('goes in steps, can be broken off, and says it once in the record', async () => {
    for (const content of ['1', '2', '3', '4', '5']) await paid(content)
    await endJob()
    stage.clock.pass(KEEP_MS)
    const answers: string[] = []
    for (let at = 0; at < 20 && answers.at(-1) !== 'pruned'; at += 1) {
      answers.push(await stage.store.prune(a.keyId, { keepMs: KEEP_MS, limit: 2 }))
      const [due] = await stage.store.listPrunable(KEEP_MS)
      expect(due).to.equal(answers.at(-1) === 'pruned' ? undefined : a.keyId)
    }
    expect(answers).to.include('more')
    expect(answers.at(-1)).to.equal('pruned')
    expect(await stage.store.prune(a.keyId, ALL)).to.equal('pruned')
    expect((await stage.events()).filter(({ event }) => event === 'run.pruned')).to.have.length(1)
    expect(await held(runAccount(a.runUid))).to.equal('5+0')
  })

  it('from the first step on the run cannot be continued: run_too_old', async () => {
    for (const content of ['1', '2', '3']) await paid(content)
    await endJob()
    stage.clock.pass(KEEP_MS)
    const continued = () => stage.exchange('b', { job: 'job-2', continues: 'job-1' })
    expect(await stage.store.prune(a.keyId, { keepMs: KEEP_MS, limit: 1 })).to.equal('more')
    expect(await continued()).to.have.nested.include({ status: 'REFUSED', 'refusal.code': 'run_too_old' })
    await stage.store.prune(a.keyId, ALL)
    expect(await continued()).to.have.nested.include({ status: 'REFUSED', 'refusal.code': 'run_too_old' })
    expect(told(await stage.ask(a))).to.equal('REFUSED key_ended')
  })

  it('a run that was continued is kept: its time begins anew when its last Job ends', async () => {
    const call = await paid('D')
    await endJob()
    stage.clock.pass(KEEP_MS - 1)
    const b = await stage.pod('b', { job: 'job-2', continues: 'job-1', expiresAtMs: null })
    stage.clock.pass(KEEP_MS)
    expect(await stage.store.listPrunable(KEEP_MS)).to.deep.equal([])
    expect(await stage.store.prune(a.keyId, ALL)).to.equal('kept')
    expect(told(await stage.ask(b, { ord: [1, 1] }))).to.equal('REPLAY n=1')
    await endJob('job-2')
    stage.clock.pass(KEEP_MS)
    expect(await stage.store.prune(a.keyId, ALL)).to.equal('pruned')
    expect(await stage.store.findCall(call.callId)).to.equal(undefined)
  })

  it('another run, its calls and its Pods stay as they are', async () => {
    await paid('D')
    await endJob()
    stage.clock.pass(KEEP_MS)
    const other = await stage.pod('other', { job: 'job-9', expiresAtMs: null })
    const kept = await paid('D', other)
    await stage.store.prune(a.keyId, ALL)
    expect(await stage.call(kept.callId)).to.include({ state: 'settled' })
    const replacement = await stage.pod('other-2', { job: 'job-9', expiresAtMs: null })
    expect(told(await stage.ask(replacement, { ord: [1, 1] }))).to.equal('REPLAY n=1')
  })

  describe('is kept', () => {
    const CASES: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['while a call is out', () => stage.send(a, { repeat: NEVER })],
      ['while a call is in doubt', async () => stage.unknown((await stage.send(a)).ref)],
      [
        'while a call that was sent once is in doubt',
        async () => {
          const { ref } = await stage.send(a, { repeat: NEVER })
          await stage.mark(ref)
          await stage.unknown(ref)
        },
      ],
    ]
    for (const [story, leave] of CASES) {
      it(`${story}, and goes once that is resolved`, async () => {
        await leave()
        const [reserved] = (await stage.events()).flatMap((event) =>
          event.event === 'call.reserved' ? [event.call.callId] : [],
        )
        if (reserved === undefined) throw new Error('nothing was reserved')
        await endJob()
        stage.clock.pass(2 * KEEP_MS)
        expect(await stage.store.listPrunable(KEEP_MS)).to.deep.equal([])
        expect(await stage.store.prune(a.keyId, ALL)).to.equal('kept')
        const { epoch, gen, open: sends } = await stage.call(reserved)
        await stage.settle({ callId: reserved, epoch, gen, nonce: sends[0] ?? (stage.nonce() as never) })
        expect(await stage.store.prune(a.keyId, ALL)).to.equal('pruned')
      })
    }

    it('while one of its Jobs lives, though its key expired or was revoked long ago', async () => {
      const b = await stage.pod('b', { job: 'job-9', expiresAtMs: stage.clock.nowMs() + 1_000 })
      await stage.store.revokeKey(a.keyId)
      stage.clock.pass(2 * KEEP_MS)
      for (const { keyId } of [a, b]) expect(await stage.store.prune(keyId, ALL)).to.equal('kept')
      expect(await stage.store.listPrunable(KEEP_MS)).to.deep.equal([])
    })
  })

  describe('a key made by hand', () => {
    const named = { kind: 'named', value: 'k' } as const

    it('is kept while it is active, however old', async () => {
      const hand = await stage.key('hand')
      await stage.settle((await stage.send(hand, { key: named })).ref)
      stage.clock.pass(100 * DAY_MS)
      expect(await stage.store.prune(hand.keyId, ALL)).to.equal('kept')
      expect(told(await stage.ask(hand, { key: named }))).to.equal('REPLAY')
    })

    it('goes 72 h after it was revoked, and stays revoked', async () => {
      const hand = await stage.key('hand')
      const { call, ref } = await stage.send(hand, { key: named })
      await stage.settle(ref)
      await stage.store.revokeKey(hand.keyId)
      stage.clock.pass(KEEP_MS - 1)
      await stage.store.revokeKey(hand.keyId)
      stage.clock.pass(1)
      expect(await stage.store.listPrunable(KEEP_MS)).to.deep.equal([hand.keyId])
      expect(await stage.store.prune(hand.keyId, ALL)).to.equal('pruned')
      expect(await stage.store.findCall(call.callId)).to.equal(undefined)
      expect(told(await stage.ask(hand, { key: named }))).to.equal('REFUSED key_revoked')
    })
  })
}
