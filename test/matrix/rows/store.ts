import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { luaOf, type Script } from '../../../store/redis/script.ts'
import { QUICK_REPORT } from '../../../store/redis/scripts/quick.ts'
import { REPORT } from '../../../store/redis/scripts/sending.ts'
import { skip } from '../../../tools/test/skip.ts'
import { ask, failure, gist } from '../../ledger/call.ts'
import { newJob } from '../../path/job.ts'
import { broken } from '../../path/world.ts'
import { type Chapter, judge, type Stage } from '../row.ts'

const CALL = /^POST \/stripe\//

export const STORE_CHAPTER: Chapter = {
  about: 'the store',
  flags: ['--repair-every-ms', '200'],
  rows: {
    "settle's reply lost": settlesReplyLost,
    "release's reply lost, reserved again meanwhile": releasesReplyLost,
    'Redis away before reserve': awayBeforeReserve,
    'Redis away between send and settle': awayBeforeSettle,
    'key revoked, cap changed or Job ended, then Redis rolled back': changedAndRolledBack,
    // Last: it leaves an empty store behind.
    'Redis restarted / rolled back / emptied': restartedOrRolledBack,
  },
}

/** A disk is taken away by filling it; what the database has free within its own files would hide that. */
function needsRoomOfItsOwn(stage: Stage): void {
  before(function () {
    if (stage.engine === 'SQLite' && process.getuid?.() !== 0) skip(this, 'needs root for a small tmpfs')
  })
  beforeEach(async () => {
    await stage.world.drainLedger()
    await stage.world.startLedger()
  })
  afterEach(() => stage.world.engine.mend())
}

/** The store is there again, and the ledger has found it. */
async function mend({ world }: Stage): Promise<void> {
  await world.engine.mend()
  while ((await broken(world.ledger.client.listRuns())) === 'broken');
}

/** What the ledger asks the store in this case fails or is answered late; only where there is a wire between them. */
const SETTLES = asked(QUICK_REPORT, REPORT)
const RELEASES = asked(REPORT)

/** One of these scripts on the wire: by its digest, and at its first use by its text. */
function asked(...scripts: readonly Script[]): RegExp {
  const digestOf = (script: Script) => createHash('sha1').update(luaOf(script)).digest('hex')
  return new RegExp(scripts.flatMap((script) => [digestOf(script), `-- ${script.name}:`]).join('|'))
}

function settlesReplyLost(stage: Stage): void {
  if (stage.engine === 'Redis') {
    for (const mishap of ['drop_answer', 'lose_answer', 'swallow'] as const) {
      it(`on the way from the store (${mishap}): settled again, once, and the app has the answer in hand`, async () => {
        const { world } = stage
        const job = newJob(world)
        const pod = await job.startPod()
        const lost = world.engine.wire?.befall(mishap, SETTLES)
        const told = await pod.pay()
        await lost?.happened
        expect(gist(told)).to.equal('200')
        await job.reached('call.settled')
        expect(await job.count('call.settled')).to.equal(1)
        await judge(job, { effects: 1, record: ['settled'], told: [told] })
      })
    }
  }

  it('settled, and the ledger killed before its answer reached the sidecar: the repeat gets the answer', async () => {
    const { world } = stage
    const job = newJob(world)
    const tap = await world.tapLedger()
    const pod = await job.startPod({ tap })
    const answered = tap.befall('hold', CALL)
    const paying = pod.pay()
    await answered.happened
    expect(await job.count('call.settled')).to.equal(1)
    await world.restartLedger()
    const told = await paying
    expect(gist(told)).to.equal('200')
    expect(await job.count('call.settled'), 'settled once').to.equal(1)
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })
}

