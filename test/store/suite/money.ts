import { expect } from 'chai'
import { MAX_USD_MICROS } from '../../../contract/money.ts'
import { classDayAccount, policyDayAccount, runAccount, runDayAccount } from '../../../store/rules/accounts.ts'
import type * as S from '../../../store/store.ts'
import { DAY_MS, micros, NEVER, type OpenStore, type PodsCaller, type Stage, told, usd } from '../stage.ts'
import { withPod } from './with-pod.ts'

export function suiteOfMoney(open: OpenStore): void {
  let stage: Stage
  let a: PodsCaller
  withPod(open, (fresh, pod) => {
    stage = fresh
    a = pod
  })

  const held = async (account = runAccount(a.runUid)) => {
    const { spentUsdMicros, reservedUsdMicros } = await stage.store.balance(account)
    return `${spentUsdMicros / 1e6}+${reservedUsdMicros / 1e6}`
  }

  describe('at the cap', () => {
    /** limit, spent before, asked → answer; micro-dollars. */
    const TABLE: readonly (readonly [number, number, number, string])[] = [
      [10, 0, 10, 'SEND n=1'],
      [10, 0, 11, 'REFUSED cap_exhausted'],
      [10, 4, 6, 'SEND n=1'],
      [10, 4, 7, 'REFUSED cap_exhausted'],
      [10, 10, 0, 'SEND n=1'],
      [0, 0, 0, 'SEND n=1'],
      [0, 0, 1, 'REFUSED cap_exhausted'],
      [3, 10, 0, 'SEND n=1'],
      [3, 10, 1, 'REFUSED cap_exhausted'],
      [MAX_USD_MICROS, 0, MAX_USD_MICROS, 'SEND n=1'],
      [MAX_USD_MICROS, 1, MAX_USD_MICROS, 'REFUSED cap_exhausted'],
      [MAX_USD_MICROS, MAX_USD_MICROS - 1, 1, 'SEND n=1'],
    ]
    for (const [limit, spent, asked, expected] of TABLE) {
      it(`limit ${limit}, spent ${spent}, asked ${asked}: ${expected}`, async () => {
        await stage.store.setLimits(a.keyId, { capUsdMicros: null })
        const before = await stage.send(a, { content: 'before', micros: spent })
        await stage.settle(before.ref, { totalUsdMicros: micros(spent) })
        await stage.store.setLimits(a.keyId, { capUsdMicros: micros(limit) })
        expect(told(await stage.ask(a, { micros: asked }))).to.equal(expected)
      })
    }

    it('without a cap the sum still stays exact', async () => {
      await stage.store.setLimits(a.keyId, { capUsdMicros: null })
      await stage.send(a, { content: 'all', micros: MAX_USD_MICROS })
      expect(told(await stage.ask(a, { micros: 1 }))).to.equal('REFUSED cap_exhausted')
      expect((await stage.store.balance(runAccount(a.runUid))).reservedUsdMicros).to.equal(MAX_USD_MICROS)
    })

    it('more than was reserved is booked, and raises an alarm', async () => {
      await stage.store.setLimits(a.keyId, { capUsdMicros: null })
      for (const content of ['one', 'two', 'three']) {
        const { ref } = await stage.send(a, { content, micros: 1 })
        const answer = await stage.settle(ref, { totalUsdMicros: usd(4) })
        expect(answer).to.include({ status: 'settled', isAlarm: true })
      }
      expect(await held()).to.equal('12+0')
    })

    it('an effect that shows itself after a person said there was none is booked, and raises an alarm', async () => {
      const { call, ref } = await stage.send(a, { usd: 3 })
      await stage.unknown(ref)
      await stage.store.resolveByPerson(call.callId, { kind: 'no_effect' })
      expect(await held()).to.equal('0+0')
      expect(await stage.settle(ref, { totalUsdMicros: usd(3) })).to.include({ status: 'settled', isAlarm: true })
      expect(await held()).to.equal('3+0')
    })

    it('names the level that has no room, with its figures, and writes nothing else', async () => {
      await stage.send(a, { content: 'E', usd: 4 })
      const limits: readonly S.CapLimit[] = [{ level: 'policy_day', limitUsdMicros: usd(5) }]
      const answer = await stage.ask(a, { usd: 2, limits })
      expect(answer).to.have.nested.include({ status: 'REFUSED', level: 'policy_day' })
      expect(answer.status === 'REFUSED' && answer.refusal.details).to.deep.equal({
        level: 'policy_day',
        limit_usd: '5.00',
        spent_usd: '0.00',
        reserved_usd: '4.00',
        asked_usd: '2.00',
        resets_at: '2026-11-23T00:00:00.000Z',
      })
      expect(await held()).to.equal('0+4')
    })

    it('a refused call is a new request after a raise', async () => {
      expect(told(await stage.ask(a, { usd: 11 }))).to.equal('REFUSED cap_exhausted')
      await stage.store.setLimits(a.keyId, { capUsdMicros: usd(11) })
      expect(told(await stage.ask(a, { usd: 11 }))).to.equal('SEND n=1')
    })

    it('a takeover needs no room, also where the limit was lowered below what is spent', async () => {
      const { call } = await stage.send(a, { usd: 10 })
      await stage.store.setLimits(a.keyId, { capUsdMicros: usd(1) })
      stage.clock.pass(10_001)
      const again = await stage.send(a, { usd: 10 })
      expect(again.call).to.include({ callId: call.callId, epoch: 2, reservedUsdMicros: usd(10) })
      expect(await held()).to.equal('0+10')
    })
  })

  describe('over midnight', () => {
    it('money is settled and released in the day of its reservation', async () => {
      const first = runDayAccount(a.runUid, '2026-11-22')
      const settled = await stage.send(a, { content: 'settled', usd: 2 })
      const released = await stage.send(a, { content: 'released', usd: 3 })
      stage.clock.pass(DAY_MS)
      await stage.settle(settled.ref, { totalUsdMicros: usd(1) })
      await stage.notSent(released.ref)
      expect(await held(first)).to.equal('1+0')
      expect(await held(runDayAccount(a.runUid, '2026-11-23'))).to.equal('0+0')
    })

    it('what was released is reserved again in the new day', async () => {
      const { ref } = await stage.send(a, { usd: 3 })
      await stage.notSent(ref)
      stage.clock.pass(DAY_MS)
      await stage.send(a, { usd: 3 })
      expect(await held(policyDayAccount('default', '2026-11-22'))).to.equal('0+0')
      expect(await held(policyDayAccount('default', '2026-11-23'))).to.equal('0+3')
    })

    it('a day cap has room again, the cap of the run has not', async () => {
      await stage.store.setLimits(a.keyId, { capUsdMicros: usd(3), dailyCapUsdMicros: usd(2) })
      const { ref } = await stage.send(a, { usd: 2 })
      await stage.settle(ref, { totalUsdMicros: usd(2) })
      expect(await stage.ask(a, { content: 'E' })).to.include({ level: 'run_day' })
      stage.clock.pass(DAY_MS)
      expect(await stage.ask(a, { content: 'F', usd: 2 })).to.include({ level: 'run' })
      expect(told(await stage.ask(a, { content: 'G' }))).to.equal('SEND n=1')
    })
  })

  describe('an object of the vendor', () => {
    const pi = 'pi_1'
    const spend = async (
      content: string,
      total: number,
      more: { object?: string; givesBack?: string } = { object: pi },
    ) => {
      const { ref, call } = await stage.send(a, { content, usd: total, object: more.object ?? null })
      await stage.settle(ref, {
        totalUsdMicros: usd(total),
        object: more.object ?? null,
        givesBack: more.givesBack ?? null,
      })
      return call
    }

    it('is counted once over create, confirm, capture and increments', async () => {
      const reserved: number[] = []
      for (const [content, total] of [
        ['create', 4],
        ['confirm', 4],
        ['increment', 6],
        ['capture', 6],
      ] as const) {
        reserved.push((await spend(content, total)).reservedUsdMicros / 1e6)
      }
      expect(reserved).to.deep.equal([4, 0, 2, 0])
      expect(await held()).to.equal('6+0')
      expect(await stage.store.countedObject(a.runUid, 'stripe', pi)).to.equal(usd(6))
    })

    it('two increments at once never count less than the vendor took', async () => {
      await spend('create', 4)
      const one = await stage.send(a, { content: 'to 6', usd: 6, object: pi })
      const two = await stage.send(a, { content: 'to 7', usd: 7, object: pi })
      await stage.settle(two.ref, { totalUsdMicros: usd(7), object: pi })
      await stage.settle(one.ref, { totalUsdMicros: usd(7), object: pi })
      expect(await held()).to.equal('7+0')
    })

    it('gives back once, to the accounts and days of the calls that counted it', async () => {
      await spend('create', 4)
      stage.clock.pass(DAY_MS)
      await spend('increment', 6)
      await spend('cancel', 0, { givesBack: pi })
      await spend('cancel again', 0, { givesBack: pi })
      expect(await held()).to.equal('0+0')
      expect(await held(runDayAccount(a.runUid, '2026-11-22'))).to.equal('0+0')
      expect(await held(runDayAccount(a.runUid, '2026-11-23'))).to.equal('0+0')
      const back = (await stage.events()).filter(({ event }) => event === 'money.given_back')
      expect(back).to.have.length(2)
      expect(told(await stage.ask(a, { content: 'anew', usd: 10 }))).to.equal('SEND n=1')
    })

    it('is not counted any more when its answer is known only after it was given back', async () => {
      const late = await stage.send(a, { content: 'create', usd: 4 })
      await spend('cancel', 0, { givesBack: pi })
      expect(await held()).to.equal('0+4')
      await stage.settle(late.ref, { totalUsdMicros: usd(4), object: pi })
      expect(await held()).to.equal('0+0')
      await spend('create another', 4, { object: 'pi_2' })
      expect(await held()).to.equal('4+0')
    })

    it('of another run is counted by this one too', async () => {
      await spend('create', 4)
      const other = await stage.key('hand')
      const { call } = await stage.send(other, {
        content: 'confirm',
        usd: 4,
        object: pi,
        key: { kind: 'named', value: 'k' },
      })
      expect(call.reservedUsdMicros).to.equal(usd(4))
    })
  })

  it('keeps in the record which rates made dollars of another currency', async () => {
    await stage.send(a, { content: 'euros', ratesHash: 'f'.repeat(64) })
    await stage.send(a, { content: 'dollars' })
    const reserved = (await stage.events()).filter(({ event }) => event === 'call.reserved')
    expect(reserved.map((event) => ('ratesHash' in event ? event.ratesHash : null))).to.deep.equal([
      'f'.repeat(64),
      null,
    ])
  })

  describe('a class of money with a cap of its own', () => {
    const limits: readonly S.CapLimit[] = [
      { level: 'policy_class_day', limitUsdMicros: usd(5) },
      { level: 'policy_day', limitUsdMicros: usd(3) },
    ]
    const refund = (content: string, dollars: number, more: { object?: string } = {}) =>
      stage.ask(a, { content, usd: dollars, limits, moneyClass: 'refunds', ...more })
    const ofClass = (day = '2026-11-22', moneyClass = 'refunds', vendor = 'stripe') =>
      held(classDayAccount('default', { vendor, moneyClass }, day))

    it('counts in that level alone, also above every other cap', async () => {
      const { call, ref } = await stage.send(a, { content: 'refund', usd: 4, limits, moneyClass: 'refunds' })
      expect(call.levels).to.deep.equal(['policy_class_day'])
      expect(await ofClass()).to.equal('0+4')
      await stage.settle(ref, { totalUsdMicros: usd(2) })
      expect(await ofClass()).to.equal('2+0')
      expect(await held()).to.equal('0+0')
      expect(await held(policyDayAccount('default', '2026-11-22'))).to.equal('0+0')
      expect(told(await stage.ask(a, { content: 'spent', usd: 3, limits }))).to.equal('SEND n=1')
      expect(await ofClass()).to.equal('2+0')
    })

    it('is full when its own limit is reached, and names that level', async () => {
      expect(told(await refund('one', 5))).to.equal('SEND n=1')
      const answer = await refund('two', 1)
      expect(answer).to.include({ status: 'REFUSED', level: 'policy_class_day' })
      expect(answer.status === 'REFUSED' && answer.refusal.details).to.deep.equal({
        level: 'policy_class_day',
        limit_usd: '5.00',
        spent_usd: '0.00',
        reserved_usd: '5.00',
        asked_usd: '1.00',
        resets_at: '2026-11-23T00:00:00.000Z',
      })
      expect(told(await refund('nothing', 0))).to.equal('SEND n=1')
    })

    it('is told from other classes and vendors, and from other days', async () => {
      await refund('one', 5)
      const payout = { content: 'payout', usd: 5, limits, moneyClass: 'payouts' }
      expect(told(await stage.ask(a, payout))).to.equal('SEND n=1')
      const elsewhere = { content: 'other', usd: 5, limits, moneyClass: 'refunds', vendor: 'stripe-eu' }
      expect(told(await stage.ask(a, elsewhere))).to.equal('SEND n=1')
      stage.clock.pass(DAY_MS)
      expect(told(await refund('tomorrow', 5))).to.equal('SEND n=1')
      expect(await ofClass('2026-11-23')).to.equal('0+5')
    })

    it('is released, and given back, in the account and day that counted it', async () => {
      const released = await stage.send(a, { content: 'released', usd: 2, limits, moneyClass: 'payouts' })
      const po = 'po_1'
      const made = await stage.send(a, { content: 'made', usd: 3, limits, moneyClass: 'payouts' })
      await stage.settle(made.ref, { totalUsdMicros: usd(3), object: po })
      expect(await ofClass('2026-11-22', 'payouts')).to.equal('3+2')
      stage.clock.pass(DAY_MS)
      await stage.notSent(released.ref)
      const cancel = await stage.send(a, { content: 'cancel', usd: 0 })
      await stage.settle(cancel.ref, { totalUsdMicros: usd(0), givesBack: po })
      expect(await ofClass('2026-11-22', 'payouts')).to.equal('0+0')
      expect(await ofClass('2026-11-23', 'payouts')).to.equal('0+0')
      expect(await held()).to.equal('0+0')
    })
  })

  describe('what becomes of a send', () => {
    /** Reports of two owners of one call, x then y by takeover, in turn → state, spent+reserved. */
    const TABLE: readonly (readonly [string, string, string])[] = [
      ['x settles', 'settled', '1+0'],
      ['y settles', 'settled', '1+0'],
      ['x settles, y settles', 'settled', '1+0'],
      ['x unsent', 'reserved', '0+1'],
      ['y unsent', 'in_doubt', '0+1'],
      ['x unsent, y unsent', 'released', '0+0'],
      ['y unsent, x unsent', 'in_doubt', '0+1'],
      ['y unsent, x settles', 'settled', '1+0'],
      ['x unsent, y unsent, x settles', 'settled', '1+0'],
      ['x unknown', 'reserved', '0+1'],
      ['y unknown', 'in_doubt', '0+1'],
      ['y unknown, x settles', 'settled', '1+0'],
      ['y unknown, y unsent', 'in_doubt', '0+1'],
      ['x settles, y unsent', 'settled', '1+0'],
      ['x settles, y unknown', 'settled', '1+0'],
      ['x declined, y unsent', 'settled', '0+0'],
    ]
    for (const [reports, state, money] of TABLE) {
      it(`${reports}: ${state} ${money}`, async () => {
        const x = await stage.send(a)
        stage.clock.pass(10_001)
        const y = await stage.send(a)
        const give = {
          settles: (ref: S.SendRef) => stage.settle(ref),
          declined: (ref: S.SendRef) => stage.settle(ref, { status: 402, hasEffect: false }),
          unsent: (ref: S.SendRef) => stage.notSent(ref),
          unknown: (ref: S.SendRef) => stage.unknown(ref),
        }
        for (const report of reports.split(', ')) {
          const [owner, kind] = report.split(' ') as ['x' | 'y', keyof typeof give]
          await give[kind](owner === 'x' ? x.ref : y.ref)
        }
        expect((await stage.call(x.call.callId)).state).to.equal(state)
        expect(await held()).to.equal(money)
      })
    }

    it('a lease that is renewed by its owner only keeps the call live', async () => {
      const x = await stage.send(a)
      stage.clock.pass(9_000)
      await stage.store.renewLeases([x.ref], 10_000)
      stage.clock.pass(9_000)
      expect(told(await stage.ask(a))).to.equal('JOIN')
      stage.clock.pass(2_000)
      await stage.send(a)
      stage.clock.pass(9_000)
      await stage.store.renewLeases([x.ref], 10_000)
      stage.clock.pass(2_000)
      expect(told(await stage.ask(a))).to.equal('SEND n=1')
    })

    it('a call sent once is marked before, and in doubt when its owner is gone', async () => {
      const x = await stage.send(a, { repeat: NEVER })
      expect(x.call).to.deep.include({ state: 'reserved', open: [], firstSentAtMs: null })
      expect(await stage.mark(x.ref)).to.equal('marked')
      expect(await stage.call(x.call.callId)).to.deep.include({ state: 'sent', open: [x.ref.nonce], sends: 1 })
      stage.clock.pass(10_001)
      expect(told(await stage.ask(a, { repeat: NEVER }))).to.equal('IN_DOUBT n=1')
      expect(await stage.repair(x.call.callId)).to.include({ status: 'HELD' })
      expect(await held()).to.equal('0+1')
      const settled = await stage.store.resolveByPerson(x.call.callId, { kind: 'effect', spentUsdMicros: usd(1) })
      expect(settled).to.include({ state: 'settled' })
      expect(await held()).to.equal('1+0')
      expect(await stage.store.resolveByPerson(x.call.callId, { kind: 'no_effect' })).to.equal(undefined)
    })

    it('the repeat window begins with the first send that may have left', async () => {
      const x = await stage.send(a)
      await stage.notSent(x.ref)
      stage.clock.pass(DAY_MS)
      const y = await stage.send(a)
      await stage.unknown(y.ref)
      stage.clock.pass(DAY_MS - 2 * 3_600_000)
      expect(told(await stage.ask(a))).to.equal('SEND n=1')
      stage.clock.pass(2 * 3_600_000)
      expect(told(await stage.ask(a))).to.equal('IN_DOUBT n=1')
    })

    it('a wall clock set back does not stretch the repeat window', async () => {
      const x = await stage.send(a)
      await stage.unknown(x.ref)
      stage.clock.pass(3_600_000)
      stage.clock.wallMs -= 12 * 3_600_000
      stage.clock.pass(23 * 3_600_000)
      expect(told(await stage.ask(a))).to.equal('IN_DOUBT n=1')
    })

    it('a report that names no call on record stops, and writes nothing', async () => {
      const x = await stage.send(a)
      const before = await stage.events()
      const fault = await stage
        .settle({ ...x.ref, callId: 'call_none' as S.SendRef['callId'] })
        .catch((thrown: unknown) => thrown)
      expect(String(fault)).to.contain('call_none')
      expect(await stage.events()).to.deep.equal(before)
    })
  })

  describe('unresolved calls', () => {
    it('are listed oldest first, live ones left out, those held at the head passed over', async () => {
      const calls: S.CallRow[] = []
      for (const content of ['1', '2', '3']) {
        const { call, ref } = await stage.send(a, { content })
        await stage.unknown(ref)
        calls.push(call)
      }
      await stage.send(a, { content: 'live' })
      const contents = (rows: readonly S.CallRow[]) =>
        rows.map(({ callId }) => calls.findIndex((call) => call.callId === callId))
      expect(contents(await stage.store.listUnresolved({ limit: 9 }))).to.deep.equal([0, 1, 2])
      const [first] = await stage.store.listUnresolved({ limit: 1 })
      const rest = await stage.store.listUnresolved({ limit: 1, afterOrder: first?.createdOrder ?? 0 })
      expect(contents(rest)).to.deep.equal([1])
    })
  })
}
