import { expect } from 'chai'
import { asJobUid, asRunUid } from '../../../contract/ids.ts'
import { READ_LEASE_MS } from '../../../store/rules/reads.ts'
import type * as S from '../../../store/store.ts'
import {
  NEVER,
  type OpenStore,
  type PodPlan,
  type PodsCaller,
  type Stage,
  seenFact,
  told,
  toldOfExchange,
  usd,
} from '../stage.ts'
import { withPod } from './with-pod.ts'

export function suiteOfRunEnds(open: OpenStore): void {
  let stage: Stage
  let a: PodsCaller
  withPod(open, (fresh, pod) => {
    stage = fresh
    a = pod
  })

  const eventNames = async () => (await stage.events()).map(({ event }) => event)
  const endJob = (job = 'job-1') => stage.store.endJob(a.runUid, asJobUid(job))
  const read = async () => {
    const identity = stage.identity({})
    const admitted = await stage.store.admitRead({ caller: a, vendor: 'stripe', identity, endpoint: null })
    return admitted as S.CallRow['callId']
  }
  /** By who does not know the run. */
  const endUnknown = (job: string) => stage.store.endJob(asRunUid(job), asJobUid(job))

  describe('continuing a run', () => {
    const continuing: PodPlan = { job: 'job-2', continues: 'job-1' }

    /** What differs → the refusal and the field it names. */
    const REFUSED: readonly (readonly [string, PodPlan, RegExp])[] = [
      ['an unknown Job', { continues: 'job-0' }, /^continue_unknown: .*job-0/],
      ['another namespace', { namespace: 'other' }, /^continue_mismatch: .*namespace/],
      ['another policy', { policyName: 'strict' }, /^continue_mismatch: .*policy/],
      ['another completion mode', { index: null }, /^continue_mismatch: .*completionMode/],
      [
        'other completions',
        { completions: 3 },
        /^continue_mismatch: .*2 completions, the Job 3: set spec.completions to 2/,
      ],
      ['another digest version', { digestVersion: 2 }, /^continue_mismatch: .*digest version/],
    ]
    for (const [what, plan, refused] of REFUSED) {
      it(`${what} is refused, the field named`, async () => {
        await endJob()
        expect(toldOfExchange(await stage.exchange('b', { ...continuing, ...plan }))).to.match(refused)
        expect(await stage.store.listRuns({})).to.have.length(1)
      })
    }

    it('says the completions that the Job had last, where that was resized', async () => {
      await stage.exchange('b', { index: 2, completions: 3 })
      await endJob()
      expect(toldOfExchange(await stage.exchange('c', continuing))).to.match(/3 completions, the Job 2: set/)
      expect((await stage.exchange('d', { ...continuing, completions: 3 })).status).to.equal('ADMITTED')
    })

    it('a run that still lives, or was revoked, is not continued', async () => {
      expect(toldOfExchange(await stage.exchange('b', continuing))).to.match(/^continue_running: .*job-1-name/)
      await stage.store.revokeKey(a.keyId)
      await endJob()
      expect(toldOfExchange(await stage.exchange('b', continuing))).to.match(/^continue_revoked/)
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
      expect(toldOfExchange(await stage.exchange('a', { purpose: 'renew' }))).to.match(/^key_ended/)
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
      expect(toldOfExchange(await stage.exchange('late', { job: 'job-7' }))).to.match(/^key_ended/)
      expect(toldOfExchange(await stage.exchange('late', { job: 'job-7' }))).to.match(/^key_ended/)
      expect(await stage.store.listRuns({})).to.have.length(1)
      expect(told(await stage.ask(a))).to.equal('SEND n=1')
    })

    it('told before an exchange under way continues a run, lets the next Job continue it', async () => {
      await endJob()
      for (const _ of [1, 2]) expect(await endUnknown('job-2')).to.equal(undefined)
      const late = await stage.exchange('b', { job: 'job-2', continues: 'job-1' })
      expect(toldOfExchange(late)).to.match(/^key_ended/)
      const next = await stage.exchange('c', { job: 'job-3', continues: 'job-1' })
      expect(toldOfExchange(next)).to.equal('ADMITTED')
    })

    it('told before any exchange is what its Pods are told, also where it continues what nobody knows', async () => {
      await endUnknown('job-9')
      const late = await stage.exchange('z', { job: 'job-9', continues: 'gone' })
      expect(toldOfExchange(late)).to.match(/^key_ended: /)
      const living = await stage.exchange('y', { job: 'job-8', continues: 'gone' })
      expect(toldOfExchange(living)).to.match(/^continue_unknown: /)
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
      expect(toldOfExchange(await stage.exchange('late', { job: 'job-7' }))).to.match(/^key_ended/)
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
          const callId = await read()
          return () => stage.store.closeRead(callId, 200)
        },
      ],
      [
        'a read whose owner is gone',
        async () => {
          const callId = await read()
          return async () => {
            stage.clock.pass(READ_LEASE_MS - 1)
            expect(await stage.repair(callId)).to.include({ status: 'LIVE' })
            stage.clock.pass(1)
            return stage.repair(callId)
          }
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
}
