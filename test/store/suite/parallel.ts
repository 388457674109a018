import { expect } from 'chai'
import { runAccount } from '../../../store/rules/accounts.ts'
import type * as S from '../../../store/store.ts'
import { ANEW, type Ask, LEASE_MS, type OpenStore, type PodsCaller, type Stage, seenFact, told, usd } from '../stage.ts'
import { withPod } from './with-pod.ts'

/** Rule 3, and calls of which each send is a purchase of its own. */
export function suiteOfParallelCalls(open: OpenStore): void {
  let stage: Stage
  let a: PodsCaller
  withPod(open, (fresh, pod) => {
    stage = fresh
    a = pod
  })

  const llm = (ord: readonly [number, number], more: Ask = {}): Ask => ({ kind: 'llm', repeat: ANEW, ord, ...more })
  const ask = async (ord: readonly [number, number], more: Ask = {}) => told(await stage.ask(a, llm(ord, more)))
  const buy = (ord: readonly [number, number], more: Ask = {}) => stage.send(a, llm(ord, more))
  const held = async () => {
    const { spentUsdMicros, reservedUsdMicros } = await stage.store.balance(runAccount(a.runUid))
    return `${spentUsdMicros / 1e6}+${reservedUsdMicros / 1e6}`
  }
  const seen = (...ns: number[]) => ns.map((n) => seenFact('D', n))

  describe('identical calls at once', () => {
    it('each takes a number of its own, by the list of either', async () => {
      expect(await ask([1, 1])).to.equal('SEND n=1')
      expect(
        await ask([1, 3], {
          open: [
            [1, 1],
            [1, 2],
          ],
        }),
      ).to.equal('SEND n=2')
      // Overtaken: it was issued before the third, which lists it.
      expect(await ask([1, 2], { open: [[1, 1]] })).to.equal('SEND n=3')
    })

    it('one that is not listed has ended for the app, so its repeat joins it', async () => {
      expect(await ask([1, 1])).to.equal('SEND n=1')
      expect(await ask([1, 2])).to.equal('JOIN')
    })

    it('the smallest number that is neither read nor claimed beside is taken, never a count', async () => {
      const x = await buy([1, 1])
      const y = await buy([1, 2], { open: [[1, 1]] })
      await stage.settle(x.ref)
      await stage.settle(y.ref)
      expect(await ask([1, 3], { seen: seen(2) })).to.equal('REPLAY n=1')
      expect(await ask([1, 4], { seen: seen(1) })).to.equal('SEND n=3')
    })

    it('calls of other content, and of another Pod, are not counted in', async () => {
      await buy([1, 1])
      expect(await ask([1, 2], { content: 'E', open: [[1, 1]] })).to.equal('SEND n=1')
      const b = await stage.pod('b', { index: 1 })
      expect(told(await stage.ask(b, llm([1, 1])))).to.equal('SEND n=1')
    })

    it('a request is the same one however often it comes, also once its list is shorter', async () => {
      await buy([1, 1])
      await buy([1, 2], { open: [[1, 1]] })
      expect(await ask([1, 2], { open: [[1, 1]] })).to.equal('JOIN')
      const again = await stage.ask(a, llm([1, 2]))
      expect(again.status === 'JOIN' && (await stage.call(again.callId)).n).to.equal(2)
    })

    it('one that a later request left out is a late copy, also of an older boot', async () => {
      await buy([1, 5])
      expect(await ask([1, 4])).to.equal('REFUSED stale_request')
      expect(await ask([2, 1])).to.equal('JOIN')
      expect(await ask([1, 9])).to.equal('REFUSED stale_request')
    })

    it('a late copy stays one after hundreds of calls', async () => {
      for (let seq = 1; seq <= 300; seq += 1) {
        const { ref } = await buy([1, seq], { seen: seq === 1 ? [] : seen(seq - 1), usd: 0.01 })
        await stage.settle(ref, { totalUsdMicros: usd(0.01) })
      }
      for (const late of [1, 150, 299]) {
        expect(await ask([1, late]), String(late)).to.be.oneOf(['REFUSED stale_request', `REPLAY n=${late}`])
      }
      expect(await held()).to.equal('3+0')
    })

    it('an answer that was handed over and perhaps read is left out, unless the policy folds', async () => {
      const x = await buy([1, 1])
      const y = await buy([1, 2], { open: [[1, 1]] })
      await stage.settle(x.ref)
      await stage.settle(y.ref)
      const fold = { policy: { ambiguousRepeat: 'fold' } } as const
      expect(await ask([2, 1], { delivering: [1], ...fold })).to.equal('REPLAY n=1')
      expect(await ask([2, 2], { delivering: [1] })).to.equal('REPLAY n=2')
      expect(await ask([2, 3], { delivering: [1, 2] })).to.equal('SEND n=3')
      expect(await ask([2, 3], { delivering: [3] }), 'the same request').to.equal('JOIN')
    })

    it('a refused request is refused again, and the next one is judged anew', async () => {
      expect(await ask([1, 1], { usd: 11 })).to.equal('REFUSED cap_exhausted')
      await stage.store.setLimits(a.keyId, { capUsdMicros: usd(20) })
      expect(await ask([1, 1], { usd: 11 })).to.equal('REFUSED cap_exhausted')
      expect(await ask([1, 2], { usd: 11 })).to.equal('SEND n=1')
    })

    it('a request whose call was not sent is told so again, never sent as new', async () => {
      const { ref } = await buy([1, 1])
      await stage.notSent(ref)
      expect(await ask([1, 1])).to.equal('NOT_SENT')
      const y = await buy([1, 2])
      expect(y.call.n).to.equal(1)
      await stage.unknown(y.ref)
      expect(await ask([1, 1]), 'its repeat has taken its number').to.equal('REFUSED stale_request')
    })

    it('a key of the app’s that names the intention goes before all of this', async () => {
      const key = { kind: 'named', value: 'summary-1' } as const
      const x = await buy([1, 1], { key })
      expect(await ask([1, 2], { key, open: [[1, 1]] })).to.equal('JOIN')
      await stage.settle(x.ref)
      expect(await ask([1, 3], { key })).to.equal('REPLAY')
      expect(await ask([1, 4])).to.equal('SEND n=1')
    })

    it('a Pod that made such calls alone begins a new walk as any other', async () => {
      await buy([1, 1])
      expect((await stage.pod('a', { purpose: 'begin' })).pod.life).to.equal(2)
    })
  })

  describe('a purchase', () => {
    const unkept = (ref: S.SendRef, micros = usd(1)) =>
      stage.settle(ref, { sealedAnswer: null, totalUsdMicros: micros })

    it('whose outcome is unknown is booked at its bound, and the repeat reserves anew, in a record of its own', async () => {
      const x = await buy([1, 1], { usd: 2 })
      const told = await stage.unknown(x.ref)
      expect(told.status).to.equal('settled')
      expect(await held()).to.equal('2+0')
      const y = await buy([1, 2], { usd: 3 })
      expect(y.call).to.include({ n: 1, epoch: 1, state: 'reserved' })
      expect(y.call.callId).to.not.equal(x.call.callId)
      expect(await held()).to.equal('2+3')
      await stage.settle(y.ref, { totalUsdMicros: usd(1) })
      expect(await held()).to.equal('3+0')
      expect(await ask([1, 3])).to.equal('REPLAY n=1')
    })

    it('whose outcome is unknown says so in the record before it is settled', async () => {
      const { ref } = await buy([1, 1])
      await stage.unknown(ref)
      const events = (await stage.events()).map(({ event }) => event)
      expect(events.slice(-3)).to.deep.equal(['call.reserved', 'call.in_doubt', 'call.settled'])
    })

    it('whose owner is gone is booked, and bought anew by whoever asks', async () => {
      await buy([1, 1], { usd: 2 })
      stage.clock.pass(LEASE_MS + 1)
      const y = await buy([1, 2], { usd: 2 })
      expect(y.call).to.include({ n: 1, epoch: 1 })
      expect(await held()).to.equal('2+2')
    })

    it('whose owner is gone is resolved by the reaper, never sent again', async () => {
      const { call } = await buy([1, 1], { usd: 2 })
      expect((await stage.repair(call.callId)).status).to.equal('LIVE')
      stage.clock.pass(LEASE_MS + 1)
      const repaired = await stage.repair(call.callId)
      expect(repaired.status).to.equal('RESOLVED')
      expect(repaired.call).to.include({ state: 'settled', spentUsdMicros: usd(2), answerStatus: 0 })
      expect(await held()).to.equal('2+0')
    })

    it('is settled once: what its owner reports after it was given up changes nothing', async () => {
      const x = await buy([1, 1], { usd: 2 })
      stage.clock.pass(LEASE_MS + 1)
      const y = await buy([1, 2], { usd: 2 })
      expect((await stage.settle(x.ref, { totalUsdMicros: usd(1) })).status).to.equal('noted')
      expect((await stage.notSent(x.ref)).status).to.equal('noted')
      expect((await stage.unknown(x.ref)).status).to.equal('noted')
      expect(await held()).to.equal('2+2')
      expect((await stage.settle(y.ref)).status).to.equal('settled')
      expect((await stage.settle(y.ref)).status).to.equal('noted')
      expect(await held()).to.equal('3+0')
    })

    it('that was not sent gives its money back', async () => {
      const { ref } = await buy([1, 1])
      expect((await stage.notSent(ref)).status).to.equal('released')
      expect(await held()).to.equal('0+0')
    })

    it('whose answer is too large to keep is bought anew on a repeat, within the cap', async () => {
      const x = await buy([1, 1], { usd: 6 })
      await unkept(x.ref, usd(6))
      expect(await ask([1, 2], { usd: 6 })).to.equal('REFUSED cap_exhausted')
      expect(await ask([1, 3], { usd: 4 })).to.equal('SEND n=1')
    })

    it('that cost more than was reserved is booked in full, and flagged', async () => {
      const { ref } = await buy([1, 1], { usd: 2 })
      const told = await stage.settle(ref, { totalUsdMicros: usd(3) })
      expect(told.status === 'settled' && told.isAlarm).to.equal(true)
      expect(await held()).to.equal('3+0')
    })

    it('under a named key is bought anew too when its answer was lost', async () => {
      const key = { kind: 'named', value: 'summary-1' } as const
      const { ref } = await buy([1, 1], { key })
      await stage.unknown(ref)
      const again = await buy([1, 2], { key })
      await stage.settle(again.ref)
      expect(await ask([1, 3], { key })).to.equal('REPLAY')
      expect(await held()).to.equal('2+0')
    })

    it('of an older attempt is replayed where its answer is kept, and not bought by it anew', async () => {
      const x = await buy([1, 1])
      await unkept(x.ref)
      const b = await stage.pod('b')
      expect(await ask([1, 2])).to.equal('REFUSED stale_attempt')
      expect(told(await stage.ask(b, llm([1, 1])))).to.equal('SEND n=1')
    })

    it('is not made under a revoked key', async () => {
      const { ref } = await buy([1, 1])
      await stage.store.revokeKey(a.keyId)
      await stage.unknown(ref)
      expect(await ask([1, 2])).to.equal('REFUSED key_revoked')
      expect(await held()).to.equal('1+0')
    })
  })
}
