import { expect } from 'chai'
import { Redis } from 'ioredis'
import { systemClock } from '../../../runtime/clock.ts'
import { systemRandom } from '../../../runtime/random.ts'
import { systemTimers } from '../../../runtime/timers.ts'
import { parseRedisAddress } from '../../../store/redis/address.ts'
import { ANSWER_DEADLINE_MS } from '../../../store/redis/connection.ts'
import { openRedisStore } from '../../../store/redis/open.ts'
import { runAccount } from '../../../store/rules/accounts.ts'
import { StoreFault } from '../../../store/store.ts'
import { needsRedis, type RedisServer, startRedis } from '../../redis/redis-server.ts'
import { NEVER, type PodsCaller, SILENT, Stage, told, usd } from '../stage.ts'

describe('a Redis that fails', function () {
  this.timeout(60_000)
  let redis: RedisServer
  let admin: Redis
  let stage: Stage
  let a: PodsCaller

  before(function () {
    needsRedis(this)
  })
  beforeEach(async () => {
    redis = await startRedis()
    admin = clientOf(redis)
    stage = await stageOn(redis)
    a = await stage.pod('a', { terms: { capUsdMicros: usd(5) } })
  })
  afterEach(async () => {
    await stage.store.close()
    admin.disconnect()
    await redis.stop()
  })

  /** A store in real time, as a ledger opens it. */
  async function stageOn({ url }: { readonly url: string }, password: string | null = null): Promise<Stage> {
    const address = parseRedisAddress(url)
    if (typeof address === 'string') throw new Error(address)
    const doors = { clock: systemClock, random: systemRandom, timers: systemTimers, log: SILENT }
    const opened = new Stage()
    opened.store = await openRedisStore({
      ...doors,
      address,
      password,
      caPem: null,
      installId: 'test',
      initialise: true,
    })
    return opened
  }
  const clientOf = ({ host, port }: RedisServer) => {
    const client = new Redis({ host, port })
    client.on('error', () => undefined)
    return client
  }
  const faultOf = (step: Promise<unknown>): Promise<StoreFault> =>
    step.then(
      () => expect.fail('the step was done'),
      (fault: unknown) => {
        expect(fault).to.be.instanceOf(StoreFault)
        return fault as StoreFault
      },
    )
  const held = async () => {
    const { spentUsdMicros, reservedUsdMicros } = await stage.store.balance(runAccount(a.runUid))
    return `${spentUsdMicros / 1e6}+${reservedUsdMicros / 1e6}`
  }

  it('a script cache flushed in mid-run is filled again', async () => {
    const { ref } = await stage.send(a)
    await admin.script('FLUSH')
    expect(await stage.settle(ref)).to.include({ status: 'settled' })
    await admin.script('FLUSH')
    expect(told(await stage.ask(a))).to.equal('REPLAY n=1')
  })

  it('with its memory full nothing new is reserved, and what is reserved is marked, settled, released and revoked', async () => {
    const x = await stage.send(a, { content: 'x' })
    const y = await stage.send(a, { content: 'y' })
    const z = await stage.send(a, { content: 'z', repeat: NEVER })
    await admin.config('SET', 'maxmemory', '1')
    const fault = await faultOf(stage.ask(a, { content: 'new' }))
    expect(fault.message).to.match(/its memory is full \(maxmemory\), so nothing new is reserved/)
    expect(fault.mayHaveHappened).to.equal(false)
    expect(await stage.mark(z.ref)).to.equal('marked')
    expect(await stage.settle(x.ref)).to.include({ status: 'settled' })
    expect(await stage.notSent(y.ref)).to.include({ status: 'released' })
    expect(await stage.unknown(z.ref)).to.include({ status: 'in_doubt' })
    expect(await held()).to.equal('1+1')
    expect((await stage.store.revokeKey(a.keyId))?.key.status).to.equal('revoked')
    expect(stage.store.problem(), 'after steps that pass all the same').to.match(/its memory is full/)
    await admin.config('SET', 'maxmemory', '0')
    while (stage.store.problem() !== undefined) await admin.ping()
    expect(told(await stage.ask(a, { content: 'new' }))).to.equal('REFUSED key_revoked')
  })

  it('a busy script is waited for, and killed: the step goes on', async () => {
    const busy = clientOf(redis)
    await admin.config('SET', 'busy-reply-threshold', '1')
    await busy.ping()
    const loop = busy.eval('while true do end', 0).catch((fault: unknown) => String(fault))
    while (!(await admin.ping().catch(String)).includes('BUSY'));
    const asked = stage.ask(a)
    await admin.script('KILL')
    expect(await loop).to.contain('SCRIPT KILL')
    expect(told(await asked)).to.equal('SEND n=1')
    busy.disconnect()
  })

  it('an answer later than the deadline is asked for again, and the reservation is made once', async () => {
    await admin.call('CLIENT', 'PAUSE', String(ANSWER_DEADLINE_MS + 1_000), 'ALL')
    expect(told(await stage.ask(a))).to.equal('SEND n=1')
    expect(await held()).to.equal('0+1')
    expect((await stage.events()).filter(({ event }) => event === 'call.reserved')).to.have.length(1)
  })

  it('a Redis that is gone for longer is a fault that says that the step may have happened', async () => {
    await redis.kill()
    const fault = await faultOf(stage.ask(a))
    expect(fault.mayHaveHappened).to.equal(true)
    expect(stage.store.problem()).to.contain(redis.url)
  })

  it('a Redis that is killed and started again within the time goes on, with nothing lost', async () => {
    const { ref } = await stage.send(a)
    await redis.kill()
    const settled = stage.settle(ref)
    await redis.restart()
    expect(await settled).to.include({ status: 'settled' })
    expect(await held()).to.equal('1+0')
    expect(stage.store.problem()).to.equal(undefined)
  })

  it('a replica is refused as what it is', async () => {
    const { ref } = await stage.send(a)
    // Of nobody: one that finds its master also answers that it loads a copy.
    await admin.call('REPLICAOF', '127.0.0.1', '1')
    const fault = await faultOf(stage.settle(ref))
    expect(fault.message).to.match(/it is a replica, or was made one/)
  })

  it('a wrong password is refused, and does not show', async () => {
    await admin.config('SET', 'requirepass', 'sesame')
    const fault = await faultOf(stageOn(redis, 'not-sesame'))
    expect(fault.message).to.match(/it refuses our password/)
    expect(`${fault.message} ${String(fault.stack)}`).not.to.contain('not-sesame')
    const again = await stageOn(redis, 'sesame')
    await again.store.close()
  })

  it('a password that is changed under a ledger is said as such once its connection has gone', async () => {
    await admin.config('SET', 'requirepass', 'sesame')
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal')
    const fault = await faultOf(stage.ask(a))
    expect(fault.message).to.match(/it refuses our password/)
    expect(fault.mayHaveHappened).to.equal(true)
    await admin.auth('sesame')
    await admin.config('SET', 'requirepass', '')
    expect(told(await stage.ask(a))).to.equal('SEND n=1')
  })

  it('a store whose time a test has set is refused', async () => {
    await admin.hset('jobcap:{default}:meta', 'test_now_ms', '1')
    expect((await faultOf(stageOn(redis))).message).to.match(/a store whose time a test has set/)
  })

  it('another history than ours stops the step before it does anything', async () => {
    const { ref } = await stage.send(a)
    await admin.hset('jobcap:{default}:meta', 'history', 'another')
    expect((await faultOf(stage.settle(ref))).message).to.match(/has another history \(another\)/)
    expect((await faultOf(stage.ask(a, { content: 'E' }))).message).to.match(/may have lost something/)
    expect(await held()).to.equal('0+1')
    expect(stage.store.problem()).to.match(/another history/)
  })

  it('a policy whose data are gone admits nothing', async () => {
    await admin.del('jobcap:{default}:meta')
    expect((await faultOf(stage.ask(a))).message).to.match(/has no data of policy default any more/)
  })
})
