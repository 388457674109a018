import { networkInterfaces } from 'node:os'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { newVaultKey } from '../../ledger/identity/vault-key.ts'
import { systemRandom } from '../../runtime/random.ts'
import { skip } from '../../tools/test/skip.ts'
import { needsRedis, type RedisServer, startRedis } from '../redis/redis-server.ts'
import { ask, failure, gist, payment } from './call.ts'
import { type LedgerProcess, type Rig, startRig } from './rig.ts'

interface Readyz {
  readonly status: number
  readonly ready: boolean
  readonly problem?: string
  readonly problem_codes?: readonly string[]
  readonly waived?: readonly string[]
}

describe('a Redis that may lose what it acknowledges', function () {
  this.timeout(60_000)
  let rig: Rig
  let redis: RedisServer
  const others: { stop(): Promise<void> }[] = []

  before(function () {
    needsRedis(this)
  })
  beforeEach(async () => {
    rig = await startRig()
  })
  afterEach(async () => {
    await rig.stop()
    await redis.stop()
    for (const other of others.splice(0)) await other.stop()
  })

  const open = async (settings: Readonly<Record<string, string>> = {}) => {
    redis = await startRedis({ settings })
  }
  /** With a journal, so that only what the test takes away is missing. */
  const start = (...flags: string[]): Promise<LedgerProcess> =>
    rig.startLedger(['--store', redis.url, '--journal', 'journal', '--initialise', ...flags])
  const config = async (setting: string, value: string) => {
    const client = new Redis({ host: redis.host, port: redis.port })
    await client.config('SET', setting, value)
    client.disconnect()
  }
  const readyz = async ({ address }: LedgerProcess): Promise<Readyz> => {
    const { status, text } = await ask(address, { method: 'GET', path: '/readyz' })
    return { status, ...(JSON.parse(text) as Omit<Readyz, 'status'>) }
  }
  const until = async (ledger: LedgerProcess, isReady: boolean): Promise<Readyz> => {
    for (;;) {
      const now = await readyz(ledger)
      if (now.ready === isReady) return now
    }
  }
  /** It serves: a key is made, and a payment is charged. */
  const charge = async (ledger: LedgerProcess): Promise<string> => {
    const { vault_key: key } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })
    return gist(await ask(ledger.address, payment(key, 'k')))
  }

  const SETTINGS = [
    ['appendonly', 'no', 'yes', 'store_not_durable'],
    ['appendfsync', 'everysec', 'always', 'store_not_synced'],
    ['no-appendfsync-on-rewrite', 'yes', 'no', 'store_not_synced'],
    ['maxmemory-policy', 'allkeys-lru', 'noeviction', 'store_evicts'],
  ] as const
  for (const [setting, bad, good, code] of SETTINGS) {
    it(`${setting} ${bad}: not ready, says what to set, and serves once it is set, without a restart`, async () => {
      await open({ [setting]: bad })
      const ledger = await start()
      const { status, problem, problem_codes } = await readyz(ledger)
      expect(status).to.equal(503)
      expect(problem_codes).to.include(code)
      expect(problem).to.contain(`set ${setting} to ${good} (it is ${bad})`)
      expect(gist(await ask(ledger.address, payment(newVaultKey(systemRandom).vaultKey, 'k')))).to.equal(
        '503 store_unavailable',
      )
      await config(setting, good)
      await until(ledger, true)
      expect(await charge(ledger)).to.equal('200')
      expect(rig.stripe.truth('effect')).to.have.length(1)
    })

    it(`${setting} turned to ${bad} under a ledger that serves: it stops, and goes on when it is turned back`, async () => {
      await open()
      const ledger = await start()
      await until(ledger, true)
      const { vault_key: key } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })
      await config(setting, bad)
      expect((await until(ledger, false)).problem).to.contain(`set ${setting} to ${good}`)
      expect(gist(await ask(ledger.address, payment(key, 'k')))).to.equal('503 store_unavailable')
      expect(rig.stripe.truth('effect')).to.have.length(0)
      await config(setting, good)
      await until(ledger, true)
      expect(gist(await ask(ledger.address, payment(key, 'k')))).to.equal('200')
    })
  }

  it('a call that was out when the setting was turned off still settles', async () => {
    await open()
    const ledger = await start()
    const { vault_key: key, key_id: keyId } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })
    await rig.stripe.control.hold()
    const asking = ask(ledger.address, payment(key, 'k'))
    const held = await rig.stripe.control.nextHeld()
    await config('appendfsync', 'everysec')
    await until(ledger, false)
    await rig.stripe.control.release(held.id)
    expect(gist(await asking)).to.equal('200')
    await config('appendfsync', 'always')
    await until(ledger, true)
    expect(await ledger.client.findKey(keyId)).to.include({ spent_usd: '1.00', reserved_usd: '0.00' })
  })

  it('the first rewrite of an append-only file that was there from the start holds up no call', async () => {
    await open()
    const ledger = await start()
    await until(ledger, true)
    const { vault_key: key } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })
    const client = new Redis({ host: redis.host, port: redis.port })
    // So that the rewrite does not end by itself; microseconds a key.
    await client.config('SET', 'rdb-key-save-delay', '100000000')
    await client.bgrewriteaof()
    const info = await client.info('persistence')
    expect(info).to.contain('aof_rewrite_in_progress:1').and.contain('aof_base_size:0')
    // A ledger whose connection broke looks again at once.
    const openings = () => ledger.log().split('Redis keeps what it acknowledges').length
    const before = openings()
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    while (openings() === before) await readyz(ledger)
    while (gist(await ask(ledger.address, payment(key, 'k'))) !== '200') await until(ledger, true)
    expect(await client.info('persistence')).to.contain('aof_rewrite_in_progress:1')
    // It ends the process that rewrites.
    await client.config('SET', 'appendonly', 'no')
    client.disconnect()
  })

  it('all that is missing is said at once', async () => {
    await open({ appendonly: 'no', appendfsync: 'everysec', 'maxmemory-policy': 'allkeys-lru' })
    const { problem } = await readyz(await start())
    expect(problem).to.match(/set appendonly to yes .*set appendfsync to always .*set maxmemory-policy to noeviction/)
  })

  it('no journal: not ready, and says the flag', async () => {
    await open()
    const ledger = await rig.startLedger(['--store', redis.url, '--initialise'])
    const { status, problem, problem_codes } = await readyz(ledger)
    expect(status).to.equal(503)
    expect(problem_codes).to.deep.equal(['journal_not_kept'])
    expect(problem).to.match(/name a folder of this replica with --journal DIR .*\(or --waive journal\)/)
    expect(gist(await ask(ledger.address, payment(newVaultKey(systemRandom).vaultKey, 'k')))).to.equal(
      '503 store_unavailable',
    )
    expect(await ledger.drain()).to.equal(0)
  })

  it('a replica: not ready, and serves once it is made the master', async () => {
    const master = await startRedis()
    others.push(master)
    await open()
    await (await rig.startLedger(['--store', master.url, '--journal', 'journal', '--initialise'])).drain()
    const client = new Redis({ host: redis.host, port: redis.port })
    await client.replicaof('127.0.0.1', master.port)
    while (!(await client.info('replication')).includes('master_link_status:up')) {
      // It copies its master.
    }
    const ledger = await rig.startLedger(['--store', redis.url, '--journal', 'journal', '--waive', 'tls'])
    const { status, problem, problem_codes } = await readyz(ledger)
    expect(problem_codes).to.include('store_is_replica')
    expect([status, problem]).to.satisfy(([, said]: [number, string]) => said.includes('it is a replica'))
    expect(status).to.equal(503)
    await client.replicaof('NO', 'ONE')
    client.disconnect()
    await until(ledger, true)
    expect(await charge(ledger)).to.equal('200')
  })

  it('over the network without TLS: not ready, and says so; waived, it serves', async function () {
    const host = addressOfThisMachine()
    if (host === undefined) skip(this, 'this machine has no address but loopback')
    await open({ bind: host, 'protected-mode': 'no' })
    const store = ['--store', `redis://${host}:${redis.port}`, '--journal', 'journal', '--initialise']
    const ledger = await rig.startLedger(store)
    const { status, problem, problem_codes } = await readyz(ledger)
    expect(status).to.equal(503)
    expect(problem_codes).to.include('store_not_private')
    expect(problem).to.match(/the connection is not encrypted: use rediss:\/\/ .*\(or --waive tls\)/)
    await ledger.drain()
    const waived = await rig.startLedger([...store, '--waive', 'tls'])
    expect((await until(waived, true)).waived).to.deep.equal(['tls'])
    expect(await charge(waived)).to.equal('200')
  })

  it('waived by name: it serves, each word is logged once and shown in /readyz', async () => {
    await open({ appendonly: 'no', appendfsync: 'everysec' })
    const waivers = ['journal', 'appendonly', 'appendfsync']
    const flags = waivers.flatMap((word) => ['--waive', word])
    const ledger = await rig.startLedger(['--store', redis.url, '--initialise', ...flags])
    const { status, waived } = await until(ledger, true)
    expect([status, waived]).to.deep.equal([200, waivers])
    expect(await charge(ledger)).to.equal('200')
    const lines = ledger.log().split('\n')
    for (const word of waivers)
      expect(lines.filter((line) => line.includes(`waived by --waive ${word}:`))).to.have.length(1)
  })

  it('one waiver covers nothing else', async () => {
    await open({ appendonly: 'no', appendfsync: 'everysec' })
    const { problem } = await readyz(await start('--waive', 'appendonly'))
    expect(problem).to.contain('set appendfsync to always').and.not.contain('set appendonly')
  })

  it('a user who may not ask for the setting: not ready, and says what to allow', async () => {
    await open()
    const client = new Redis({ host: redis.host, port: redis.port })
    await client.acl('SETUSER', 'jobcap', 'on', 'nopass', '~*', '&*', '+@all', '-config')
    client.disconnect()
    const ledger = await start('--store', redis.url.replace('redis://', 'redis://jobcap@'))
    expect((await readyz(ledger)).problem).to.contain('let its user ask CONFIG GET appendfsync')
  })

  it('eviction and a replica cannot be waived; an unknown word is refused with the known ones', async () => {
    await open()
    const known = 'journal, tls, appendonly, appendfsync'
    expect(await failure(start('--waive', 'noeviction'))).to.contain(
      `noeviction cannot be waived: what may be waived is ${known}`,
    )
    expect(await failure(start('--waive', 'master'))).to.contain('master cannot be waived')
    expect(await failure(start('--waive', 'speed'))).to.match(
      new RegExp(`speed.{1,4}is not known: what may be waived is ${known}`),
    )
  })
})

function addressOfThisMachine(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}
