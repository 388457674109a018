import { expect } from 'chai'
import { asJobUid, asKeyId, asPodUid, asRunUid } from '../../../contract/ids.ts'
import { runAccount } from '../../../store/rules/accounts.ts'
import { NEVER, type OpenStore, type PodsCaller, START_MS, type Stage, told, toldOfExchange, usd } from '../stage.ts'
import { withPod } from './with-pod.ts'

export function suiteOfRuns(open: OpenStore): void {
  let stage: Stage
  let a: PodsCaller
  withPod(open, (fresh, pod) => {
    stage = fresh
    a = pod
  })

  const eventNames = async () => (await stage.events()).map(({ event }) => event)
  const endJob = (job = 'job-1') => stage.store.endJob(a.runUid, asJobUid(job))

  describe('an exchange', () => {
    it('the first opens the run with its one key, the others find it', async () => {
      const b = await stage.pod('b', { index: 1 })
      expect([b.runUid, b.keyId]).to.deep.equal([a.runUid, a.keyId])
      expect(await stage.store.findRun(a.runUid)).to.deep.include({
        jobs: [{ uid: 'job-1', name: 'job-1-name', isEnded: false }],
      })
      expect((await stage.store.findKeyByHash('hash of job-1'))?.keyId).to.equal(a.keyId)
    })

    it('raises the life only at issue and begin, and only if calls were made', async () => {
      const lives: unknown[] = []
      const exchange = async (purpose: 'issue' | 'begin' | 'renew') => {
        const answer = await stage.exchange('a', { purpose })
        const life = answer.status === 'ADMITTED' ? answer.life : 0
        lives.push(life)
        return { ...a, pod: { ...a.pod, life } }
      }
      await exchange('issue')
      await stage.ask(a)
      await exchange('renew')
      const second = await exchange('begin')
      await exchange('begin')
      await stage.ask(second, { content: 'E' })
      await exchange('issue')
      expect(lives).to.deep.equal([1, 1, 2, 2, 3])
    })

    it('raises it once for each run of the issuer and each begin, however often and late it is asked', async () => {
      const life = async (walk: string, purpose: 'issue' | 'begin' = 'issue') => {
        const answer = await stage.exchange('w', { index: 1, walk, purpose })
        return answer.status === 'ADMITTED' ? answer.life : 0
      }
      const callIn = async (lifeNow: number) => {
        const caller = { ...a, pod: { ...a.pod, podUid: asPodUid('w'), index: 1, life: lifeNow } }
        expect(told(await stage.ask(caller, { content: `of life ${lifeNow}` }))).to.equal('SEND n=1')
      }
      expect(await life('first')).to.equal(1)
      // No call was made yet, so it begins none; its copy must not either, later.
      expect(await life('at once', 'begin')).to.equal(1)
      await callIn(1)
      expect([await life('first'), await life('at once', 'begin')]).to.deep.equal([1, 1])
      expect(await life('second')).to.equal(2)
      await callIn(2)
      expect([await life('first'), await life('second')]).to.deep.equal([2, 2])
      expect(await life('third', 'begin')).to.equal(3)
    })

    it('knows the newest 64 of them again', async () => {
      const walks = Array.from({ length: 65 }, (_, at) => `walk ${at}`)
      for (const walk of walks) await stage.exchange('a', { walk, purpose: 'begin' })
      await stage.ask(a)
      const lives: unknown[] = []
      for (const walk of [walks[64], walks[1], walks[0]]) {
        const answer = await stage.exchange('a', { walk: String(walk), purpose: 'begin' })
        lives.push(answer.status === 'ADMITTED' && answer.life)
      }
      expect(lives).to.deep.equal([1, 1, 2])
    })

    it('begin never passes a newer Pod', async () => {
      await stage.ask(a)
      const b = await stage.pod('b')
      await stage.exchange('a', { purpose: 'begin' })
      expect(told(await stage.ask({ ...a, pod: { ...a.pod, life: 2 } }, { content: 'E' }))).to.equal(
        'REFUSED stale_attempt',
      )
      expect(told(await stage.ask(b, { content: 'E' }))).to.equal('SEND n=1')
    })

    describe('whose place or life the store has lost', () => {
      const lostIn = (life: number) => ({ ...a, pod: { ...a.pod, podUid: asPodUid('lost'), life } })
      const lifeOf = async (pod: string, plan: Parameters<Stage['exchange']>[1]) => {
        const answer = await stage.exchange(pod, plan)
        return answer.status === 'ADMITTED' ? answer.life : answer.status
      }

      it('is told to renew its credential, asked anew then, and is the newest of its index', async () => {
        const ask = async (at: PodsCaller) => told(await stage.ask(at, { content: 'E', ord: [1, 1] }))
        expect(await ask(lostIn(1))).to.equal('REFUSED credential_expired')
        expect(await lifeOf('lost', { purpose: 'renew', life: 1 })).to.equal(1)
        expect(await ask(lostIn(1))).to.equal('SEND n=1')
        expect(told(await stage.ask(a, { content: 'F' }))).to.equal('REFUSED stale_attempt')
        expect(told(await stage.ask(lostIn(2), { content: 'F' }))).to.equal('REFUSED credential_expired')
      })

      it('keeps by a renewal the life that it says, and gets another one by a new walk', async () => {
        expect(await lifeOf('lost', { purpose: 'renew', life: 3 })).to.equal(3)
        for (const _ of [1, 2]) expect(await lifeOf('lost', { purpose: 'begin', walk: 'w1', life: 3 })).to.equal(4)
        expect(await lifeOf('b', { purpose: 'begin', walk: 'w2', life: 3 })).to.equal(4)
        expect(await lifeOf('c', { purpose: 'issue', walk: 'w3', life: 3 })).to.equal(4)
      })

      it('is never set back by a copy that says an older one', async () => {
        expect(await lifeOf('lost', { purpose: 'renew', life: 3 })).to.equal(3)
        expect(await lifeOf('lost', { purpose: 'renew', life: 2 })).to.equal(3)
        expect(told(await stage.ask(lostIn(3), { content: 'E' }))).to.equal('SEND n=1')
      })
    })

    it('is what a Pod is told to do whose key or run the store has lost; a key without a Pod is not one of its own', async () => {
      const underLostKey = { ...a, keyId: asKeyId('key_lost') }
      const runUid = asRunUid('job-lost')
      const ofLostRun = { ...a, runUid, pod: { ...a.pod, runUid } }
      const withoutPod = { ...underLostKey, pod: null }
      const codes: string[] = []
      for (const caller of [underLostKey, ofLostRun, { ...ofLostRun, keyId: asKeyId('key_lost') }, withoutPod]) {
        const read = { caller, vendor: 'stripe', identity: stage.identity({ kind: 'read' }), endpoint: null }
        const refused = await stage.store.admitRead(read)
        codes.push(`${told(await stage.ask(caller))}, ${typeof refused === 'string' ? 'ADMITTED' : refused.code}`)
      }
      expect(codes).to.deep.equal([
        'REFUSED credential_expired, credential_expired',
        'REFUSED credential_expired, credential_expired',
        'REFUSED credential_expired, credential_expired',
        'REFUSED credential_invalid, credential_invalid',
      ])
    })

    it('is refused once the Job ended, its key expired or was revoked', async () => {
      stage.clock.pass(31 * 24 * 3_600_000)
      expect(toldOfExchange(await stage.exchange('a'))).to.match(/^key_expired/)
      await endJob()
      expect(toldOfExchange(await stage.exchange('a'))).to.match(/^key_ended/)
      await stage.store.revokeKey(a.keyId)
      expect(toldOfExchange(await stage.exchange('a'))).to.match(/^key_revoked/)
    })
  })

  describe('revoked means revoked', () => {
    it('names what may still be out, gives back what surely is not, and is the same asked twice', async () => {
      const sent = await stage.send(a, { content: 'sent' })
      const marked = await stage.send(a, { content: 'marked', repeat: NEVER })
      await stage.mark(marked.ref)
      const unmarked = await stage.send(a, { content: 'unmarked', repeat: NEVER })
      const expected = [
        { callId: sent.call.callId, sent: true },
        { callId: marked.call.callId, sent: true },
        { callId: unmarked.call.callId, sent: false },
      ]
      expect((await stage.store.revokeKey(a.keyId))?.inFlight).to.deep.equal(expected)
      expect((await stage.store.revokeKey(a.keyId))?.inFlight).to.deep.equal(expected)
      expect((await eventNames()).filter((event) => event === 'key.revoked')).to.have.length(1)
      expect(await stage.mark(unmarked.ref)).to.equal('refused')
      await stage.settle(sent.ref)
      await stage.settle(marked.ref)
      expect(await stage.store.balance(runAccount(a.runUid))).to.deep.equal({
        spentUsdMicros: usd(2),
        reservedUsdMicros: 0,
      })
    })

    it('joins, replays, reads and exchanges are refused too', async () => {
      const { ref } = await stage.send(a)
      await stage.settle(ref)
      await stage.store.revokeKey(a.keyId)
      expect(told(await stage.ask(a))).to.equal('REFUSED key_revoked')
      const read = { caller: a, vendor: 'stripe', identity: stage.identity({}), endpoint: null }
      expect(await stage.store.admitRead(read)).to.include({ code: 'key_revoked' })
    })

    it('an unknown key is undefined, to revoke, raise and find', async () => {
      const none = asKeyId('key_none')
      const found = [
        await stage.store.revokeKey(none),
        await stage.store.setLimits(none, {}),
        await stage.store.findKey(none),
      ]
      expect(found).to.deep.equal([undefined, undefined, undefined])
    })
  })

  describe('keys', () => {
    it('are found by label and by hash, and keep what was not changed', async () => {
      const hand = await stage.key('hand', { capUsdMicros: usd(3), dailyCapUsdMicros: usd(2) })
      expect((await stage.store.listKeys({ label: 'hand' })).map(({ keyId }) => keyId)).to.deep.equal([hand.keyId])
      expect(await stage.store.listKeys({})).to.have.length(2)
      const raised = await stage.store.setLimits(hand.keyId, { dailyCapUsdMicros: null })
      expect(raised).to.include({ capUsdMicros: usd(3), dailyCapUsdMicros: null })
    })

    it('pass until the moment of their expiry', async () => {
      const b = await stage.pod('b', { job: 'job-x', expiresAtMs: START_MS + 1_000 })
      stage.clock.pass(999)
      expect(told(await stage.ask(b))).to.equal('SEND n=1')
      stage.clock.pass(1)
      expect(told(await stage.ask(b))).to.equal('REFUSED key_expired')
    })
  })
}
