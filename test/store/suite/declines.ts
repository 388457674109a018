import { expect } from 'chai'
import { runAccount } from '../../../store/rules/accounts.ts'
import type * as S from '../../../store/store.ts'
import { NEVER, type OpenStore, type PodsCaller, type Stage, seenFact, told, usd } from '../stage.ts'
import { withPod } from './with-pod.ts'

/** M3, M6 and M7: the gen of a call, and who may raise it. */
export function suiteOfDeclines(open: OpenStore): void {
  let stage: Stage
  let a: PodsCaller
  withPod(open, (fresh, pod) => {
    stage = fresh
    a = pod
  })

  const decline = (ref: S.SendRef) =>
    stage.settle(ref, { status: 402, hasEffect: false, totalUsdMicros: usd(0), sealedAnswer: Buffer.from('declined') })
  const held = async () => {
    const { spentUsdMicros, reservedUsdMicros } = await stage.store.balance(runAccount(a.runUid))
    return `${spentUsdMicros / 1e6}+${reservedUsdMicros / 1e6}`
  }
  const declined = async (caller: S.Caller = a) => {
    const x = await stage.send(caller)
    await decline(x.ref)
    return x
  }

  describe('a later attempt', () => {
    it('runs a decline again: same record, next gen, a new key, a new window, its money reserved anew', async () => {
      const x = await declined()
      stage.clock.pass(60_000)
      const b = await stage.pod('b')
      const y = await stage.send(b, { usd: 3 })
      expect(x.call).to.include({ gen: 0, life: 1 })
      expect(y.call).to.deep.include({
        callId: x.call.callId,
        n: 1,
        gen: 1,
        epoch: 2,
        state: 'reserved',
        sends: 1,
        open: [y.ref.nonce],
        vendorKey: `${x.call.vendorKey}.1`,
        podUid: 'b',
        life: 1,
        reservedUsdMicros: usd(3),
        answerStatus: null,
        sealedAnswer: null,
        firstSentAtMs: (x.call.firstSentAtMs ?? 0) + 60_000,
        createdOrder: x.call.createdOrder,
      })
      expect(await held()).to.equal('0+3')
      await stage.settle(y.ref, { totalUsdMicros: usd(3) })
      expect(await stage.call(x.call.callId)).to.include({ state: 'settled', answerStatus: 200, gen: 1 })
      expect(await held()).to.equal('3+0')
    })

    it('is then not counted among the calls that settled, until it has an answer again', async () => {
      const calls = async () => (await stage.store.countCalls(a.runUid))?.calls
      await declined()
      expect(await calls()).to.equal(1)
      const { ref } = await stage.send(await stage.pod('b'))
      expect(await calls()).to.equal(0)
      await stage.settle(ref)
      expect(await calls()).to.equal(1)
    })

    it('may be declined again, and then the next one runs it with gen 2', async () => {
      await declined()
      await declined(await stage.pod('b'))
      const { call } = await stage.send(await stage.pod('c'))
      expect(call).to.include({ gen: 2, n: 1 })
      expect(call.vendorKey).to.match(/-1\.2$/)
    })

    it('may be a new life of the same Pod', async () => {
      await declined()
      const again = await stage.pod('a', { purpose: 'begin' })
      expect(again.pod.life).to.equal(2)
      expect((await stage.send(again)).call).to.include({ gen: 1, life: 2 })
    })

    it('may be of a Job that continues the run', async () => {
      await declined()
      await stage.store.endJob(a.runUid, a.pod.jobUid)
      const b = await stage.pod('b', { job: 'job-2', continues: 'job-1' })
      expect((await stage.send(b)).call).to.include({ gen: 1 })
    })

    it('has the repeat of its own run answered from the record, declined or not', async () => {
      await declined()
      const b = await stage.pod('b')
      const y = await stage.send(b, { ord: [1, 5] })
      expect(told(await stage.ask(b, { ord: [1, 5] }))).to.equal('JOIN')
      await decline(y.ref)
      expect(told(await stage.ask(b, { ord: [1, 5] }))).to.equal('REPLAY n=1')
      expect(told(await stage.ask(b, { ord: [1, 6] }))).to.equal('REPLAY n=1')
    })

    it('of another index does not see the decline', async () => {
      await declined()
      const b = await stage.pod('b', { index: 1 })
      expect((await stage.send(b)).call).to.include({ gen: 0, n: 1 })
    })
  })

  describe('a decline stands', () => {
    /** What is done in attempt a after, or beside, the decline of D; then b asks for D. */
    const TABLE: readonly (readonly [string, () => Promise<unknown>, string])[] = [
      ['when nothing was made after it: it runs again', async () => undefined, 'SEND n=1'],
      ['when another call was made and is out', () => stage.send(a, { content: 'E' }), 'REPLAY n=1'],
      [
        'when another call was made and charged',
        async () => stage.settle((await stage.send(a, { content: 'E' })).ref),
        'REPLAY n=1',
      ],
      [
        'when another call was made, though released since',
        async () => stage.notSent((await stage.send(a, { content: 'E' })).ref),
        'REPLAY n=1',
      ],
      [
        'when a call under a named key was made',
        async () => stage.settle((await stage.send(a, { content: 'E', key: { kind: 'named', value: 'k' } })).ref),
        'REPLAY n=1',
      ],
      [
        'when the app read it and made the call once more',
        async () => stage.settle((await stage.send(a, { seen: [seenFact('D', 1)] })).ref),
        'REPLAY n=1',
      ],
      [
        'not because of a read',
        () =>
          stage.store.admitRead({
            caller: a,
            vendor: 'stripe',
            identity: { ...stage.identity({ content: 'read' }), kind: 'read' },
            endpoint: null,
          }),
        'SEND n=1',
      ],
      [
        'not because of another index',
        async () => stage.send(await stage.pod('other', { index: 1 }), { content: 'E' }),
        'SEND n=1',
      ],
    ]
    for (const [story, meanwhile, expected] of TABLE) {
      it(story, async () => {
        await declined()
        await meanwhile()
        expect(told(await stage.ask(await stage.pod('b')))).to.equal(expected)
      })
    }

    for (const [state, leave] of [
      ['out', () => undefined],
      ['in doubt', (ref: S.SendRef) => stage.unknown(ref)],
    ] as const) {
      it(`while an earlier call of the index is ${state}, and not when it has ended`, async () => {
        const earlier = await stage.send(a, { content: 'E' })
        await leave(earlier.ref)
        await declined()
        const b = await stage.pod('b')
        expect(told(await stage.ask(b))).to.equal('REPLAY n=1')
        await stage.settle(earlier.ref)
        expect(told(await stage.ask(await stage.pod('c')))).to.equal('SEND n=1')
      })
    }

    it('for its own attempt, under the token too', async () => {
      const token = { kind: 'token', value: 't' } as const
      const x = await stage.send(a, { key: token })
      await decline(x.ref)
      expect(told(await stage.ask(a, { key: token }))).to.equal('REPLAY n=1')
    })

    it('for an attempt that is not the newest', async () => {
      const x = await stage.send(a)
      await stage.pod('b')
      await decline(x.ref)
      await stage.pod('c')
      const b = { ...a, pod: { ...a.pod, podUid: 'b' as typeof a.pod.podUid } }
      expect(told(await stage.ask(b))).to.equal('REPLAY n=1')
    })

    it('where there is no room for another try, at any level, and nothing is written for it', async () => {
      await declined()
      const b = await stage.pod('b')
      const limits = [{ level: 'policy_day', limitUsdMicros: usd(0) }] as const
      const before = (await stage.events()).length
      expect(told(await stage.ask(b, { limits }))).to.equal('REPLAY n=1')
      expect((await stage.events()).slice(before).map(({ event }) => event)).to.deep.equal(['call.replayed'])
    })

    it('where its endpoint is closed since', async () => {
      await declined()
      const endpoint = { code: 'endpoint_not_allowed', message: 'closed' } as const
      expect(told(await stage.ask(await stage.pod('b'), { endpoint }))).to.equal('REPLAY n=1')
    })

    it('under a named key, over all attempts', async () => {
      const named = { kind: 'named', value: 'k' } as const
      const x = await stage.send(a, { key: named })
      await decline(x.ref)
      expect(told(await stage.ask(await stage.pod('b'), { key: named }))).to.equal('REPLAY')
    })

    it('unless it is a 402: another final answer without effect is of the request, not of the card', async () => {
      const x = await stage.send(a)
      await stage.settle(x.ref, { status: 400, hasEffect: false, totalUsdMicros: usd(0) })
      expect(told(await stage.ask(await stage.pod('b')))).to.equal('REPLAY n=1')
    })

    it('for a vendor that is asked once it runs again too, marked anew', async () => {
      const x = await stage.send(a, { repeat: NEVER })
      await stage.mark(x.ref)
      await decline(x.ref)
      const y = await stage.send(await stage.pod('b'), { repeat: NEVER })
      expect(y.call).to.deep.include({ gen: 1, state: 'reserved', open: [], sends: 0, firstSentAtMs: null })
      expect(await stage.mark(y.ref)).to.equal('marked')
    })
  })

  describe('an answer of an older gen', () => {
    const twice = async () => {
      const x = await stage.send(a)
      stage.clock.pass(10_001)
      const late = await stage.send(a)
      await decline(x.ref)
      const y = await stage.send(await stage.pod('b'))
      return { late, y }
    }

    it('that declines again changes nothing', async () => {
      const { late, y } = await twice()
      expect(await decline(late.ref)).to.include({ status: 'noted', isAlarm: false })
      expect(await stage.call(y.call.callId)).to.deep.include({ state: 'reserved', gen: 1, open: [y.ref.nonce] })
      expect(await held()).to.equal('0+1')
    })

    it('that says it did not leave, or is unknown, changes nothing', async () => {
      const { late, y } = await twice()
      expect(await stage.notSent(late.ref)).to.include({ status: 'noted' })
      expect(await stage.unknown(late.ref)).to.include({ status: 'noted' })
      expect(await stage.call(y.call.callId)).to.deep.include({ state: 'reserved', open: [y.ref.nonce] })
    })

    it('with an effect raises an alarm and leaves the newer send as it is', async () => {
      const { late, y } = await twice()
      expect(await stage.settle(late.ref)).to.include({ status: 'noted', isAlarm: true })
      expect((await stage.events()).at(-1)).to.include({ event: 'alarm' })
      expect(await stage.call(y.call.callId)).to.include({ state: 'reserved', gen: 1 })
      await stage.settle(y.ref)
      expect(await held()).to.equal('1+0')
    })

    it('with an effect is booked where the newer gen had none', async () => {
      const { late, y } = await twice()
      await decline(y.ref)
      expect(await stage.settle(late.ref)).to.include({ status: 'settled', isAlarm: true })
      expect(await held()).to.equal('1+0')
    })
  })

  describe('a person who finds no effect', () => {
    const noEffect = (callId: S.CallRow['callId']) => stage.store.resolveByPerson(callId, { kind: 'no_effect' })

    it('after a failure that the vendor saved: released, and made anew under the next gen', async () => {
      const x = await stage.send(a)
      await stage.unknown(x.ref, true)
      expect(await stage.call(x.call.callId)).to.include({ state: 'in_doubt', isFailureSaved: true })
      expect(await noEffect(x.call.callId)).to.include({ state: 'released', gen: 1 })
      expect(await held()).to.equal('0+0')
      const y = await stage.send(a)
      expect(y.call).to.include({ callId: x.call.callId, gen: 1, sends: 1, isFailureSaved: false })
      expect(y.call.vendorKey).to.equal(`${x.call.vendorKey}.1`)
    })

    it('a saved failure is remembered through a repeat that timed out', async () => {
      const x = await stage.send(a)
      await stage.unknown(x.ref, true)
      const y = await stage.send(a)
      await stage.unknown(y.ref)
      expect(await noEffect(x.call.callId)).to.include({ state: 'released', gen: 1 })
    })

    it('after a time-out: released, and made again under the same key', async () => {
      const x = await stage.send(a)
      await stage.unknown(x.ref)
      expect(await noEffect(x.call.callId)).to.include({ state: 'released', gen: 0 })
      expect((await stage.send(a)).call).to.include({ gen: 0, vendorKey: x.call.vendorKey })
    })

    it('under a named key: a saved failure stands, since no other key is ours to give', async () => {
      const named = { kind: 'named', value: 'k' } as const
      const x = await stage.send(a, { key: named })
      await stage.unknown(x.ref, true)
      expect(await noEffect(x.call.callId)).to.include({ state: 'settled', hasEffect: false, gen: 0 })
      expect(told(await stage.ask(a, { key: named }))).to.equal('REPLAY')
    })

    it('of a call that is sent once: released, whatever it answered', async () => {
      const x = await stage.send(a, { repeat: NEVER })
      await stage.mark(x.ref)
      await stage.unknown(x.ref, true)
      expect(await noEffect(x.call.callId)).to.include({ state: 'released', gen: 0 })
    })
  })
}
