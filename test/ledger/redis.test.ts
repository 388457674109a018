import { readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { readConfig } from '../../ledger/config.ts'
import { openStore } from '../../ledger/open-store.ts'
import { systemClock } from '../../runtime/clock.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers, type Timers } from '../../runtime/timers.ts'
import { INSTALL_KEY } from '../../store/redis/layout.ts'
import { needsRedis, type RedisServer, startRedis } from '../redis/redis-server.ts'
import { SILENT } from '../store/stage.ts'
import { ask, failure, gist, payment } from './call.ts'
import { exchange, podToken, TestPod } from './pod.ts'
import { auditOf, type LedgerProcess, type Rig, startRig } from './rig.ts'

describe('ledgers on one Redis', function () {
  this.timeout(60_000)
  let rig: Rig
  let redis: RedisServer

  before(function () {
    needsRedis(this)
  })
  beforeEach(async () => {
    redis = await startRedis()
    rig = await startRig()
  })
  afterEach(async () => {
    await rig.stop()
    await redis.stop()
  })

  const start = (...flags: string[]): Promise<LedgerProcess> =>
    rig.startLedger(['--store', redis.url, '--waive', 'journal', ...flags])
  const admin = async (use: (client: Redis) => Promise<unknown>) => {
    const client = new Redis({ host: redis.host, port: redis.port })
    await use(client)
    client.disconnect()
  }

  const damage = async (client: Redis, prefix: string) => {
    const [run = ''] = await client.keys('jobcap:{default}:run:*')
    const field = (await client.hkeys(run)).find((name) => name.startsWith(prefix)) ?? ''
    const sealed = await client.hgetBuffer(run, field)
    sealed?.writeUInt8(sealed.readUInt8(20) ^ 1, 20)
    await client.hset(run, field, sealed ?? '')
  }

  it('whose kept answer is damaged refuse its replay for good: nobody waits for a vendor that has answered', async () => {
    const ledger = await start('--initialise')
    const { vault_key: key } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '5.00' })
    expect(gist(await ask(ledger.address, payment(key, 'order-1')))).to.equal('200')
    await admin((client) => damage(client, 'b:'))
    const told = await ask(ledger.address, payment(key, 'order-1'))
    expect(gist(told)).to.equal('409 answer_not_kept')
    expect(told.text).to.contain('is damaged')
    expect(ledger.log()).to.contain('the kept answer of a call cannot be opened')
    expect(rig.stripe.truth('effect')).to.have.length(1)
  })

  it('whose kept request is damaged do not send it again: the call stays in doubt for a person, others are repaired', async () => {
    const hasty = ['--vendor-deadline-ms', '1000']
    const first = await start('--initialise', ...hasty, '--repair-every-ms', '3600000')
    const { vault_key: key, key_id: keyId } = await first.client.createKey({ vendor: 'stripe', usd_cap: '5.00' })
    await rig.stripe.control.addFault({ fault: { kind: 'silence', when: 'after' }, times: null })
    const told = await ask(first.address, payment(key, 'order-1'))
    expect(gist(told)).to.equal('504 outcome_pending')
    const callId = String(told.headers['jobcap-call-id'])
    expect(gist(await ask(first.address, payment(key, 'order-2')))).to.equal('504 outcome_pending')
    await first.kill()
    await admin((client) => damage(client, `b:${callId}`))
    await rig.stripe.control.clearFaults()

    const next = await start(...hasty, '--repair-every-ms', '100')
    expect(gist(await ask(next.address, payment(key, 'order-1')))).to.equal('504 outcome_pending')
    expect(next.log()).to.contain('the kept request cannot be opened')
    expect(gist(await ask(next.address, payment(key, 'order-2')))).to.equal('200')
    const now = async () => {
      const { spent_usd, reserved_usd } = await next.client.findKey(keyId)
      return [spent_usd, reserved_usd]
    }
    expect(await now()).to.deep.equal(['1.00', '1.00'])
    expect(await next.client.resolveCall(callId, { effect: true, spent_usd: '1.00' })).to.include({ state: 'settled' })
    expect(await now()).to.deep.equal(['2.00', '0.00'])
    expect(rig.stripe.truth('effect')).to.have.length(2)
  })

  it('one charges, the other replays; money and record are one', async () => {
    const first = await start('--initialise')
    const second = await start()
    const key = (await first.client.createKey({ vendor: 'stripe', usd_cap: '1.50' })).vault_key
    const told = await ask(first.address, payment(key, 'k'))
    expect(gist(told)).to.equal('200')
    expect((await ask(second.address, payment(key, 'k'))).text).to.equal(told.text)
    expect(gist(await ask(second.address, payment(key, 'other')))).to.match(/cap_exhausted/)
    expect(rig.stripe.truth('effect')).to.have.length(1)
    const [view] = await second.client.listKeys()
    expect(view).to.include({ spent_usd: '1.00', reserved_usd: '0.00' })
    const events = (await auditOf(second)).map(({ event }) => event)
    expect(events).to.deep.equal(['key.created', 'call.reserved', 'call.settled', 'call.replayed', 'call.refused'])
  })

  it('an empty Redis is no fresh ledger: it is refused until a person says so', async () => {
    expect(await failure(start())).to.match(/holds no store of jobcap\..*--initialise/)
    await (await start('--initialise')).drain()
    await (await start()).drain()
  })

  it('the data of another install are refused', async () => {
    await (await start('--initialise')).drain()
    rmSync(join(rig.folder, 'state/master-key'))
    expect(await failure(start('--initialise'))).to.match(/holds the store of another install/)
  })

  it('a replica whose id a full disk or a crash has emptied is refused, with what to do', async () => {
    const journal = join(rig.folder, 'journal')
    const withJournal = (...flags: string[]) => rig.startLedger(['--store', redis.url, '--journal', journal, ...flags])
    await (await withJournal('--initialise')).kill()
    const path = join(journal, 'replica-id')
    expect(readFileSync(path, 'utf8')).to.match(/^[0-9a-f]{16}\n$/)
    truncateSync(path)
    expect(await failure(withJournal())).to.contain(`${path} holds no id of a replica`)
    rmSync(path)
    await (await withJournal()).drain()
  })

  it('data of a newer and of an older layout are refused, with what to do', async () => {
    await (await start('--initialise')).drain()
    await admin((client) => client.hset(INSTALL_KEY, 'schema', '99'))
    expect(await failure(start())).to.match(/has layout 99, this jobcap knows 2\. Start the newer jobcap/)
    await admin((client) => client.hset(INSTALL_KEY, 'schema', '0'))
    expect(await failure(start())).to.match(/has layout 0, this jobcap knows 2\. Start the jobcap that wrote it/)
  })

  it('a Redis that cannot be reached, or wants a password, is said as what it is', async () => {
    await redis.kill()
    expect(await failure(start())).to.match(/it cannot be reached/)
    await redis.restart()
    await admin((client) => client.config('SET', 'requirepass', 'sesame'))
    expect(await failure(start())).to.match(/it refuses our password: set JOBCAP_LEDGER_REDIS_PASSWORD/)
  })

  it('in a cluster, where all may start at once, one that does not answer yet is waited for; what only a person can put right is not', async () => {
    await redis.kill()
    let waits = 0
    const timers: Timers = {
      ...systemTimers,
      async sleep() {
        waits += 1
        await redis.restart()
      },
    }
    const flags = [
      '--kubernetes',
      '--namespace=jobcap',
      `--store=${redis.url}`,
      `--state=${rig.folder}`,
      '--waive=journal',
    ]
    const doors = { clock: systemClock, random: systemRandom, timers, log: SILENT }
    const open = (...more: string[]) => openStore(readConfig([...flags, ...more], {}).store, Buffer.alloc(32), doors)
    const { store } = await open('--initialise')
    expect([waits, store.problem()]).to.deep.equal([1, undefined])
    await store.close()
    await admin((client) => client.flushall())
    expect(await failure(open())).to.match(/holds no store of jobcap/)
    expect(waits).to.equal(1)
  })

  describe('when somebody empties it, with no connection broken', () => {
    let ledger: LedgerProcess
    beforeEach(async () => {
      ledger = await start('--initialise')
    })

    it('a key that it had is not refused for good, as one that never was', async () => {
      const { vault_key: key } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '10.00' })
      await admin((client) => client.flushall())
      expect(gist(await ask(ledger.address, payment(key, 'k')))).to.equal('503 store_unavailable')
      expect(rig.stripe.truth('effect')).to.be.empty
    })

    it('its runs are not opened anew, whatever was asked before, so nothing is bought twice', async () => {
      const pod = await TestPod.start(rig, ledger)
      expect(gist(await pod.pay('cus_1'))).to.equal('200')
      await admin((client) => client.flushall())
      await ask(ledger.address, payment('jck_unknown', 'k'))
      const again = await exchange(ledger.address, podToken(rig, { pod: 'nightly-0-b' }))
      expect(gist(again)).to.equal('503 store_unavailable')
      expect(gist(await pod.pay('cus_2'))).to.equal('503 store_unavailable')
      expect(rig.stripe.truth('effect')).to.have.length(1)
    })

    it('an operator is told that it does not serve, not that there is nothing', async () => {
      const { key_id: keyId } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '10.00' })
      await admin((client) => client.flushall())
      const words = await Promise.all(
        [ledger.client.listKeys(), ledger.client.revokeKey(keyId)].map((asked) =>
          asked.then(
            () => 'answered',
            (fault: unknown) => (fault as Error).message,
          ),
        ),
      )
      expect(words[0]).to.equal('The store cannot be read now.')
      expect(words[1]).to.contain('It may have been done all the same: ask again.')
    })
  })
})
