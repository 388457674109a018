import { expect } from 'chai'
import type * as S from '../../../store/store.ts'
import { type Ask, definite, NEVER, type OpenRecoverable, told, usd } from '../stage.ts'
import { LostRecords } from './lost-records.ts'

/** What a journal says is replayed into a store that has lost some of it, and what that freezes. */
export function suiteOfMergeIntoRecords(open: OpenRecoverable): void {
  let lost: LostRecords

  beforeEach(async () => {
    lost = await LostRecords.open(open)
  })
  afterEach(() => lost.stage.store.close())

  describe('a record that is there', () => {
    const LATER = 'ffffffffffffffff' as S.SendRef['nonce']
    type Prepare = (ref: S.SendRef) => Promise<unknown>
    const nothing: Prepare = async () => undefined
    const again: Prepare = async () => {
      lost.stage.clock.pass(10_001)
      await lost.stage.send(lost.a, { ord: [1, 999] })
    }
    /** vendor, state in the store, what the journal says beyond it → record. */
    const CASES: readonly (readonly [
      string,
      S.Repeat | null,
      Prepare,
      (row: S.CallRow) => Partial<S.JournalledCall>,
      string,
    ])[] = [
      ['reserved: its owner stopped, its sends stay named', null, nothing, () => ({}), 'in_doubt 1 open 0+1'],
      [
        'reserved, and its one send was dropped: it stays reserved, and may be taken over',
        null,
        nothing,
        ({ open: sends }) => ({ open: [], closed: sends }),
        'reserved 0 open 0+1',
      ],
      [
        'reserved, and a later send was lost: that is named too',
        null,
        nothing,
        ({ open: sends }) => ({ open: [...sends, LATER], epoch: 2 }),
        'in_doubt 2 open 0+1',
      ],
      [
        'taken over, and only the first is in the journal: both stay named',
        null,
        again,
        () => ({}),
        'in_doubt 2 open 0+1',
      ],
      [
        'never marked, and the mark was lost: in doubt',
        NEVER,
        nothing,
        () => ({ open: [LATER] }),
        'in_doubt 1 open 0+1',
      ],
      [
        'never marked, and dropped: it stays as it is',
        NEVER,
        nothing,
        () => ({ open: [], closed: [LATER] }),
        'reserved 0 open 0+1',
      ],
      ['marked: in doubt', NEVER, (ref) => lost.stage.mark(ref), () => ({ open: [] }), 'in_doubt 1 open 0+1'],
      ['in doubt: stays', null, (ref) => lost.stage.unknown(ref), () => ({}), 'in_doubt 1 open 0+1'],
      ['settled: stays', null, (ref) => lost.stage.settle(ref), () => ({}), 'settled 0 open 1+0'],
      [
        'settled, by the same answer: stays',
        null,
        (ref) => lost.stage.settle(ref),
        () => ({ answer: definite() }),
        'settled 0 open 1+0',
      ],
      [
        'reserved, and its answer was lost: settled',
        null,
        nothing,
        () => ({ answer: definite() }),
        'settled 0 open 1+0',
      ],
      [
        'released, and it was lost that it was reserved again: in doubt',
        null,
        (ref) => lost.stage.notSent(ref),
        () => ({ open: [LATER], epoch: 2 }),
        'in_doubt 1 open 0+1',
      ],
      [
        'released since by a newer owner: stays released',
        null,
        (ref) => lost.stage.notSent({ ...ref }),
        ({ open: sends }) => ({ open: [], closed: sends }),
        'released 0 open 0+0',
      ],
      [
        'released, and an answer shows that it was sent: settled',
        null,
        (ref) => lost.stage.notSent(ref),
        () => ({ open: [LATER], epoch: 2, answer: definite() }),
        'settled 0 open 1+0',
      ],
    ]
    for (const [story, repeat, prepare, says, expected] of CASES) {
      it(story, async () => {
        const { call, ref } = await lost.stage.send(lost.a, repeat === null ? {} : { repeat })
        const row = await lost.stage.call(call.callId)
        await prepare(ref)
        await lost.store.merge({
          row,
          token: null,
          limits: [],
          epoch: row.epoch,
          open: row.open,
          closed: [],
          answer: null,
          ...says(row),
        })
        const after = await lost.stage.call(call.callId)
        expect(`${after.state} ${after.open.length} open ${await lost.held()}`).to.equal(expected)
        if (after.state === 'reserved')
          expect((await lost.stage.send(lost.a, repeat === null ? {} : { repeat })).call.epoch).to.be.greaterThan(2)
      })
    }

    it('of an older gen says nothing of the newer one', async () => {
      const { call, ref } = await lost.stage.send(lost.a)
      await lost.stage.settle(ref, { status: 402, hasEffect: false, totalUsdMicros: usd(0) })
      const b = await lost.stage.pod('b')
      const y = await lost.stage.send(b)
      const answer = definite({ status: 402, hasEffect: false, totalUsdMicros: usd(0) })
      await lost.store.merge({ row: call, token: null, limits: [], epoch: 1, open: call.open, closed: [], answer })
      expect(await lost.stage.call(call.callId)).to.deep.include({ state: 'reserved', gen: 1, open: [y.ref.nonce] })
    })
  })

  describe('a level that this puts above its limit is frozen', () => {
    const over = async (ask: Ask = {}) => {
      const call = await lost.journalled({ content: 'lost', usd: 6, ...ask })
      const waiting = await lost.stage.send(lost.a, { content: 'waiting', usd: 6, ...ask })
      expect(await lost.store.merge(call)).to.include({ isFrozen: true })
      return { call, waiting }
    }

    it('at the cap of the run: nothing in it is taken over, sent again or admitted, and it says cap_frozen', async () => {
      const { waiting } = await over()
      lost.stage.clock.pass(10_001)
      for (const content of ['lost', 'waiting']) {
        expect(told(await lost.stage.ask(lost.a, { content, usd: 6 })), content).to.equal('REFUSED cap_frozen')
      }
      expect(told(await lost.stage.ask(lost.a, { content: 'new', usd: 1 }))).to.equal('REFUSED cap_exhausted')
      expect(await lost.stage.repair(waiting.call.callId)).to.include({ status: 'HELD' })
      expect(await lost.held()).to.equal('0+12')
    })

    it('at a level of the policy, by the limit that the journal knows', async () => {
      await lost.stage.store.setLimits(lost.a.keyId, { capUsdMicros: null })
      const limits = [{ level: 'policy_day', limitUsdMicros: usd(8) }] as const
      await over({ limits })
      lost.stage.clock.pass(10_001)
      expect(told(await lost.stage.ask(lost.a, { content: 'waiting', usd: 6, limits }))).to.equal('REFUSED cap_frozen')
    })

    it('a call that is sent once is not marked there, and stays reserved', async () => {
      const { waiting } = await over({ repeat: NEVER })
      expect(await lost.stage.mark(waiting.ref)).to.equal('refused')
      expect(await lost.stage.call(waiting.call.callId)).to.include({ state: 'reserved' })
    })

    it('the same request is judged anew once it is back under the limit, by a settle or a raise', async () => {
      const { call } = await over()
      lost.stage.clock.pass(10_001)
      const ord = [1, 500] as const
      expect(told(await lost.stage.ask(lost.a, { content: 'waiting', usd: 6, ord }))).to.equal('REFUSED cap_frozen')
      const { callId, epoch, gen, open: sends } = call.row
      await lost.stage.settle({ callId, epoch, gen, nonce: sends[0] ?? ('' as never) }, { totalUsdMicros: usd(1) })
      expect(told(await lost.stage.ask(lost.a, { content: 'waiting', usd: 6, ord }))).to.equal('SEND n=1')
    })

    it('replays and reports pass, also there', async () => {
      const paid = await lost.stage.send(lost.a, { content: 'paid', usd: 1 })
      await lost.stage.settle(paid.ref)
      const { waiting } = await over()
      expect(told(await lost.stage.ask(lost.a, { content: 'paid', usd: 1, ord: [1, 900] }))).to.equal('REPLAY n=1')
      expect(await lost.stage.settle(waiting.ref, { totalUsdMicros: usd(6) })).to.include({ status: 'settled' })
    })
  })
}
