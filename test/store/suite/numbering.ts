import { expect } from 'chai'
import { REFUSALS, refusal } from '../../../contract/refusals.ts'
import type * as S from '../../../store/store.ts'
import { DAY_MS, type OpenStore, type PodsCaller, START_MS, type Stage, seenFact, told, usd } from '../stage.ts'
import { withPod } from './with-pod.ts'

/**
 * Order of precedence: each row would fail every check below it too, and is told the first. Made from the last row to
 * the first: `spoil` takes the request and the store as the rows after it left them.
 */
interface Row {
  readonly expected: string
  readonly spoil: (stage: Stage, a: PodsCaller) => Promise<Spoilt>
}

interface Spoilt {
  readonly caller?: PodsCaller
  readonly ask?: Parameters<Stage['ask']>[1]
}

export function suiteOfNumbering(open: OpenStore): void {
  let stage: Stage
  let a: PodsCaller
  withPod(
    open,
    (fresh, pod) => {
      stage = fresh
      a = pod
    },
    { terms: { capUsdMicros: usd(5) }, expiresAtMs: START_MS + DAY_MS },
  )

  describe('statuses in order of precedence', () => {
    const ROWS: readonly Row[] = [
      { expected: 'SEND n=1', spoil: async () => ({}) },
      { expected: 'REFUSED cap_exhausted', spoil: async () => ({ ask: { usd: 6 } }) },
      {
        expected: 'REFUSED endpoint_not_allowed',
        spoil: async () => ({ ask: { endpoint: refusal('endpoint_not_allowed') } }),
      },
      {
        expected: 'REFUSED stale_attempt',
        spoil: async (stage) => {
          await stage.pod('b')
          return {}
        },
      },
      {
        expected: 'WAIT',
        spoil: async (stage, a) => {
          const newest = { ...a, pod: { ...a.pod, podUid: (await stage.pod('c')).pod.podUid } }
          await stage.send(newest, { content: 'E', core: 'c', ord: [1, 1] })
          await stage.pod('d')
          return { ask: { core: 'c' } }
        },
      },
      {
        expected: 'REFUSED ambiguous_repeat',
        spoil: async () => ({ ask: { delivering: [1] } }),
      },
      {
        expected: 'REFUSED idempotency_mismatch',
        spoil: async (stage) => {
          const newest = await stage.pod('e')
          await stage.send(newest, { content: 'F', ord: [1, 1], key: { kind: 'token', value: 't1' } })
          return { ask: { key: { kind: 'token', value: 't1' } } }
        },
      },
      {
        expected: 'REFUSED stale_request',
        spoil: async (stage, a) => {
          await stage.ask(a, { core: 'c', ord: [9, 1], saysDiverged: true })
          return { ask: { ord: [8, 1] } }
        },
      },
      {
        expected: 'REFUSED key_ended',
        spoil: async (stage, a) => {
          await stage.store.endJob(a.runUid, a.pod.jobUid)
          return {}
        },
      },
      {
        expected: 'REFUSED key_revoked',
        spoil: async (stage, a) => {
          await stage.store.revokeKey(a.keyId)
          return {}
        },
      },
      { expected: 'NEW_HISTORY', spoil: async () => ({ ask: { historyId: 'old' as S.Store['historyId'] } }) },
    ]

    for (const [at, { expected }] of ROWS.entries()) {
      it(`${expected} comes before all that stands above it`, async () => {
        let asked: NonNullable<Spoilt['ask']> = { ord: [2, 100] }
        for (const row of ROWS.slice(0, at + 1)) asked = { ...asked, ...(await row.spoil(stage, a)).ask }
        expect(told(await stage.ask(a, asked))).to.equal(expected)
      })
    }

    it('no refusal of the numbering is retried by an SDK', () => {
      const codes = ROWS.filter(({ expected }) => expected.startsWith('REFUSED')).map(({ expected }) =>
        expected.slice(8),
      )
      for (const code of codes) expect(REFUSALS[code as keyof typeof REFUSALS].isRetryable, code).to.equal(false)
    })
  })

  describe('a record that exists', () => {
    const STATES: readonly (readonly [string, string, (ref: S.SendRef) => Promise<unknown>])[] = [
      ['reserved and live', 'JOIN', async () => undefined],
      ['settled', 'REPLAY n=1', (ref) => stage.settle(ref)],
      ['declined', 'REPLAY n=1', (ref) => stage.settle(ref, { status: 402, hasEffect: false })],
      ['released', 'SEND n=1', (ref) => stage.notSent(ref)],
      ['in doubt', 'SEND n=1', (ref) => stage.unknown(ref)],
      ['reserved by an owner that is gone', 'SEND n=1', async () => stage.clock.pass(10_001)],
    ]
    for (const [state, expected, become] of STATES) {
      it(`${state}: ${expected}, never another call`, async () => {
        const { call, ref } = await stage.send(a)
        await become(ref)
        const again = await stage.ask(a)
        expect(told(again)).to.equal(expected)
        if ('call' in again) expect(again.call.callId).to.equal(call.callId)
      })
    }

    it('a replay stands at a spent cap, and for an older Pod', async () => {
      const { ref } = await stage.send(a, { usd: 5 })
      await stage.settle(ref, { totalUsdMicros: usd(5) })
      await stage.pod('b')
      expect(told(await stage.ask(a, { usd: 5 }))).to.equal('REPLAY n=1')
    })

    it('a released record that is reserved again belongs to the Pod that did', async () => {
      const { ref, call } = await stage.send(a)
      await stage.notSent(ref)
      const b = await stage.pod('b')
      const again = await stage.send(b)
      expect(again.call).to.include({ callId: call.callId, epoch: 2, podUid: 'b', podName: 'b-name' })
      const reserved = (await stage.events()).filter(({ event }) => event === 'call.reserved')
      expect(reserved.map(({ actor }) => actor.podUid)).to.deep.equal(['a', 'b'])
    })
  })

  describe('a client without a sidecar', () => {
    it('names each call: without a key it is refused, with one it is that call', async () => {
      const client = await stage.key('hand')
      expect(told(await stage.ask(client))).to.equal('REFUSED idempotency_key_required')
      const key = { kind: 'named', value: 'inv-7' } as const
      const { ref } = await stage.send(client, { key })
      await stage.settle(ref)
      expect(told(await stage.ask(client, { key }))).to.equal('REPLAY')
      expect(told(await stage.ask(client, { key, content: 'E' }))).to.equal('REFUSED idempotency_mismatch')
      expect(told(await stage.ask(client, { key, vendor: 'geocode' }))).to.equal('SEND')
    })

    it('a named call beside an unnamed one of the same content counts for itself', async () => {
      const named = await stage.send(a, { key: { kind: 'named', value: 'inv-7' } })
      await stage.settle(named.ref)
      expect(told(await stage.ask(a))).to.equal('SEND n=1')
    })
  })

  describe('the key sent to the vendor', () => {
    it("is the app's own where it names the intention, else ours, at most 90 characters", async () => {
      const named = await stage.send(a, { key: { kind: 'named', value: 'inv-7' } })
      expect(named.call.vendorKey).to.equal('inv-7')
      const long = '0f8fad5b-d9cb-469f-a165-70867728950e'
      const b = await stage.pod('b', { job: long, index: 99_999 })
      const ours = await stage.send(b)
      expect(ours.call.vendorKey).to.match(new RegExp(`^${long}-99999-[0-9a-f]{32}-1$`))
      expect(ours.call.vendorKey?.length).to.be.at.most(90)
    })
  })

  describe('seen facts', () => {
    it('stay whatever follows, also from a key that is revoked', async () => {
      const { ref } = await stage.send(a)
      await stage.settle(ref)
      await stage.store.revokeKey(a.keyId)
      expect(told(await stage.ask(a, { seen: [seenFact('D', 1)] }))).to.equal('REFUSED key_revoked')
      await stage.store.endJob(a.runUid, a.pod.jobUid)
      const closed = (await stage.events()).at(-1)
      expect(closed).to.include({ event: 'run.closed', effectsNoPodSaw: 0 })
    })

    it('are harmless twice and late, and the first token that saw stays', async () => {
      const { ref } = await stage.send(a, { key: { kind: 'token', value: 't1' } })
      const facts = [seenFact('D', 1, { token: 't1' })]
      expect(await stage.store.recordSeen(a.pod, stage.store.historyId, facts)).to.equal('recorded')
      await stage.settle(ref)
      await stage.store.recordSeen(a.pod, stage.store.historyId, [seenFact('D', 1, { token: 't2' })])
      expect(told(await stage.ask(a, { key: { kind: 'token', value: 't1' } }))).to.equal('REPLAY n=1')
      expect(told(await stage.ask(a))).to.equal('SEND n=2')
    })

    it('of an old history are not recorded', async () => {
      const answer = await stage.store.recordSeen(a.pod, 'old' as S.Store['historyId'], [seenFact('D', 1)])
      expect(answer).to.equal('new_history')
      expect(told(await stage.ask(a))).to.equal('SEND n=1')
    })

    it('belong to their life: a new walk has seen nothing', async () => {
      const { ref } = await stage.send(a)
      await stage.settle(ref)
      await stage.exchange('a', { purpose: 'begin' })
      const second = { ...a, pod: { ...a.pod, life: 2 } }
      // A store of a new history is told of all lives again, under the newest credential.
      await stage.store.recordSeen(second.pod, stage.store.historyId, [seenFact('D', 1, { life: 1 })])
      expect(told(await stage.ask(second))).to.equal('REPLAY n=1')
    })
  })

  describe('what the policy may choose', () => {
    it('ambiguousRepeat fold takes the unclear repeat for a retry', async () => {
      const { ref } = await stage.send(a)
      await stage.settle(ref)
      const answer = await stage.ask(a, { delivering: [1], policy: { ambiguousRepeat: 'fold' } })
      expect(told(answer)).to.equal('REPLAY n=1')
    })

    it('divergingReplay warn lets the call through and raises an alarm', async () => {
      await stage.send(a, { content: 'D1', core: 'c' })
      const ask = { content: 'D2', core: 'c', saysDiverged: true, policy: { divergingReplay: 'warn' } } as const
      expect(told(await stage.ask(a, ask))).to.equal('SEND n=1')
      expect((await stage.events()).map(({ event }) => event)).to.include('alarm')
    })

    it('divergingReplay core takes it for the earlier call, and the next one goes out once that was read', async () => {
      const core = { core: 'c', saysDiverged: true, policy: { divergingReplay: 'core' } } as const
      const { ref, call } = await stage.send(a, { ...core, content: 'D1' })
      await stage.settle(ref)
      const token = { kind: 'token', value: 't1' } as const
      const twice = [
        await stage.ask(a, { ...core, content: 'D2', key: token }),
        await stage.ask(a, { ...core, content: 'D2', key: token }),
      ]
      expect(twice.map((answer) => 'call' in answer && answer.call.callId)).to.deep.equal([call.callId, call.callId])
      const next = await stage.ask(a, { ...core, content: 'D3', seen: [seenFact('D2', 1, { token: 't1' })] })
      expect(told(next)).to.equal('SEND n=1')
    })
  })
}
