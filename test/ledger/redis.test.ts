import { readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readConfig } from '../../ledger/config.ts'
import { openStore } from '../../ledger/open-store.ts'
import { systemClock } from '../../runtime/clock.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers, type Timers } from '../../runtime/timers.ts'
import { INSTALL_KEY } from '../../store/redis/layout.ts'
import { SILENT } from '../store/stage.ts'
import { ask, failure, gist, payment } from './call.ts'
import { exchange, podToken, TestPod } from './pod.ts'
import { redisRigForEach } from './redis-rig.ts'
import { auditOf, type LedgerProcess } from './rig.ts'

describe('ledgers on one Redis', function () {
  this.timeout(60_000)
  const own = redisRigForEach()

  const start = (...flags: string[]): Promise<LedgerProcess> =>
    own.rig.startLedger(['--store', own.redis.url, '--waive', 'journal', ...flags])
  const damage = async (prefix: string) => {
    const [run = ''] = await own.admin.keys('jobcap:{default}:run:*')
    const field = (await own.admin.hkeys(run)).find((name) => name.startsWith(prefix)) ?? ''
    const sealed = await own.admin.hgetBuffer(run, field)
    sealed?.writeUInt8(sealed.readUInt8(20) ^ 1, 20)
    await own.admin.hset(run, field, sealed ?? '')
  }

  it('whose kept answer is damaged refuse its replay for good: nobody waits for a vendor that has answered', async () => {
    const ledger = await start('--initialise')
    const { vault_key: key } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '5.00' })
    expect(gist(await ask(ledger.address, payment(key, 'order-1')))).to.equal('200')
    await damage('b:')
    const told = await ask(ledger.address, payment(key, 'order-1'))
    expect(gist(told)).to.equal('409 answer_not_kept')
    expect(told.text).to.contain('is damaged')
    expect(ledger.log()).to.contain('the kept answer of a call cannot be opened')
    expect(own.rig.stripe.truth('effect')).to.have.length(1)
  })

  it('whose kept request is damaged do not send it again: the call stays in doubt for a person, others are repaired', async () => {
    const hasty = ['--vendor-deadline-ms', '1000']
    const first = await start('--initialise', ...hasty, '--repair-every-ms', '3600000')
    const { vault_key: key, key_id: keyId } = await first.client.createKey({ vendor: 'stripe', usd_cap: '5.00' })
    await own.rig.stripe.control.addFault({ fault: { kind: 'silence', when: 'after' }, times: null })
    const told = await ask(first.address, payment(key, 'order-1'))
    expect(gist(told)).to.equal('504 outcome_pending')
    const callId = String(told.headers['jobcap-call-id'])
    expect(gist(await ask(first.address, payment(key, 'order-2')))).to.equal('504 outcome_pending')
    await first.kill()
    await damage(`b:${callId}`)
    await own.rig.stripe.control.clearFaults()

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
    expect(own.rig.stripe.truth('effect')).to.have.length(2)
  })

  it('one charges, the other replays; money and record are one', async () => {
    const first = await start('--initialise')
    const second = await start()
    const key = (await first.client.createKey({ vendor: 'stripe', usd_cap: '1.50' })).vault_key
    const told = await ask(first.address, payment(key, 'k'))
    expect(gist(told)).to.equal('200')
    expect((await ask(second.address, payment(key, 'k'))).text).to.equal(told.text)
    expect(gist(await ask(second.address, payment(key, 'other')))).to.match(/cap_exhausted/)
    expect(own.rig.stripe.truth('effect')).to.have.length(1)
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
    rmSync(join(own.rig.folder, 'state/master-key'))
    expect(await failure(start('--initialise'))).to.match(/holds the store of another install/)
  })

  it('a replica whose id a full disk or a crash has emptied is refused, with what to do', async () => {
    const journal = join(own.rig.folder, 'journal')
    const withJournal = (...flags: string[]) =>
      own.rig.startLedger(['--store', own.redis.url, '--journal', journal, ...flags])
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
    await own.admin.hset(INSTALL_KEY, 'schema', '99')
    expect(await failure(start())).to.match(/has layout 99, this jobcap knows 2\. Start the newer jobcap/)
    await own.admin.hset(INSTALL_KEY, 'schema', '0')
    expect(await failure(start())).to.match(/has layout 0, this jobcap knows 2\. Start the jobcap that wrote it/)
  })

  it('a Redis that cannot be reached, or wants a password, is said as what it is', async () => {
    await own.redis.kill()
    expect(await failure(start())).to.match(/it cannot be reached/)
    await own.redis.restart()
    await own.admin.config('SET', 'requirepass', 'sesame')
    expect(await failure(start())).to.match(/it refuses our password: set JOBCAP_LEDGER_REDIS_PASSWORD/)
  })

  it('in a cluster, where all may start at once, one that does not answer yet is waited for; what only a person can put right is not', async () => {
    await own.redis.kill()
    let waits = 0
    const timers: Timers = {
      ...systemTimers,
      async sleep() {
        waits += 1
        await own.redis.restart()
      },
    }
    const flags = [
      '--kubernetes',
      '--namespace=jobcap',
      `--store=${own.redis.url}`,
      `--state=${own.rig.folder}`,
      '--waive=journal',
    ]
    const doors = { clock: systemClock, random: systemRandom, timers, log: SILENT }
    const open = (...more: string[]) => openStore(readConfig([...flags, ...more], {}).store, Buffer.alloc(32), doors)
    const { store } = await open('--initialise')
    expect([waits, store.problem()]).to.deep.equal([1, undefined])
    await store.close()
    await own.admin.flushall()
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
      await own.admin.flushall()
      expect(gist(await ask(ledger.address, payment(key, 'k')))).to.equal('503 store_unavailable')
      expect(own.rig.stripe.truth('effect')).to.be.empty
    })

    it('its runs are not opened anew, whatever was asked before, so nothing is bought twice', async () => {
      const pod = await TestPod.start(own.rig, ledger)
      expect(gist(await pod.pay('cus_1'))).to.equal('200')
      await own.admin.flushall()
      await ask(ledger.address, payment('jck_unknown', 'k'))
      const again = await exchange(ledger.address, podToken(own.rig, { pod: 'nightly-0-b' }))
      expect(gist(again)).to.equal('503 store_unavailable')
      expect(gist(await pod.pay('cus_2'))).to.equal('503 store_unavailable')
      expect(own.rig.stripe.truth('effect')).to.have.length(1)
    })

    it('an operator is told that it does not serve, not that there is nothing', async () => {
      const { key_id: keyId } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '10.00' })
      await own.admin.flushall()
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
