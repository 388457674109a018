import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { INSTALL_KEY } from '../../store/redis/layout.ts'
import { CommandRun } from '../cli/command-run.ts'
import { AOF_FOLDER, saveData } from '../redis/saved-data.ts'
import { ask, gist, lookup, payment, type Told } from './call.ts'
import { exchange, podToken, TestPod } from './pod.ts'
import { redisRigForEach } from './redis-rig.ts'
import { auditOf, type LedgerProcess } from './rig.ts'

interface Now {
  readonly ready: boolean
  readonly problem?: string
  readonly problem_codes?: readonly string[]
}

describe('a Redis that restarts, or loses what it had acknowledged', function () {
  this.timeout(120_000)
  const own = redisRigForEach()

  const start = (name: string, ...flags: string[]): Promise<LedgerProcess> => {
    const journal = name === '' ? ['--waive', 'journal'] : ['--journal', join(own.rig.folder, `journal-${name}`)]
    return own.rig.startLedger(['--store', own.redis.url, '--repair-every-ms', '200', ...journal, ...flags])
  }
  const readyz = async ({ address }: LedgerProcess) => {
    const told = await ask(address, { method: 'GET', path: '/readyz' })
    return JSON.parse(told.text) as Now
  }
  const until = async (ledger: LedgerProcess, isSo: (now: Now) => boolean) => {
    for (;;) {
      const now = await readyz(ledger)
      if (isSo(now)) return now
    }
  }
  const ready = (ledger: LedgerProcess) => until(ledger, (now) => now.ready)
  /** Asks again while the store is being looked at, as an SDK does. */
  const asked = async (make: () => Promise<Told>): Promise<Told> => {
    for (;;) {
      const told = await make()
      if (told.headers['jobcap-refused'] !== 'store_unavailable') return told
    }
  }
  const makeKey = async (ledger: LedgerProcess, vendor: string, cap = '100.00') =>
    (await ledger.client.createKey({ vendor, usd_cap: cap })).vault_key
  const lookUp = (ledger: LedgerProcess, key: string, name: string) => ask(ledger.address, lookup(key, name, name))

  it('restarted with its data: the ledger stops, looks, and serves again by itself under a new history', async () => {
    const ledger = await start('a', '--initialise')
    const key = await makeKey(ledger, 'stripe')
    const first = await ask(ledger.address, payment(key, 'k'))
    expect(gist(first)).to.equal('200')
    await own.redis.kill()
    await until(ledger, (now) => !now.ready)
    expect(gist(await ask(ledger.address, payment(key, 'new')))).to.equal('503 store_unavailable')
    await own.redis.restart()
    await ready(ledger)
    expect((await ask(ledger.address, payment(key, 'k'))).text).to.equal(first.text)
    expect(gist(await ask(ledger.address, payment(key, 'new')))).to.equal('200')
    expect(own.rig.stripe.truth('effect')).to.have.length(2)
  })

  it('rolled back: a vendor that must not be asked twice is not, and the app gets the answer that was lost', async () => {
    const ledger = await start('a', '--initialise')
    const key = await makeKey(ledger, 'geocode')
    const rollBack = saveData(own.redis)
    const first = await lookUp(ledger, key, 'k')
    expect(gist(first)).to.equal('200')
    await rollBack()
    const again = await asked(() => lookUp(ledger, key, 'k'))
    expect([gist(again), again.text]).to.deep.equal(['200', first.text])
    expect(own.rig.geocoder.truth('effect')).to.have.length(1)
    const settled = (await auditOf(ledger)).filter(({ event }) => event === 'call.settled')
    expect(settled).to.have.length(1)
  })

  it('rolled back without a journal that vendor is asked twice: this is what the journal is for', async () => {
    const ledger = await start('', '--initialise')
    const key = await makeKey(ledger, 'geocode')
    const rollBack = saveData(own.redis)
    expect(gist(await lookUp(ledger, key, 'k'))).to.equal('200')
    await rollBack()
    await asked(() => lookUp(ledger, key, 'k'))
    expect(own.rig.geocoder.truth('effect')).to.have.length(2)
  })

  it('rolled back under a tight cap: the money that was spent stays spent', async () => {
    const ledger = await start('a', '--initialise')
    const key = await makeKey(ledger, 'stripe', '1.00')
    const rollBack = saveData(own.redis)
    expect(gist(await ask(ledger.address, payment(key, 'k')))).to.equal('200')
    await rollBack()
    expect(gist(await asked(() => ask(ledger.address, payment(key, 'other'))))).to.equal('429 cap_exhausted')
    expect(gist(await ask(ledger.address, payment(key, 'k')))).to.equal('200')
    expect(own.rig.stripe.truth('effect')).to.have.length(1)
  })

  it('rolled back while a call is out at its vendor: its answer is booked once, and its repeat gets it', async () => {
    const ledger = await start('a', '--initialise')
    const key = await makeKey(ledger, 'geocode')
    const rollBack = saveData(own.redis)
    await own.rig.geocoder.control.hold()
    const asking = lookUp(ledger, key, 'k')
    const held = await own.rig.geocoder.control.nextHeld()
    await rollBack()
    await ready(ledger)
    await own.rig.geocoder.control.release(held.id)
    expect(gist(await asking)).to.equal('200')
    const again = await asked(() => lookUp(ledger, key, 'k'))
    expect(gist(again)).to.match(/^(200|502 outcome_unknown)$/)
    expect(own.rig.geocoder.truth('effect')).to.have.length(1)
  })

  describe('rolled back to before a change of who may spend what', () => {
    it('a key that was revoked stays revoked, and what it paid for is not replayed', async () => {
      const ledger = await start('a', '--initialise')
      const made = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '10.00' })
      expect(gist(await ask(ledger.address, payment(made.vault_key, 'k')))).to.equal('200')
      const rollBack = saveData(own.redis)
      await ledger.client.revokeKey(made.key_id)
      await rollBack()
      for (const name of ['k', 'new'])
        expect(gist(await asked(() => ask(ledger.address, payment(made.vault_key, name))))).to.equal('401 key_revoked')
      expect(own.rig.stripe.truth('effect')).to.have.length(1)
      expect((await auditOf(ledger)).filter(({ event }) => event === 'key.revoked')).to.have.length(1)
    })

    it('a raise lets further calls through, a lowered cap refuses them', async () => {
      const ledger = await start('a', '--initialise')
      const [raised, lowered] = await Promise.all(
        ['1.00', '9.00'].map((cap) => ledger.client.createKey({ vendor: 'stripe', usd_cap: cap })),
      )
      if (raised === undefined || lowered === undefined) throw new Error('two keys were made')
      const pay = (key: string, name: string) => asked(() => ask(ledger.address, payment(key, name)))
      for (const { vault_key: key } of [raised, lowered]) expect(gist(await pay(key, `first ${key}`))).to.equal('200')
      const rollBack = saveData(own.redis)
      await ledger.client.setLimits(raised.key_id, { usd_cap: '2.00' })
      await ledger.client.setLimits(lowered.key_id, { usd_cap: '1.00' })
      await rollBack()
      expect(gist(await pay(raised.vault_key, 'second'))).to.equal('200')
      expect(gist(await pay(raised.vault_key, 'third'))).to.equal('429 cap_exhausted')
      expect(gist(await pay(lowered.vault_key, 'fourth'))).to.equal('429 cap_exhausted')
      expect(own.rig.stripe.truth('effect')).to.have.length(3)
    })

    it('a run that ended stays ended, and one that was opened goes on under its key and cap', async () => {
      const ledger = await start('a', '--initialise')
      const ended = await TestPod.start(own.rig, ledger)
      expect(gist(await ended.pay('cus_1'))).to.equal('200')
      const rollBack = saveData(own.redis)
      await ledger.client.endJob('uid-nightly', 'uid-nightly')
      const shape = { job: 'weekly', terms: { capUsd: '2.00' } }
      const opened = await TestPod.start(own.rig, ledger, shape)
      expect(gist(await opened.pay('cus_1'))).to.equal('200')
      await rollBack()
      const back = await asked(() => exchange(ledger.address, podToken(own.rig)))
      expect(gist(back)).to.equal('401 key_ended')
      const again = await TestPod.start(own.rig, ledger, shape)
      expect(again.granted.runUid).to.equal(opened.granted.runUid)
      const keys = await ledger.client.listKeys()
      expect(keys.map((key) => [key.status, key.usd_cap, key.spent_usd])).to.deep.equal([
        ['ended', '500.00', '1.00'],
        ['active', '2.00', '1.00'],
      ])
      expect(gist(await again.pay('cus_2', 200))).to.equal('429 cap_exhausted')
    })

    it('what one of two replicas was told holds on the other', async () => {
      const [a, b] = [await start('a', '--initialise'), await start('b')]
      const made = await a.client.createKey({ vendor: 'stripe', usd_cap: '10.00' })
      const rollBack = saveData(own.redis)
      await b.client.setLimits(made.key_id, { usd_cap: '20.00' })
      await a.client.revokeKey(made.key_id)
      await rollBack()
      expect(gist(await asked(() => ask(b.address, payment(made.vault_key, 'k'))))).to.equal('401 key_revoked')
      expect(await b.client.findKey(made.key_id)).to.include({ status: 'revoked', usd_cap: '20.00' })
    })

    it('an emptied Redis that a person initialises has its keys again', async () => {
      const ledger = await start('a', '--initialise')
      const made = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '1.00' })
      expect(gist(await ask(ledger.address, payment(made.vault_key, 'k')))).to.equal('200')
      await own.redis.kill()
      rmSync(join(own.redis.folder, AOF_FOLDER), { recursive: true })
      await own.redis.restart()
      await ledger.kill()
      const next = await start('a', '--initialise')
      expect(gist(await asked(() => ask(next.address, payment(made.vault_key, 'other'))))).to.equal('429 cap_exhausted')
      expect(await next.client.findKey(made.key_id)).to.include({ spent_usd: '1.00', reserved_usd: '0.00' })
    })
  })

  it('a ledger that was killed with the answer in its journal tells the store at its next start', async () => {
    const ledger = await start('a', '--initialise')
    const key = await makeKey(ledger, 'geocode')
    expect(gist(await lookUp(ledger, key, 'k'))).to.equal('200')
    await ledger.kill()
    const next = await start('a')
    expect(gist(await lookUp(next, key, 'k'))).to.equal('200')
    expect(own.rig.geocoder.truth('effect')).to.have.length(1)
  })

  describe('with two replicas', () => {
    it('what one of them sent is known to the other after a loss', async () => {
      const [a, b] = [await start('a', '--initialise'), await start('b')]
      const key = await makeKey(a, 'geocode')
      const rollBack = saveData(own.redis)
      const first = await lookUp(a, key, 'k')
      await rollBack()
      const again = await asked(() => lookUp(b, key, 'k'))
      expect([gist(again), again.text]).to.deep.equal(['200', first.text])
      expect(own.rig.geocoder.truth('effect')).to.have.length(1)
    })

    it('one that died is waited for after a loss, by name; it comes back, and all serve', async () => {
      const [a, b] = [await start('a', '--initialise'), await start('b')]
      const key = await makeKey(a, 'geocode')
      const rollBack = saveData(own.redis)
      expect(gist(await lookUp(a, key, 'k'))).to.equal('200')
      await a.kill()
      await rollBack()
      const { problem } = await until(b, (now) => now.problem?.includes('journals of these replicas') === true)
      expect(problem).to.match(/[0-9a-f]{16}.*--give-up/)
      expect(gist(await lookUp(b, key, 'k'))).to.equal('503 store_unavailable')
      await start('a')
      await ready(b)
      expect(gist(await lookUp(b, key, 'k'))).to.equal('200')
      expect(own.rig.geocoder.truth('effect')).to.have.length(1)
    })

    it('one that came after the copy was made is waited for too, once another has seen it', async () => {
      const a = await start('a', '--initialise')
      const key = await makeKey(a, 'geocode')
      const rollBack = saveData(own.redis)
      const b = await start('b')
      const named = readFileSync(join(own.rig.folder, 'journal-b/replica-id'), 'utf8').trim()
      const first = await lookUp(b, key, 'k')
      const journalOfA = () => readFileSync(join(own.rig.folder, 'journal-a/journal-00000001.log'), 'utf8')
      await until(a, () => journalOfA().includes(named))
      await b.kill()
      await rollBack()
      const { problem } = await until(a, (now) => now.problem_codes?.includes('journals_missing') === true)
      expect(problem).to.contain(named)
      await start('b')
      await ready(a)
      expect((await lookUp(a, key, 'k')).text).to.equal(first.text)
      expect(own.rig.geocoder.truth('effect')).to.have.length(1)
    })

    it('one that was drained has signed off, and nobody waits for it', async () => {
      const [a, b] = [await start('a', '--initialise'), await start('b')]
      expect(await a.drain()).to.equal(0)
      await own.redis.kill()
      await own.redis.restart()
      await ready(b)
      expect(gist(await lookUp(b, await makeKey(b, 'geocode'), 'k'))).to.equal('200')
    })

    it('one whose journal is lost is given up by a person, and the others serve', async () => {
      const [a, b] = [await start('a', '--initialise'), await start('b')]
      const key = await makeKey(b, 'geocode')
      await a.kill()
      await own.redis.kill()
      await own.redis.restart()
      const { problem = '' } = await until(b, (now) => now.problem?.includes('journals of these replicas') === true)
      const [lost = ''] = /[0-9a-f]{16}/.exec(problem) ?? []
      await start('c', '--give-up', lost)
      await ready(b)
      expect(gist(await lookUp(b, key, 'k'))).to.equal('200')
    })
  })

  describe("a person's word", () => {
    const jobcap = async ({ address }: LedgerProcess, ...words: string[]) => {
      const token = join(own.rig.folder, 'state/operator-token')
      const run = new CommandRun([...words, '--ledger', address, '--token-file', token], {
        folder: own.rig.folder,
      })
      const code = await run.ended
      return { code, out: run.out, err: run.err }
    }

    it('jobcap ledger repair gives up a lost journal: all serve, and log and record say so', async () => {
      const [a, b] = [await start('a', '--initialise'), await start('b')]
      const key = await makeKey(b, 'geocode')
      await a.kill()
      await own.redis.kill()
      await own.redis.restart()
      const { problem = '' } = await until(b, (now) => now.problem_codes?.includes('journals_missing') === true)
      const [lost = ''] = /[0-9a-f]{16}/.exec(problem) ?? []
      const asked = await jobcap(b, 'ledger', 'repair')
      expect([asked.code, asked.err]).to.deep.equal([1, ''])
      expect(asked.out).to.contain(lost).and.to.contain('--give-up REPLICA')
      expect((await jobcap(b, 'doctor')).out).to.match(/journals_missing: .*\n {2}Start those replicas again/)
      expect((await jobcap(b, 'ledger', 'repair', '--give-up', 'nobody')).err).to.contain('nothing to give up')
      expect(await jobcap(b, 'ledger', 'repair', '--give-up', lost)).to.include({ code: 0 })
      await ready(b)
      expect(gist(await lookUp(b, key, 'k'))).to.equal('200')
      expect(b.log()).to.contain('a person gave up the journal of a replica')
      const told = (await auditOf(b)).filter(({ event }) => event === 'journal.given_up')
      expect(told).to.have.length(1)
      expect(told[0]).to.deep.include({ replicaId: lost })
      expect((await jobcap(b, 'ledger', 'repair')).out).to.contain('nothing to repair')
      expect((await jobcap(b, 'ledger', 'repair', '--give-up', lost)).err).to.contain('nothing to give up')
    })

    it('doctor explains an emptied Redis, one of another install, and one that is away', async () => {
      const ledger = await start('a', '--initialise')
      await own.redis.kill()
      await until(ledger, (now) => now.problem_codes?.some((code) => code === 'store_unreachable') === true)
      expect((await jobcap(ledger, 'doctor')).out).to.contain('store_unreachable: The store does not answer.')
      rmSync(join(own.redis.folder, AOF_FOLDER), { recursive: true })
      await own.redis.restart()
      await until(ledger, (now) => now.problem_codes?.includes('store_empty') === true)
      expect((await jobcap(ledger, 'doctor')).out).to.match(/store_empty: .*\n {2}Put its data back.*--initialise/)
      await own.admin.hset(INSTALL_KEY, { install: 'another', schema: '1', history: 'h', ready: '1' })
      await until(ledger, (now) => now.problem_codes?.includes('store_of_another_install') === true)
      const { out, code } = await jobcap(ledger, 'doctor')
      expect(out).to.match(/store_of_another_install: .*master key/)
      expect(code).to.equal(1)
    })
  })

  it('an emptied Redis that a person begins anew with a fresh replica: it waits for the journal of the one that was there', async () => {
    const a = await start('a', '--initialise')
    const made = await a.client.createKey({ vendor: 'stripe', usd_cap: '1.00' })
    expect(gist(await ask(a.address, payment(made.vault_key, 'k')))).to.equal('200')
    await own.redis.kill()
    rmSync(join(own.redis.folder, AOF_FOLDER), { recursive: true })
    await own.redis.restart()
    await until(a, (now) => now.problem_codes?.includes('store_empty') === true)
    a.signal('SIGSTOP')
    const b = await start('b', '--initialise')
    const found = await until(b, (now) => now.ready || now.problem_codes?.includes('journals_missing') === true)
    const id = readFileSync(join(own.rig.folder, 'journal-a/replica-id'), 'utf8').trim()
    expect(found.problem).to.include(id)
    a.signal('SIGCONT')
    await ready(b)
    expect(await b.client.findKey(made.key_id)).to.include({ spent_usd: '1.00', reserved_usd: '0.00' })
    expect(gist(await asked(() => ask(b.address, payment(made.vault_key, 'other'))))).to.equal('429 cap_exhausted')
  })

  it('an emptied Redis is never a fresh ledger', async () => {
    const ledger = await start('a', '--initialise')
    await own.redis.kill()
    rmSync(join(own.redis.folder, AOF_FOLDER), { recursive: true })
    await own.redis.restart()
    const { problem } = await until(ledger, (now) => now.problem?.includes('empty') === true)
    expect(problem).to.match(/Put its data back; or start one that has its journal once with --initialise/)
  })
})
