import { expect } from 'chai'
import type { UsdMicros } from '../../../contract/money.ts'
import { policyDayAccount, runAccount } from '../../../store/rules/accounts.ts'
import type * as S from '../../../store/store.ts'
import {
  type Ask,
  definite,
  NEVER,
  type OpenRecoverable,
  type PodsCaller,
  Stage,
  seenFact,
  told,
  usd,
} from '../stage.ts'

/** Lost records came after all that the store still has. */
const LOST_ORDERS = 1_000
const DECLINED = definite({ status: 402, hasEffect: false, totalUsdMicros: usd(0) })

/** What a journal says is replayed into a store that has lost it, or some of it. */
export function suiteOfMerge(open: OpenRecoverable): void {
  let stage: Stage
  let a: PodsCaller
  let store: S.RecoverableStore
  /** Another index of the run, whose records are made and released to have rows like those that are lost. */
  let other: PodsCaller
  let ids = 0

  beforeEach(async () => {
    const plan = { terms: { capUsdMicros: usd(10) } }
    stage = await Stage.open(async (options) => {
      store = await open(options)
      return store
    })
    a = await stage.pod('a', plan)
    other = await stage.pod('other', { ...plan, index: 1 })
  })
  afterEach(() => stage.store.close())

  const held = async (account = runAccount(a.runUid)) => {
    const { spentUsdMicros, reservedUsdMicros } = await stage.store.balance(account)
    return `${spentUsdMicros / 1e6}+${reservedUsdMicros / 1e6}`
  }
  /** A send of Pod a that the store has lost, as its journal has it. */
  const journalled = async (ask: Ask = {}, more: Partial<S.JournalledCall> = {}): Promise<S.JournalledCall> => {
    const named = ask.key?.kind === 'named' ? ask.key.value : null
    const key = named === null ? null : ({ kind: 'named', value: `${named}-of-another` } as const)
    const { call, ref } = await stage.send(other, { ...ask, key })
    if (call.repeat.kind === 'never') await stage.mark(ref)
    const { index: _, ...made } = await stage.call(call.callId)
    await stage.notSent(ref)
    ids += 1
    const { podUid, podName, index } = a.pod
    const row: S.CallRow = {
      ...made,
      podUid,
      podName,
      index,
      scope: `${a.runUid}/0`,
      createdOrder: LOST_ORDERS + ids,
      callId: `${made.callId.slice(0, -14)}${String(ids).padStart(14, '0')}` as S.CallRow['callId'],
      namedKey: named,
      vendorKey: named ?? `${made.vendorKey}`.replace(`${a.runUid}-1-`, `${a.runUid}-0-`),
    }
    const token = ask.key?.kind === 'token' ? ask.key.value : null
    return { row, token, limits: ask.limits ?? [], epoch: row.epoch, open: row.open, closed: [], answer: null, ...more }
  }

  describe('a record that is lost', () => {
    it('is put back in doubt: its money, its place, its sends, under a new epoch and without an owner', async () => {
      const call = await journalled({ usd: 3, repeat: NEVER })
      expect(await store.merge(call)).to.include({ status: 'merged', callId: call.row.callId, isFrozen: false })
      const row = await stage.call(call.row.callId)
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
      expect(await held()).to.equal('0+3')
      expect(await held(policyDayAccount('default', '2026-11-22'))).to.equal('0+3')
      const [last] = (await stage.events()).slice(-1)
      expect(last).to.deep.include({ event: 'call.in_doubt', heldUsdMicros: usd(3) })
    })

    it('is not asked of a vendor twice: its repeat finds it', async () => {
      await store.merge(await journalled({ repeat: NEVER }))
      expect(told(await stage.ask(a, { repeat: NEVER }))).to.equal('IN_DOUBT n=1')
    })

    it('of a vendor with idempotency is sent again under its own key', async () => {
      const call = await journalled()
      await store.merge(call)
      const again = await stage.send(a)
      expect(again.call).to.include({ callId: call.row.callId, vendorKey: call.row.vendorKey, epoch: 3 })
      expect(again.call.open).to.have.members([...call.open, again.ref.nonce])
      expect(again.call.sealedRequest).to.deep.equal(call.row.sealedRequest)
      await stage.settle(again.ref)
      expect(await held()).to.equal('1+0')
    })

    it('is found under its token', async () => {
      const token = { kind: 'token', value: 't' } as const
      await store.merge(await journalled({ key: token, repeat: NEVER }))
      const seen = [seenFact('D', 1, { token: 't' })]
      expect(told(await stage.ask(a, { key: token, seen, repeat: NEVER }))).to.equal('IN_DOUBT n=1')
    })

    it('is found under its named key, from every Pod of the run', async () => {
      const named = { kind: 'named', value: 'k' } as const
      await store.merge(await journalled({ key: named, repeat: NEVER }))
      const b = await stage.pod('b', { index: 1 })
      expect(told(await stage.ask(b, { key: named, repeat: NEVER }))).to.equal('IN_DOUBT')
    })

    it('takes the late report of its owner', async () => {
      const call = await journalled({ repeat: NEVER })
      await store.merge(call)
      const { callId, epoch, gen, open: sends } = call.row
      const nonce = sends[0] ?? (stage.nonce() as never)
      expect(await stage.settle({ callId, epoch, gen, nonce })).to.include({ status: 'settled', isAlarm: false })
      expect(await held()).to.equal('1+0')
    })

    it('is settled where the journal has its answer, which is replayed', async () => {
      const call = await journalled({ usd: 3 }, { answer: definite({ totalUsdMicros: usd(2), object: 'pi_1' }) })
      await store.merge(call)
      const answer = await stage.ask(a)
      expect(told(answer)).to.equal('REPLAY n=1')
      expect(answer.status === 'REPLAY' && answer.call.sealedAnswer).to.deep.equal(Buffer.from('sealed answer'))
      expect(await held()).to.equal('2+0')
      expect(await stage.store.countedObject(a.runUid, 'stripe', 'pi_1')).to.equal(usd(2))
    })

    it('of a vendor that is asked once keeps its object from a look-up of another', async () => {
      const answer = definite({ totalUsdMicros: usd(2), object: 'SM1' })
      await store.merge(await journalled({ usd: 3, repeat: NEVER }, { answer }))
      expect(await held()).to.equal('2+0')
      const { ref } = await stage.send(a, { content: 'another', repeat: NEVER })
      await stage.mark(ref)
      await stage.unknown(ref)
      expect((await stage.found(ref, [{ object: 'SM1' }])).status).to.equal('noted')
      expect((await stage.found(ref, [{ object: 'SM1' }, { object: 'SM2' }])).status).to.equal('settled')
    })

    it('keeps its place among the calls of its scope, whatever is merged first', async () => {
      const declined = await journalled({ content: 'first' }, { answer: DECLINED })
      const later = await journalled({ content: 'later' }, { answer: definite() })
      await store.merge(later)
      await store.merge(declined)
      const b = await stage.pod('b')
      expect(told(await stage.ask(b, { content: 'first' }))).to.equal('REPLAY n=1')
    })

    it('of the newest call of its scope, declined, runs again; and later calls come after it', async () => {
      const later = await journalled({ content: 'first' }, { answer: definite() })
      const declined = await journalled({ content: 'last' }, { answer: DECLINED })
      await store.merge(declined)
      await store.merge(later)
      const again = await stage.send(await stage.pod('b'), { content: 'last' })
      expect(again.call).to.include({ callId: declined.row.callId, gen: 1 })
      await stage.settle(again.ref, DECLINED)
      await stage.settle((await stage.send(await stage.pod('b'), { content: 'after' })).ref)
      expect(told(await stage.ask(await stage.pod('c'), { content: 'last' }))).to.equal('REPLAY n=1')
    })

    it('is not made where surely nothing of it had an effect', async () => {
      const call = await journalled({}, { open: [] })
      expect(await store.merge({ ...call, closed: call.row.open })).to.deep.equal({ status: 'absent' })
      expect(await held()).to.equal('0+0')
      expect((await stage.send(a)).call).to.include({ n: 1, epoch: 1 })
    })
  })

  it('merged twice, it is there once', async () => {
    const call = await journalled({ usd: 3, repeat: NEVER })
    await store.merge(call)
    const first = await stage.call(call.row.callId)
    await store.merge(call)
    const { epoch, ...second } = await stage.call(call.row.callId)
    expect({ ...second, epoch: first.epoch }).to.deep.equal(first)
    expect(epoch).to.be.at.least(first.epoch)
    expect(await held()).to.equal('0+3')
  })

  describe('from the journals of an owner and of whoever took over, in either order', () => {
    const takenOver = async (): Promise<readonly [S.JournalledCall, S.JournalledCall]> => {
      const x = await journalled({ usd: 3 })
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
          for (const each of isSwapped ? [y, x] : [x, y]) await store.merge(each)
          const row = await stage.store.findCall(x.row.callId)
          const now = row === undefined ? 'none' : `${row.state} ${row.open.length} open ${await held()}`
          expect(now).to.equal(expected)
          if (row !== undefined) expect(row.epoch).to.be.greaterThan(x.epoch)
        })
      }
    }
  })

  describe('a record that is there', () => {
    const LATER = 'ffffffffffffffff' as S.SendRef['nonce']
    type Prepare = (ref: S.SendRef) => Promise<unknown>
    const nothing: Prepare = async () => undefined
    const again: Prepare = async () => {
      stage.clock.pass(10_001)
      await stage.send(a, { ord: [1, 999] })
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
      ['marked: in doubt', NEVER, (ref) => stage.mark(ref), () => ({ open: [] }), 'in_doubt 1 open 0+1'],
      ['in doubt: stays', null, (ref) => stage.unknown(ref), () => ({}), 'in_doubt 1 open 0+1'],
      ['settled: stays', null, (ref) => stage.settle(ref), () => ({}), 'settled 0 open 1+0'],
      [
        'settled, by the same answer: stays',
        null,
        (ref) => stage.settle(ref),
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
        (ref) => stage.notSent(ref),
        () => ({ open: [LATER], epoch: 2 }),
        'in_doubt 1 open 0+1',
      ],
      [
        'released since by a newer owner: stays released',
        null,
        (ref) => stage.notSent({ ...ref }),
        ({ open: sends }) => ({ open: [], closed: sends }),
        'released 0 open 0+0',
      ],
      [
        'released, and an answer shows that it was sent: settled',
        null,
        (ref) => stage.notSent(ref),
        () => ({ open: [LATER], epoch: 2, answer: definite() }),
        'settled 0 open 1+0',
      ],
    ]
    for (const [story, repeat, prepare, says, expected] of CASES) {
      it(story, async () => {
        const { call, ref } = await stage.send(a, repeat === null ? {} : { repeat })
        const row = await stage.call(call.callId)
        await prepare(ref)
        await store.merge({
          row,
          token: null,
          limits: [],
          epoch: row.epoch,
          open: row.open,
          closed: [],
          answer: null,
          ...says(row),
        })
        const after = await stage.call(call.callId)
        expect(`${after.state} ${after.open.length} open ${await held()}`).to.equal(expected)
        if (after.state === 'reserved')
          expect((await stage.send(a, repeat === null ? {} : { repeat })).call.epoch).to.be.greaterThan(2)
      })
    }

    it('of an older gen says nothing of the newer one', async () => {
      const { call, ref } = await stage.send(a)
      await stage.settle(ref, { status: 402, hasEffect: false, totalUsdMicros: usd(0) })
      const b = await stage.pod('b')
      const y = await stage.send(b)
      const answer = definite({ status: 402, hasEffect: false, totalUsdMicros: usd(0) })
      await store.merge({ row: call, token: null, limits: [], epoch: 1, open: call.open, closed: [], answer })
      expect(await stage.call(call.callId)).to.deep.include({ state: 'reserved', gen: 1, open: [y.ref.nonce] })
    })
  })

  describe('a level that this puts above its limit is frozen', () => {
    const over = async (ask: Ask = {}) => {
      const call = await journalled({ content: 'lost', usd: 6, ...ask })
      const waiting = await stage.send(a, { content: 'waiting', usd: 6, ...ask })
      expect(await store.merge(call)).to.include({ isFrozen: true })
      return { call, waiting }
    }

    it('at the cap of the run: nothing in it is taken over, sent again or admitted, and it says cap_frozen', async () => {
      const { waiting } = await over()
      stage.clock.pass(10_001)
      for (const content of ['lost', 'waiting']) {
        expect(told(await stage.ask(a, { content, usd: 6 })), content).to.equal('REFUSED cap_frozen')
      }
      expect(told(await stage.ask(a, { content: 'new', usd: 1 }))).to.equal('REFUSED cap_exhausted')
      expect(await stage.repair(waiting.call.callId)).to.include({ status: 'HELD' })
      expect(await held()).to.equal('0+12')
    })

    it('at a level of the policy, by the limit that the journal knows', async () => {
      await stage.store.setLimits(a.keyId, { capUsdMicros: null })
      const limits = [{ level: 'policy_day', limitUsdMicros: usd(8) }] as const
      await over({ limits })
      stage.clock.pass(10_001)
      expect(told(await stage.ask(a, { content: 'waiting', usd: 6, limits }))).to.equal('REFUSED cap_frozen')
    })

    it('a call that is sent once is not marked there, and stays reserved', async () => {
      const { waiting } = await over({ repeat: NEVER })
      expect(await stage.mark(waiting.ref)).to.equal('refused')
      expect(await stage.call(waiting.call.callId)).to.include({ state: 'reserved' })
    })

    it('the same request is judged anew once it is back under the limit, by a settle or a raise', async () => {
      const { call } = await over()
      stage.clock.pass(10_001)
      const ord = [1, 500] as const
      expect(told(await stage.ask(a, { content: 'waiting', usd: 6, ord }))).to.equal('REFUSED cap_frozen')
      const { callId, epoch, gen, open: sends } = call.row
      await stage.settle({ callId, epoch, gen, nonce: sends[0] ?? ('' as never) }, { totalUsdMicros: usd(1) })
      expect(told(await stage.ask(a, { content: 'waiting', usd: 6, ord }))).to.equal('SEND n=1')
    })

    it('replays and reports pass, also there', async () => {
      const paid = await stage.send(a, { content: 'paid', usd: 1 })
      await stage.settle(paid.ref)
      const { waiting } = await over()
      expect(told(await stage.ask(a, { content: 'paid', usd: 1, ord: [1, 900] }))).to.equal('REPLAY n=1')
      expect(await stage.settle(waiting.ref, { totalUsdMicros: usd(6) })).to.include({ status: 'settled' })
    })
  })
}
