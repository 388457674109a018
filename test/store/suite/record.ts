import { expect } from 'chai'
import type * as S from '../../../store/store.ts'
import { NEVER, type OpenStore, type PodsCaller, START_MS, type Stage, usd } from '../stage.ts'
import { withPod } from './with-pod.ts'

export function suiteOfTheRecord(open: OpenStore): void {
  let stage: Stage
  let a: PodsCaller
  withPod(open, (fresh, pod) => {
    stage = fresh
    a = pod
  })

  describe('the record', () => {
    it('has a line for every step that matters, numbered without gaps, with who acted', async () => {
      const { ref } = await stage.send(a)
      await stage.settle(ref)
      await stage.ask(a)
      await stage.ask(a, { content: 'E', usd: 99 })
      const unsent = await stage.send(a, { content: 'F' })
      await stage.notSent(unsent.ref)
      const doubt = await stage.send(a, { content: 'G' })
      await stage.unknown(doubt.ref)
      await stage.send(a, { content: 'G' })
      const marked = await stage.send(a, { content: 'H', repeat: NEVER })
      await stage.mark(marked.ref)
      const read = await stage.store.admitRead({
        caller: a,
        vendor: 'stripe',
        identity: stage.identity({}),
        endpoint: null,
      })
      await stage.store.closeRead(read as S.CallRow['callId'], 200)
      await stage.store.recordRefusal(a, {
        vendor: 'x',
        route: 'POST /',
        digest: null,
        refusal: { code: 'route_unknown', message: '' },
      })
      await stage.store.setLimits(a.keyId, { capUsdMicros: usd(11) })
      await stage.store.revokeKey(a.keyId)
      const events = await stage.events()
      expect(events.map(({ event }) => event)).to.deep.equal([
        'run.opened',
        'attempt.began',
        'call.reserved',
        'call.settled',
        'call.replayed',
        'call.refused',
        'call.reserved',
        'call.released',
        'call.reserved',
        'call.in_doubt',
        'call.taken_over',
        'call.reserved',
        'call.sent',
        'read.admitted',
        'read.answered',
        'call.refused',
        'key.raised',
        'key.revoked',
      ])
      expect(events.map(({ seq }) => seq)).to.deep.equal(events.map((_, at) => at + 1))
      for (const { actor, atMs, event } of events) {
        expect(actor, event).to.include({
          keyId: a.keyId,
          runUid: a.runUid,
          namespace: 'billing',
          label: 'billing/job-1-name',
        })
        expect(atMs).to.equal(START_MS)
        if (event.startsWith('call.') || event.startsWith('read.')) {
          expect(actor, event).to.include({ jobUid: 'job-1', podUid: 'a', podName: 'a-name', index: 0 })
        }
      }
    })

    it('a replay is booked to who asked, the charge to who made it', async () => {
      const { ref } = await stage.send(a)
      const b = await stage.pod('b')
      await stage.settle(ref)
      await stage.ask(b)
      const [settled, replayed] = (await stage.events()).slice(-2)
      expect([settled?.actor.podUid, replayed?.actor.podUid]).to.deep.equal(['a', 'b'])
    })

    it('is read by run, key, label, index and time, page by page', async () => {
      const b = await stage.pod('b', { index: 1 })
      stage.clock.pass(1_000)
      await stage.send(b)
      const hand = await stage.key('hand')
      const read = async (filter: Partial<S.AuditQuery>) =>
        (await stage.store.audit({ afterSeq: 0, limit: 100, ...filter })).map(({ seq }) => seq)
      expect(await read({})).to.deep.equal([1, 2, 3, 4, 5])
      expect(await read({ runUid: a.runUid })).to.deep.equal([1, 2, 3, 4])
      expect(await read({ keyId: hand.keyId })).to.deep.equal([5])
      expect(await read({ runUid: a.runUid, keyId: hand.keyId })).to.deep.equal([])
      expect(await read({ label: 'hand' })).to.deep.equal([5])
      expect(await read({ index: 1 })).to.deep.equal([3, 4])
      expect(await read({ fromMs: START_MS + 1, runUid: a.runUid })).to.deep.equal([4])
      expect(await read({ toMs: START_MS + 1 })).to.deep.equal([1, 2, 3])
      expect(await read({ afterSeq: 2, limit: 2 })).to.deep.equal([3, 4])
    })
  })
}
