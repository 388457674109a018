import { expect } from 'chai'
import type { UsdMicros } from '../../../contract/money.ts'
import { policyDayAccount } from '../../../store/rules/accounts.ts'
import type * as S from '../../../store/store.ts'
import { definite, NEVER, type OpenRecoverable, seenFact, told, usd } from '../stage.ts'
import { LostRecords } from './lost-records.ts'

const DECLINED = definite({ status: 402, hasEffect: false, totalUsdMicros: usd(0) })

/** What a journal says is replayed into a store that has lost it. */
export function suiteOfMerge(open: OpenRecoverable): void {
  let lost: LostRecords

  beforeEach(async () => {
    lost = await LostRecords.open(open)
  })
  afterEach(() => lost.stage.store.close())

  describe('a record that is lost', () => {
    it('is put back in doubt: its money, its place, its sends, under a new epoch and without an owner', async () => {
      const call = await lost.journalled({ usd: 3, repeat: NEVER })
      expect(await lost.store.merge(call)).to.include({ status: 'merged', callId: call.row.callId, isFrozen: false })
      const row = await lost.stage.call(call.row.callId)
      const { callId, n, digest, scope, accounts, levels, vendorKey, podUid, life, gen, route, account } = call.row
      expect(row).to.deep.include({
        callId,
        n,
        digest,
        scope,
        accounts,
        levels,
        vendorKey,
        podUid,
        life,
        gen,
        route,
        account,
        state: 'in_doubt',
        epoch: 2,
        open: call.open,
        reservedUsdMicros: usd(3),
        sealedRequest: call.row.sealedRequest,
        repeat: NEVER,
      })
      expect(await lost.held()).to.equal('0+3')
      expect(await lost.held(policyDayAccount('default', '2026-11-22'))).to.equal('0+3')
      const [last] = (await lost.stage.events()).slice(-1)
      expect(last).to.deep.include({ event: 'call.in_doubt', heldUsdMicros: usd(3) })
    })

    it('is not asked of a vendor twice: its repeat finds it', async () => {
      await lost.store.merge(await lost.journalled({ repeat: NEVER }))
      expect(told(await lost.stage.ask(lost.a, { repeat: NEVER }))).to.equal('IN_DOUBT n=1')
    })

    it('of a vendor with idempotency is sent again under its own key', async () => {
      const call = await lost.journalled()
      await lost.store.merge(call)
      const again = await lost.stage.send(lost.a)
      expect(again.call).to.include({ callId: call.row.callId, vendorKey: call.row.vendorKey, epoch: 3 })
      expect(again.call.open).to.have.members([...call.open, again.ref.nonce])
      expect(again.call.sealedRequest).to.deep.equal(call.row.sealedRequest)
      await lost.stage.settle(again.ref)
      expect(await lost.held()).to.equal('1+0')
    })

    it('is found under its token', async () => {
      const token = { kind: 'token', value: 't' } as const
      await lost.store.merge(await lost.journalled({ key: token, repeat: NEVER }))
      const seen = [seenFact('D', 1, { token: 't' })]
      expect(told(await lost.stage.ask(lost.a, { key: token, seen, repeat: NEVER }))).to.equal('IN_DOUBT n=1')
    })

    it('is found under its named key, from every Pod of the run', async () => {
      const named = { kind: 'named', value: 'k' } as const
      await lost.store.merge(await lost.journalled({ key: named, repeat: NEVER }))
      const b = await lost.stage.pod('b', { index: 1 })
      expect(told(await lost.stage.ask(b, { key: named, repeat: NEVER }))).to.equal('IN_DOUBT')
    })

    it('takes the late report of its owner', async () => {
      const call = await lost.journalled({ repeat: NEVER })
      await lost.store.merge(call)
      const { callId, epoch, gen, open: sends } = call.row
      const nonce = sends[0] ?? (lost.stage.nonce() as never)
      expect(await lost.stage.settle({ callId, epoch, gen, nonce })).to.include({ status: 'settled', isAlarm: false })
      expect(await lost.held()).to.equal('1+0')
    })

    it('is settled where the journal has its answer, which is replayed', async () => {
      const call = await lost.journalled({ usd: 3 }, { answer: definite({ totalUsdMicros: usd(2), object: 'pi_1' }) })
      await lost.store.merge(call)
      const answer = await lost.stage.ask(lost.a)
      expect(told(answer)).to.equal('REPLAY n=1')
      expect(answer.status === 'REPLAY' && answer.call.sealedAnswer).to.deep.equal(Buffer.from('sealed answer'))
      expect(await lost.held()).to.equal('2+0')
      expect(await lost.stage.store.countedObject(lost.a.runUid, 'stripe', 'pi_1')).to.equal(usd(2))
    })

    it('of a vendor that is asked once keeps its object from a look-up of another', async () => {
      const answer = definite({ totalUsdMicros: usd(2), object: 'SM1' })
      await lost.store.merge(await lost.journalled({ usd: 3, repeat: NEVER }, { answer }))
      expect(await lost.held()).to.equal('2+0')
      const { ref } = await lost.stage.send(lost.a, { content: 'another', repeat: NEVER })
      await lost.stage.mark(ref)
      await lost.stage.unknown(ref)
      expect((await lost.stage.found(ref, [{ object: 'SM1' }])).status).to.equal('noted')
      expect((await lost.stage.found(ref, [{ object: 'SM1' }, { object: 'SM2' }])).status).to.equal('settled')
    })

    it('keeps its place among the calls of its scope, whatever is merged first', async () => {
      const declined = await lost.journalled({ content: 'first' }, { answer: DECLINED })
      const later = await lost.journalled({ content: 'later' }, { answer: definite() })
      await lost.store.merge(later)
      await lost.store.merge(declined)
      const b = await lost.stage.pod('b')
      expect(told(await lost.stage.ask(b, { content: 'first' }))).to.equal('REPLAY n=1')
    })

    it('of the newest call of its scope, declined, runs again; and later calls come after it', async () => {
      const later = await lost.journalled({ content: 'first' }, { answer: definite() })
      const declined = await lost.journalled({ content: 'last' }, { answer: DECLINED })
      await lost.store.merge(declined)
      await lost.store.merge(later)
      const again = await lost.stage.send(await lost.stage.pod('b'), { content: 'last' })
      expect(again.call).to.include({ callId: declined.row.callId, gen: 1 })
      await lost.stage.settle(again.ref, DECLINED)
      await lost.stage.settle((await lost.stage.send(await lost.stage.pod('b'), { content: 'after' })).ref)
      expect(told(await lost.stage.ask(await lost.stage.pod('c'), { content: 'last' }))).to.equal('REPLAY n=1')
    })

    it('is not made where surely nothing of it had an effect', async () => {
      const call = await lost.journalled({}, { open: [] })
      expect(await lost.store.merge({ ...call, closed: call.row.open })).to.deep.equal({ status: 'absent' })
      expect(await lost.held()).to.equal('0+0')
      expect((await lost.stage.send(lost.a)).call).to.include({ n: 1, epoch: 1 })
    })
  })

  it('merged twice, it is there once', async () => {
    const call = await lost.journalled({ usd: 3, repeat: NEVER })
    await lost.store.merge(call)
    const first = await lost.stage.call(call.row.callId)
    await lost.store.merge(call)
    const { epoch, ...second } = await lost.stage.call(call.row.callId)
    expect({ ...second, epoch: first.epoch }).to.deep.equal(first)
    expect(epoch).to.be.at.least(first.epoch)
    expect(await lost.held()).to.equal('0+3')
  })

  describe('from the journals of an owner and of whoever took over, in either order', () => {
    const takenOver = async (): Promise<readonly [S.JournalledCall, S.JournalledCall]> => {
      const x = await lost.journalled({ usd: 3 })
      const later = 'eeeeeeeeeeeeeeee' as S.SendRef['nonce']
      const row: S.CallRow = { ...x.row, epoch: x.row.epoch + 1, open: [...x.row.open, later], sends: 2 }
      return [x, { ...x, row, epoch: row.epoch, open: [later] }]
    }
    const answer = definite({ totalUsdMicros: usd(2) })
    const declined = definite({ status: 402, hasEffect: false, totalUsdMicros: 0 as UsdMicros })
    type Change = (x: S.JournalledCall, y: S.JournalledCall) => readonly [S.JournalledCall, S.JournalledCall]
    const CASES: readonly (readonly [string, Change, string])[] = [
      ['both open: in doubt, with both sends named', (x, y) => [x, y], 'in_doubt 2 open 0+3'],
      [
        'the first closed: only the other is open',
        (x, y) => [{ ...x, open: [], closed: x.open }, y],
        'in_doubt 1 open 0+3',
      ],
      [
        'the second closed: only the other is open',
        (x, y) => [x, { ...y, open: [], closed: y.open }],
        'in_doubt 1 open 0+3',
      ],
      [
        'both closed: nothing is made',
        (x, y) => [
          { ...x, open: [], closed: x.open },
          { ...y, open: [], closed: y.open },
        ],
        'none',
      ],
      ['the first answered: settled', (x, y) => [{ ...x, answer }, y], 'settled 0 open 2+0'],
      ['the second answered: settled', (x, y) => [x, { ...y, answer }], 'settled 0 open 2+0'],
      [
        'both answered the same: settled once',
        (x, y) => [
          { ...x, answer },
          { ...y, answer },
        ],
        'settled 0 open 2+0',
      ],
      [
        'a decline, and under the next gen a send: that one is in doubt',
        (x, y) => [
          { ...x, answer: declined },
          { ...y, row: { ...y.row, gen: 1 } },
        ],
        'in_doubt 1 open 0+3',
      ],
      [
        'a decline, and under the next gen a success: that one counts',
        (x, y) => [
          { ...x, answer: declined },
          { ...y, row: { ...y.row, gen: 1 }, answer },
        ],
        'settled 0 open 2+0',
      ],
    ]
    for (const [story, change, expected] of CASES) {
      for (const isSwapped of [false, true]) {
        it(`${story}${isSwapped ? ', the later journal first' : ''}`, async () => {
          const [x, y] = change(...(await takenOver()))
          for (const each of isSwapped ? [y, x] : [x, y]) await lost.store.merge(each)
          const row = await lost.stage.store.findCall(x.row.callId)
          const now = row === undefined ? 'none' : `${row.state} ${row.open.length} open ${await lost.held()}`
          expect(now).to.equal(expected)
          if (row !== undefined) expect(row.epoch).to.be.greaterThan(x.epoch)
        })
      }
    }
  })
}
