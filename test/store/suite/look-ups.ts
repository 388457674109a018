import { expect } from 'chai'
import { runAccount } from '../../../store/rules/accounts.ts'
import type * as S from '../../../store/store.ts'
import { LEASE_MS, NEVER, type OpenStore, type PodsCaller, type Stage, usd } from '../stage.ts'
import { withPod } from './with-pod.ts'

/** M5: what a look-up at the vendor may settle. */
export function suiteOfLookUps(open: OpenStore): void {
  let stage: Stage
  let a: PodsCaller
  withPod(open, (fresh, pod) => {
    stage = fresh
    a = pod
  })

  const sent = async (caller: S.Caller = a, content = 'D') => {
    const x = await stage.send(caller, { content, repeat: NEVER })
    await stage.mark(x.ref)
    return x
  }
  const inDoubt = async (caller: S.Caller = a, content = 'D') => {
    const x = await sent(caller, content)
    await stage.unknown(x.ref)
    return x
  }
  const held = async () => {
    const { spentUsdMicros, reservedUsdMicros } = await stage.store.balance(runAccount(a.runUid))
    return `${spentUsdMicros / 1e6}+${reservedUsdMicros / 1e6}`
  }
  const object = (name: string, dollars = 1) => ({ object: name, totalUsdMicros: usd(dollars), status: 201 })

  it('settles a call in doubt by the one effect that is nobody else’s, at what that cost', async () => {
    const x = await inDoubt()
    expect(await held()).to.equal('0+1')
    const answer = await stage.found(x.ref, [object('m1', 0.75)])
    expect(answer).to.deep.include({ status: 'settled', isAlarm: false })
    expect(answer.call).to.deep.include({
      state: 'settled',
      object: 'm1',
      answerStatus: 201,
      hasEffect: true,
      open: [],
    })
    expect(await held()).to.equal('0.75+0')
  })

  it('books what cost more than was reserved, with an alarm', async () => {
    const x = await inDoubt()
    expect(await stage.found(x.ref, [object('m1', 2)])).to.include({ status: 'settled', isAlarm: true })
    expect(await held()).to.equal('2+0')
  })

  it('leaves out the object of another call of the same run, of another run, and of another index', async () => {
    const others = [a, await stage.pod('b', { index: 1 }), await stage.pod('c', { job: 'job-2' })]
    for (const [at, caller] of others.entries()) {
      const other = await sent(caller, `other ${at}`)
      await stage.settle(other.ref, { object: `m${at}` })
    }
    const x = await inDoubt()
    expect((await stage.found(x.ref, [object('m0'), object('m1'), object('m2')])).status).to.equal('noted')
    expect((await stage.call(x.call.callId)).state).to.equal('in_doubt')
    expect((await stage.found(x.ref, [object('m0'), object('m3'), object('m2')])).call.object).to.equal('m3')
  })

  it('does not choose between two, and releases nothing where there is none', async () => {
    const x = await inDoubt()
    expect((await stage.found(x.ref, [object('m1'), object('m2')])).status).to.equal('noted')
    expect((await stage.found(x.ref, [])).status).to.equal('noted')
    expect((await stage.call(x.call.callId)).state).to.equal('in_doubt')
    expect(await held()).to.equal('0+1')
  })

  it('gives one effect to one of two calls that look for it', async () => {
    const [x, y] = [await inDoubt(), await inDoubt(await stage.pod('b', { index: 1 }))]
    expect((await stage.found(x.ref, [object('m1')])).status).to.equal('settled')
    expect((await stage.found(y.ref, [object('m1')])).status).to.equal('noted')
  })

  it('settles once; the vendor’s own answer about the same object changes nothing, about another raises an alarm', async () => {
    const x = await inDoubt()
    await stage.found(x.ref, [object('m1')])
    expect((await stage.found(x.ref, [object('m1')])).status).to.equal('noted')
    const late = { status: 201, object: 'm1', totalUsdMicros: usd(1) }
    expect(await stage.settle(x.ref, late)).to.deep.include({ status: 'noted', isAlarm: false })
    expect(await stage.settle(x.ref, { ...late, object: 'm9' })).to.deep.include({ isAlarm: true })
    expect(await held()).to.equal('1+0')
  })

  it('does nothing to a call that is out, or under an older epoch', async () => {
    const x = await sent()
    expect((await stage.found(x.ref, [object('m1')])).status).to.equal('noted')
    stage.clock.pass(LEASE_MS + 1)
    const { call, status } = await stage.repair(x.call.callId)
    expect(status).to.equal('HELD')
    expect((await stage.found(x.ref, [object('m1')])).status, 'the older epoch').to.equal('noted')
    expect((await stage.found({ ...x.ref, epoch: call.epoch }, [object('m1')])).status).to.equal('settled')
  })

  it('resolves calls of a run that was revoked', async () => {
    const x = await inDoubt()
    await stage.store.revokeKey(a.keyId)
    expect((await stage.found(x.ref, [object('m1')])).status).to.equal('settled')
    expect(await held()).to.equal('1+0')
  })
}
