import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { ask, gist, lookup, payment } from '../ledger/call.ts'
import { type Rig, startRig } from '../ledger/rig.ts'
import { needsRedis, type RedisServer, startRedis } from './redis-server.ts'

const PAGE = 'docs/redis-recovery.md'
const SOURCES = 'store/redis'
/** What ioredis asks by itself, and what is called by a method or a word of its own there. */
const OF_THE_CLIENT = ['evalsha', 'hmget', 'info', 'config|get', 'client|setname', 'select']
const OF_CLUSTERS = ['cluster|slots', 'cluster|info', 'asking', 'readonly', 'readwrite']

const [, words = ''] = /^ACL SETUSER jobcap on >PASSWORD ([^`]*)/m.exec(readFileSync(PAGE, 'utf8')) ?? []
const rules = words.trim().split(/\s+/)

describe('the rights of a user of Redis that the page lists', function () {
  this.timeout(60_000)
  let rig: Rig | undefined
  let redis: RedisServer | undefined

  after(async () => {
    await rig?.stop()
    await redis?.stop()
  })

  it('are those of the commands that the store asks, and no others', () => {
    const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    const asked = files.flatMap((name) =>
      [...readFileSync(join(SOURCES, name), 'utf8').matchAll(/(?:call|command)\('([A-Z]+)'/g)].map(([, word = '']) =>
        word.toLowerCase(),
      ),
    )
    const needed = new Set([...asked.filter((word) => word !== 'config'), ...OF_THE_CLIENT, ...OF_CLUSTERS])
    const given = rules.filter((rule) => rule.startsWith('+')).map((rule) => rule.slice(1))
    expect(given.toSorted()).to.deep.equal([...needed].toSorted())
  })

  it('are enough: a ledger serves, charges and revokes as that user, and is denied nothing', async function () {
    needsRedis(this)
    redis = await startRedis()
    rig = await startRig()
    const admin = new Redis({ port: redis.port })
    await admin.call('ACL', 'SETUSER', 'jobcap', 'on', 'nopass', ...rules)
    const store = `redis://jobcap@127.0.0.1:${redis.port}/3`
    const ledger = await rig.startLedger(['--store', store, '--journal', 'journal', '--initialise'])
    const { vault_key: paying, key_id: keyId } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '5.00' })
    const { vault_key: looking } = await ledger.client.createKey({ vendor: 'geocode', usd_cap: '5.00' })
    expect(gist(await ask(ledger.address, payment(paying, 'k')))).to.equal('200')
    expect(gist(await ask(ledger.address, lookup(looking, 'k', 'k')))).to.equal('200')
    await ledger.client.revokeKey(keyId)
    expect(await ledger.drain()).to.equal(0)
    expect(await admin.call('ACL', 'LOG')).to.deep.equal([])
    admin.disconnect()
  })
})