function releasesReplyLost(stage: Stage): void {
  needsRoomOfItsOwn(stage)

  if (stage.engine === 'Redis') {
    it('the release was done and its reply lost: it is given again, refused by its epoch, and frees nothing', async () => {
      const { world } = stage
      const job = newJob(world)
      const pod = await job.startPod()
      await world.stripe.control.addFault({ fault: { kind: 'answer', when: 'before', status: 429 } })
      const lost = world.engine.wire?.befall('drop_answer', RELEASES)
      expect(gist(await pod.pay())).to.equal('429')
      await lost?.happened
      await mend(stage)
      const hold = await world.holdNext()
      const paying = pod.pay()
      await hold.held()
      expect((await job.books()).reserved, 'the new reservation stands').to.equal('1.00')
      await hold.release()
      const told = await paying
      expect(gist(told)).to.equal('200')
      expect(await job.count('call.released')).to.equal(1)
      await judge(job, { effects: 1, record: ['settled'], told: [told] })
    })
  }

  it('the release gets through late: a repeat that joins meanwhile is told the same, the next is charged once', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const tap = await world.tapVendor(world.stripe)
    await world.stripe.control.addFault({ fault: { kind: 'answer', when: 'before', status: 429 } })
    const answered = tap.befall('hold')
    const paying = pod.pay()
    await answered.happened
    await world.engine.cutOff()
    answered.release()
    expect(gist(await paying)).to.equal('429')
    await mend(stage)
    // One that came before the release was written waits for it, and hears what the first one heard.
    const repeat = await pod.pay()
    const told = gist(repeat) === '429' ? await pod.pay() : repeat
    expect(gist(told)).to.equal('200')
    expect(await job.count('call.released')).to.equal(1)
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })
}

function awayBeforeReserve(stage: Stage): void {
  needsRoomOfItsOwn(stage)

  it('503 retryable, nothing sent; it goes on when the store is back', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    await world.engine.cutOff()
    const told = await pod.pay()
    expect(gist(told)).to.equal('503 store_unavailable')
    expect(told.headers['x-should-retry']).to.equal('true')
    await mend(stage)
    await judge(job, { effects: 0, record: [] })
    const again = await pod.pay()
    expect(gist(again)).to.equal('200')
    await judge(job, { effects: 1, record: ['settled'], told: [again] })
  })

  it('the official package repeats by itself until the store is back: charged once', async () => {
    const { world } = stage
    const job = newJob(world)
    const wire = await world.wire()
    const pod = await job.startPod({ wire })
    await world.engine.cutOff()
    const charging = pod.charge(pod.stripe({ retries: 5 }))
    await wire.reached(2)
    await mend(stage)
    await charging
    await judge(job, { effects: 1, record: ['settled'] })
  })
}

function awayBeforeSettle(stage: Stage): void {
  needsRoomOfItsOwn(stage)

  for (const vendor of ['stripe', 'geocoder'] as const) {
    it(`${vendor}: the app gets the vendor's answer, and the settle lands when the store is back`, async () => {
      const { world } = stage
      const job = newJob(world)
      const pod = await job.startPod()
      const hold = await world.holdNext(world[vendor])
      const asking = vendor === 'stripe' ? pod.pay() : pod.lookUp('1 Main St')
      await hold.held()
      await world.engine.cutOff()
      await hold.release()
      const told = await asking
      expect(gist(told)).to.equal('200')
      await mend(stage)
      await job.reached('call.settled')
      await judge(job, { effects: 1, record: ['settled'], told: [told] })
    })
  }

  it('and the ledger is killed meanwhile: Stripe is asked under the same key, charged once', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const paying = pod.pay()
    await hold.held()
    await world.engine.cutOff()
    await hold.release()
    const told = await paying
    await world.killLedger()
    await world.engine.mend()
    await world.startLedger()
    await job.reached('call.settled')
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })
}

