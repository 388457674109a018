import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { asNonce } from '../../../contract/ids.ts'
import { systemTimers } from '../../../runtime/timers.ts'
import { openFileDisk } from '../../../store/journal/file-disk.ts'
import type { Journal } from '../../../store/journal/journal.ts'
import type { Guard } from '../../../store/recovery/guard.ts'
import { guardedStore } from '../../../store/recovery/guarded-store.ts'
import { mergeJournal } from '../../../store/recovery/merge-journal.ts'
import { openGuard } from '../../../store/recovery/open-guard.ts'
import type { DistributedStore } from '../../../store/recovery/registry.ts'
import { runAccount } from '../../../store/rules/accounts.ts'
import { StoreFault } from '../../../store/store.ts'
import { freshStores } from '../../redis/fresh-store.ts'
import { needsRedis, type RedisServer, startRedis, whyNoRedis } from '../../redis/redis-server.ts'
import { ANEW, definite, NEVER, type PodsCaller, SILENT, Stage } from '../stage.ts'

/** As a failover that nobody noticed: the server answers under the same name, and a record is gone. */
describe('a record that the store has lost unnoticed', function () {
  this.timeout(60_000)
  let redis: RedisServer
  let admin: Redis
  let folder: string
  let journal: Journal
  let guard: Guard
  let stage: Stage
  let pod: PodsCaller
  let inner: DistributedStore
  /** Tells the ledger that the store may have lost something. */
  let doubted: (why: string) => void
  /** What happens to the store right after a step, before whoever took it goes on. */
  let afterwards: (step: string) => Promise<void>

  before(async function () {
    needsRedis(this)
    redis = await startRedis()
    admin = new Redis({ host: redis.host, port: redis.port })
  })
  after(async () => {
    if (whyNoRedis() !== undefined) return
    admin.disconnect()
    await redis.stop()
  })
  beforeEach(async () => {
    afterwards = async () => undefined
    folder = mkdtempSync(join(tmpdir(), 'missing-record-'))
    stage = await Stage.open(async (options) => {
      inner = (await freshStores(() => ({ url: redis.url, ports: [redis.port] }))(options)) as DistributedStore
      const doors = { clock: options.clock, random: options.random, timers: systemTimers, log: SILENT }
      const around = taken(inner, { then: (step) => afterwards(step), onDoubt: (told) => (doubted = told) })
      const disk = await openFileDisk(folder)
      const opened = await openGuard({ ...doors, inner: around, disk, replica: { id: 'a', renew: () => undefined } })
      guard = opened.guard
      journal = opened.journal
      await guard.start()
      return guardedStore(guard, around)
    })
    pod = await stage.pod('a')
  })
  afterEach(async () => {
    await stage.store.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const save = async () => {
    const keys = await admin.keys('*')
    const dumps = await Promise.all(keys.map(async (key) => [key, await admin.dumpBuffer(key)] as const))
    return async () => {
      await admin.flushall()
      for (const [key, dump] of dumps) await admin.restore(key, 0, dump)
    }
  }
  const faultOf = (step: Promise<unknown>) =>
    step.then(
      () => undefined,
      (fault: unknown) => fault as StoreFault,
    )

  it('is not sent when it is gone right after its mark', async () => {
    const lose = await save()
    afterwards = (step) => (step === 'markSent' ? lose() : Promise.resolve())
    const { ref } = await stage.send(pod, { repeat: NEVER })
    const fault = await faultOf(stage.mark(ref))
    expect(fault).to.be.instanceOf(StoreFault).with.property('isTransient', true)
    expect((await journal.entries()).filter(({ kind }) => kind === 'intent')).to.deep.equal([])
  })

  it('is in the journal by each of its sends, those of a repair too', async () => {
    const { ref } = await stage.send(pod)
    await stage.unknown(ref)
    const nonce = asNonce('repair')
    expect(await stage.store.repair(ref.callId, { nonce, leaseMs: 10_000 })).to.have.property('status', 'SEND')
    const sent = (await journal.entries()).flatMap((entry) => (entry.kind === 'intent' ? [entry.send.nonce] : []))
    expect(sent).to.deep.equal([ref.nonce, nonce])
  })

  it('is not told as done when it is the end of a Job', async () => {
    // Before the key is read that is to be written down.
    afterwards = async () => {
      await admin.del(await admin.keys('jobcap:{default}:run:*'))
      doubted('the connection broke')
    }
    expect(await faultOf(stage.store.endJob(pod.runUid, pod.pod.jobUid))).to.have.property('isTransient', true)
  })

  it('is put back from the journal when its answer comes, and counts once', async () => {
    const lose = await save()
    const { ref } = await stage.send(pod, { usd: 3 })
    await lose()
    const report = () =>
      stage.store.report({
        ...ref,
        outcome: { kind: 'definite', answer: definite({ totalUsdMicros: 2_000_000 as never }) },
        handTo: null,
      })
    expect(await faultOf(report())).to.have.property('isTransient', true)
    await guard.start()
    expect(await report()).to.have.nested.property('call.state', 'settled')
    expect(await stage.store.balance(runAccount(pod.runUid))).to.deep.equal({
      spentUsdMicros: 2_000_000,
      reservedUsdMicros: 0,
    })
  })

  it('counts again when it is a call for tokens, which was out or whose answer had come', async () => {
    const llm = { kind: 'llm', repeat: ANEW } as const
    const lose = await save()
    const x = await stage.send(pod, { ...llm, content: 'prompt', usd: 3 })
    const y = await stage.send(pod, { ...llm, content: 'another', usd: 4 })
    await stage.settle(y.ref, { totalUsdMicros: 1_000_000 as never })
    await lose()
    await mergeJournal(inner, journal, SILENT)
    expect(await stage.call(x.call.callId)).to.include({ state: 'in_doubt', reservedUsdMicros: 3_000_000 })
    expect(await stage.call(y.call.callId)).to.include({ state: 'settled', spentUsdMicros: 1_000_000 })
    expect(await stage.store.balance(runAccount(pod.runUid))).to.deep.equal({
      spentUsdMicros: 1_000_000,
      reservedUsdMicros: 3_000_000,
    })
  })

  it('is settled again by the effect that a look-up had found, which no other call then gets', async () => {
    const x = await stage.send(pod, { content: 'message', repeat: NEVER })
    await stage.mark(x.ref)
    await stage.unknown(x.ref)
    const lose = await save()
    expect((await stage.found(x.ref, [{ object: 'SM1' }])).status).to.equal('settled')
    await lose()
    expect((await stage.call(x.call.callId)).state, 'lost').to.equal('in_doubt')
    await mergeJournal(inner, journal, SILENT)
    expect(await stage.call(x.call.callId)).to.include({ state: 'settled', object: 'SM1' })
    const y = await stage.send(pod, { content: 'another', repeat: NEVER })
    await stage.mark(y.ref)
    await stage.unknown(y.ref)
    expect((await stage.found(y.ref, [{ object: 'SM1' }])).status).to.equal('noted')
    expect((await stage.found(y.ref, [{ object: 'SM1' }, { object: 'SM2' }])).status).to.equal('settled')
  })

  it('that surely never left is let go, and nothing is in doubt for ever', async () => {
    const lose = await save()
    const { ref } = await stage.send(pod)
    await lose()
    expect(await faultOf(stage.notSent(ref))).to.have.property('isTransient', true)
    await guard.start()
    expect(await stage.notSent(ref)).to.have.nested.property('call.state', 'released')
    expect(guard.problem()).to.equal(undefined)
    expect((await stage.send(pod)).call).to.include({ n: 1, epoch: 1 })
  })
})

interface Around {
  readonly then: (step: string) => Promise<void>
  readonly onDoubt: (told: (why: string) => void) => void
}

function taken(inner: DistributedStore, { then, onDoubt }: Around): DistributedStore {
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name === 'onDoubt') return onDoubt
      const step = value.bind(target) as (...args: unknown[]) => unknown
      if (name !== 'markSent' && name !== 'endJob') return step
      return async (...args: unknown[]) => {
        const answer = await step(...args)
        await then(name)
        return answer
      }
    },
  })
}
