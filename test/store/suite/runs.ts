import { expect } from 'chai'
import { asJobUid, asKeyId, asPodUid, asRunUid } from '../../../contract/ids.ts'
import { runAccount } from '../../../store/rules/accounts.ts'
import type * as S from '../../../store/store.ts'
import { NEVER, type OpenStore, type PodPlan, type PodsCaller, START_MS, Stage, seenFact, told, usd } from '../stage.ts'

export function suiteOfRuns(open: OpenStore): void {
  let stage: Stage
  let a: PodsCaller

  beforeEach(async () => {
    stage = await Stage.open(open)
    a = await stage.pod('a', { terms: { capUsdMicros: usd(10) } })
  })
  afterEach(() => stage.store.close())

  const eventNames = async () => (await stage.events()).map(({ event }) => event)
  const endJob = (job = 'job-1') => stage.store.endJob(a.runUid, asJobUid(job))
  /** By who does not know the run. */
  const endUnknown = (job: string) => stage.store.endJob(asRunUid(job), asJobUid(job))
  const refusalOf = (answer: S.AdmitPodAnswer) =>
    answer.status === 'REFUSED' ? `${answer.refusal.code}: ${answer.refusal.message}` : answer.status

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

    it('is refused once the Job ended, its key expired or was revoked', async () => {
      stage.clock.pass(31 * 24 * 3_600_000)
      expect(refusalOf(await stage.exchange('a'))).to.match(/^key_expired/)
      await endJob()
      expect(refusalOf(await stage.exchange('a'))).to.match(/^key_ended/)
      await stage.store.revokeKey(a.keyId)
      expect(refusalOf(await stage.exchange('a'))).to.match(/^key_revoked/)
    })
  })

  describe('continuing a run', () => {
    const continuing: PodPlan = { job: 'job-2', continues: 'job-1' }

    /** What differs → the refusal and the field it names. */
    const REFUSED: readonly (readonly [string, PodPlan, RegExp])[] = [
      ['an unknown Job', { continues: 'job-0' }, /^continue_unknown: .*job-0/],
      ['another namespace', { namespace: 'other' }, /^continue_mismatch: .*namespace/],
      ['another policy', { policyName: 'strict' }, /^continue_mismatch: .*policy/],
      ['another completion mode', { index: null }, /^continue_mismatch: .*completionMode/],
      ['other completions', { completions: 3 }, /^continue_mismatch: .*completions/],
      ['another digest version', { digestVersion: 2 }, /^continue_mismatch: .*digest version/],
    ]
    for (const [what, plan, refused] of REFUSED) {
      it(`${what} is refused, the field named`, async () => {
        await endJob()
        expect(refusalOf(await stage.exchange('b', { ...continuing, ...plan }))).to.match(refused)
        expect(await stage.store.listRuns({})).to.have.length(1)
      })
    }

    it('a run that still lives, or was revoked, is not continued', async () => {
      expect(refusalOf(await stage.exchange('b', continuing))).to.match(/^continue_running: .*job-1-name/)
      await stage.store.revokeKey(a.keyId)
      await endJob()
      expect(refusalOf(await stage.exchange('b', continuing))).to.match(/^continue_revoked/)
    })

    it('replays what was charged, by the name of the Job too, and goes on from there', async () => {
      const { ref } = await stage.send(a)
      await stage.settle(ref)
      await endJob()
      const b = await stage.pod('b', { ...continuing, continues: 'job-1-name' })
      expect(b.runUid).to.equal(a.runUid)
      expect(told(await stage.ask(b))).to.equal('REPLAY n=1')
      expect(told(await stage.ask(b, { seen: [seenFact('D', 1)] }))).to.equal('SEND n=2')
      expect(await eventNames()).to.include('run.continued')
    })

    it('lets only the newest Job call, exchange and end', async () => {
      await endJob()
      const b = await stage.pod('b', continuing)
      expect(told(await stage.ask(a))).to.equal('REFUSED key_ended')
      expect(refusalOf(await stage.exchange('a', { purpose: 'renew' }))).to.match(/^key_ended/)
      await endJob('job-1')
      expect(told(await stage.ask(b))).to.equal('SEND n=1')
      await endJob('job-2')
      expect(told(await stage.ask(b, { content: 'E' }))).to.equal('REFUSED key_ended')
    })

    /** Spent, in doubt, asked by the new Job → the run's cap. */
    const CAPS: readonly (readonly [number, number, number, number])[] = [
      [4, 0, 20, 20],
      [4, 0, 5, 5],
      [4, 0, 3, 4],
      [4, 3, 5, 5],
    ]
    for (const [spent, inDoubt, asked, cap] of CAPS) {
      it(`$${spent} spent, $${inDoubt} in doubt, $${asked} asked: the cap is $${cap}`, async () => {
        const settled = await stage.send(a, { content: 'E', usd: spent })
        await stage.settle(settled.ref, { totalUsdMicros: usd(spent) })
        const unknown = await stage.send(a, { content: 'F', usd: inDoubt })
        await stage.unknown(unknown.ref)
        await endJob()
        await stage.pod('b', { ...continuing, terms: { capUsdMicros: usd(asked) } })
        expect((await stage.store.findKey(a.keyId))?.capUsdMicros).to.equal(usd(cap))
      })
    }

    it('of two limits only the one that a person set stays', async () => {
      await stage.store.setLimits(a.keyId, { dailyCapUsdMicros: usd(3) })
      await endJob()
      await stage.pod('b', { ...continuing, terms: { capUsdMicros: usd(20), dailyCapUsdMicros: usd(20) } })
      expect(await stage.store.findKey(a.keyId)).to.include({ capUsdMicros: usd(20), dailyCapUsdMicros: usd(3) })
    })

    it('a limit that a person set stays', async () => {
      await stage.store.setLimits(a.keyId, { capUsdMicros: usd(7) })
      await endJob()
      await stage.pod('b', { ...continuing, terms: { capUsdMicros: usd(9) } })
      expect(await stage.store.findKey(a.keyId)).to.include({ capUsdMicros: usd(7), status: 'active' })
    })
  })

  describe('the end of a Job', () => {
    it('of an unknown run or Job changes nothing', async () => {
      expect(await stage.store.endJob(a.runUid, asJobUid('job-9'))).to.equal(undefined)
      expect(await stage.store.endJob(asJobUid('none') as unknown as S.RunRow['runUid'], asJobUid('job-1'))).to.equal(
        undefined,
      )
      expect(told(await stage.ask(a))).to.equal('SEND n=1')
    })

    it('told before an exchange under way opens its run, lets none open it', async () => {
      expect(await endUnknown('job-7')).to.equal(undefined)
      expect(refusalOf(await stage.exchange('late', { job: 'job-7' }))).to.match(/^key_ended/)
      expect(refusalOf(await stage.exchange('late', { job: 'job-7' }))).to.match(/^key_ended/)
      expect(await stage.store.listRuns({})).to.have.length(1)
      expect(told(await stage.ask(a))).to.equal('SEND n=1')
    })

    it('told before an exchange under way continues a run, lets the next Job continue it', async () => {
      await endJob()
      for (const _ of [1, 2]) expect(await endUnknown('job-2')).to.equal(undefined)
      const late = await stage.exchange('b', { job: 'job-2', continues: 'job-1' })
      expect(refusalOf(late)).to.match(/^key_ended/)
      const next = await stage.exchange('c', { job: 'job-3', continues: 'job-1' })
      expect(refusalOf(next)).to.equal('ADMITTED')
    })

    it('told with its own UID in place of the run ends it, also where it continues one', async () => {
      expect(await endUnknown('job-1')).to.deep.include({ runUid: a.runUid, isClosed: true })
      await stage.exchange('b', { job: 'job-2', continues: 'job-1' })
      expect(await endUnknown('job-2')).to.deep.include({ runUid: a.runUid, isClosed: true })
    })

    it('of a Job without a run is remembered for 72 h, however many end meanwhile', async () => {
      await endUnknown('job-7')
      stage.clock.pass(72 * 3_600_000 - 1)
      for (let job = 100; job < 150; job += 1) await endUnknown(`job-${job}`)
      expect(refusalOf(await stage.exchange('late', { job: 'job-7' }))).to.match(/^key_ended/)
    })

    it('closes the account at once when nothing is out, and says so once', async () => {
      expect(await endJob()).to.include({ isClosed: true })
      await endJob()
      expect((await eventNames()).slice(-2)).to.deep.equal(['key.ended', 'run.closed'])
    })

    /** What is out at the end, and what closes it. */
    const OUT: readonly (readonly [string, () => Promise<() => Promise<unknown>>])[] = [
      [
        'a call that settles',
        async () => {
          const { ref } = await stage.send(a)
          return () => stage.settle(ref)
        },
      ],
      [
        'a call that surely was not sent',
        async () => {
          const { ref } = await stage.send(a)
          return () => stage.notSent(ref)
        },
      ],
      [
        'a call that is refused its mark',
        async () => {
          const { ref } = await stage.send(a, { repeat: NEVER })
          return () => stage.mark(ref)
        },
      ],
      [
        'a call whose owner is gone, never sent',
        async () => {
          const { call } = await stage.send(a, { repeat: NEVER })
          return () => {
            stage.clock.pass(10_001)
            return stage.repair(call.callId)
          }
        },
      ],
      [
        'a call in doubt that a person resolves',
        async () => {
          const { call, ref } = await stage.send(a)
          await stage.unknown(ref)
          return () => stage.store.resolveByPerson(call.callId, { kind: 'no_effect' })
        },
      ],
      [
        'a call that a revocation releases',
        async () => {
          await stage.send(a, { repeat: NEVER })
          return () => {
            stage.clock.pass(10_001)
            return stage.store.revokeKey(a.keyId)
          }
        },
      ],
      [
        'a read',
        async () => {
          const read = await stage.store.admitRead({
            caller: a,
            vendor: 'stripe',
            identity: stage.identity({}),
            endpoint: null,
          })
          return () => stage.store.closeRead(read as S.CallRow['callId'], 200)
        },
      ],
    ]
    for (const [what, go] of OUT) {
      it(`waits for ${what}`, async () => {
        const close = await go()
        expect(await endJob()).to.include({ isClosed: false })
        await close()
        expect(await stage.store.findRun(a.runUid)).to.include({ isClosed: true })
        expect((await eventNames()).filter((event) => event === 'run.closed')).to.have.length(1)
      })
    }

    it('counts the effects that no attempt has seen, declines left out', async () => {
      const declined = await stage.send(a)
      await stage.settle(declined.ref, { status: 402, hasEffect: false })
      const effect = await stage.send(a, { seen: [seenFact('D', 1)] })
      await stage.settle(effect.ref)
      const other = await stage.send(a, { content: 'E' })
      await stage.settle(other.ref)
      await stage.store.recordSeen(a.pod, stage.store.historyId, [seenFact('E', 1)])
      await endJob()
      expect((await stage.events()).at(-1)).to.include({
        event: 'run.closed',
        effectsNoPodSaw: 1,
        spentUsdMicros: usd(2),
      })
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
