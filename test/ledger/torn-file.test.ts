import { readdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { AOF_FOLDER } from '../redis/saved-data.ts'
import { ask, lookup, payment, type Told } from './call.ts'
import { redisRigForEach } from './redis-rig.ts'
import { auditOf } from './rig.ts'

describe('an append-only file of Redis that ends within a script', function () {
  this.timeout(60_000)
  const own = redisRigForEach()

  /** As a power cut leaves it: the last script that settled a call is there by half. */
  const cutWithinScript = () => {
    const folder = join(own.redis.folder, AOF_FOLDER)
    const name = readdirSync(folder).findLast((file) => file.includes('.incr.')) ?? ''
    const file = join(folder, name)
    const written = readFileSync(file, 'latin1')
    truncateSync(file, written.lastIndexOf('HSET') + 30)
  }
  const isRewritten = async () => {
    const info = await own.admin.info('persistence')
    return info.includes('aof_rewrite_in_progress:0') && info.includes('aof_rewrite_scheduled:0')
  }

  it('is whole at its second start too: what was recorded in between is there, and nothing of the half script', async () => {
    const journal = ['--journal', join(own.rig.folder, 'journal'), '--repair-every-ms', '200']
    const ledger = await own.rig.startLedger(['--store', own.redis.url, ...journal, '--initialise'])
    const { vault_key: key } = await ledger.client.createKey({ vendor: 'geocode', usd_cap: '1.00' })
    const { vault_key: paying } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '9.00' })
    const untilTold = async (make: () => Promise<Told>) => {
      for (let told = await make(); ; told = await make()) if (told.headers['jobcap-refused'] === undefined) return told
    }
    const lookUp = (name: string) => untilTold(() => ask(ledger.address, lookup(key, name, name)))
    const pay = (name: string) => untilTold(() => ask(ledger.address, payment(paying, name)))

    const first = [await lookUp('a'), await pay('b')]
    await own.redis.kill()
    cutWithinScript()
    await own.redis.restart()
    const second = [await lookUp('c'), await pay('d')]
    while (!(await isRewritten()));
    const recorded = await auditOf(ledger)

    await own.redis.kill()
    await own.redis.restart()
    const again = [await lookUp('a'), await pay('b'), await lookUp('c'), await pay('d')]
    expect(again.map(({ text }) => text)).to.deep.equal([...first, ...second].map(({ text }) => text))
    expect((await auditOf(ledger)).slice(0, recorded.length)).to.deep.equal(recorded)
    expect(own.rig.geocoder.truth('effect')).to.have.length(2)
    expect(own.rig.stripe.truth('effect')).to.have.length(2)
  })
})