function restartedOrRolledBack(stage: Stage): void {
  it('restarted: what was acknowledged is there, and calls go on', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const told = [await pod.pay()]
    await world.restartLedger()
    told.push(await pod.pay())
    await world.engine.restart()
    const stripe = pod.stripe({ retries: 5 })
    await pod.charge(stripe)
    expect(told.map(gist)).to.deep.equal(['200', '200'])
    await judge(job, { effects: 3, record: ['settled', 'settled', 'settled'], told })
  })

  if (stage.engine === 'Redis') {
    it('emptied under a ledger that runs: nothing is admitted or sent, and /readyz says what to do', async () => {
      const { world } = stage
      const job = newJob(world)
      const pod = await job.startPod()
      expect(gist(await pod.pay())).to.equal('200')
      await world.engine.empty()
      const readiness = () => ask(world.ledgerAddress, { method: 'GET', path: '/readyz' })
      // Until the ledger is connected again, what it says is that the store cannot be reached.
      do expect((await pod.pay()).status).to.equal(503)
      while (!(await readiness()).text.includes('put its data back'))
      expect((await readiness()).status).to.equal(503)
      expect(job.effects()).to.have.length(1)
    })
  }

  if (stage.engine === 'SQLite') {
    it('rolled back: the ledger does not start; with --restored it admits nothing of the runs before', async () => {
      const { world } = stage
      const job = newJob(world)
      const pod = await job.startPod()
      await world.drainLedger()
      await world.engine.copy()
      await world.startLedger()
      expect(gist(await pod.pay())).to.equal('200')
      await world.drainLedger()
      await world.engine.putBack()
      expect(await failure(world.startLedger())).to.match(/--restored/)
      await world.startLedger('--restored')
      expect(gist(await pod.pay())).to.equal('401 key_ended')
      expect(job.effects()).to.have.length(1)
    })

    it('emptied: the ledger does not start, since the mark beside the database says that there was one', async () => {
      const { world } = stage
      await world.drainLedger()
      await world.engine.copy()
      await world.engine.empty()
      expect(await failure(world.startLedger())).to.match(/start failed/)
      await world.engine.putBack()
    })
  }
}

function changedAndRolledBack(stage: Stage): void {
  if (stage.engine === 'Redis') {
    it('revoked stays revoked, a raise and an end hold: they are in the journal before they are answered', async () => {
      const { world } = stage
      await world.drainLedger()
      await world.startLedger('--journal', 'journal')
      const [revoked, raised, ended] = [newJob(world), newJob(world), newJob(world)]
      for (const job of [revoked, raised, ended]) expect(gist(await (await job.startPod()).pay())).to.equal('200')
      await world.engine.copy()
      await mend(stage)
      const { client } = world.ledger
      const keyOf = async ({ uid }: typeof revoked) =>
        (await client.listKeys()).find(({ run }) => run === uid)?.key_id ?? ''
      await client.revokeKey(await keyOf(revoked))
      await client.setLimits(await keyOf(raised), { usd_cap: '777.00' })
      await client.endJob(ended.uid, ended.uid)
      await world.engine.putBack()
      await mend(stage)
      const now = await Promise.all([revoked, raised, ended].map(async (job) => client.findKey(await keyOf(job))))
      expect(now.map(({ status }) => status)).to.deep.equal(['revoked', 'active', 'ended'])
      expect(now[1]?.usd_cap).to.equal('777.00')
      expect(revoked.effects()).to.have.length(1)
    })
    return
  }

  it('revoked stays revoked: with --restored nothing of before is admitted', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    expect(gist(await pod.pay())).to.equal('200')
    const keyId = (await world.ledger.client.listKeys()).find(({ run }) => run === job.uid)?.key_id ?? ''
    await world.drainLedger()
    await world.engine.copy()
    await world.startLedger()
    await world.ledger.client.revokeKey(keyId)
    await world.drainLedger()
    await world.engine.putBack()
    await world.startLedger('--restored')
    expect(gist(await pod.pay())).to.match(/^401 key_/)
    expect(job.effects()).to.have.length(1)
  })
}
