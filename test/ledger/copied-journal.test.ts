import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { REPLICAS_KEY } from '../../store/redis/layout.ts'
import { saveData } from '../redis/saved-data.ts'
import { ask, gist, lookup } from './call.ts'
import { redisRigForEach } from './redis-rig.ts'
import type { LedgerProcess } from './rig.ts'

describe('a ledger over a copy of a journal, or over one that is not whole', function () {
  this.timeout(120_000)
  const own = redisRigForEach()

  const folderOf = (name: string) => join(own.rig.folder, `journal-${name}`)
  const start = (name: string, ...flags: string[]) =>
    own.rig.startLedger(['--store', own.redis.url, '--journal', folderOf(name), ...flags])
  const idOf = (name: string) => readFileSync(join(folderOf(name), 'replica-id'), 'utf8').trim()
  const registered = async () => (await own.admin.hkeys(REPLICAS_KEY)).filter((name) => !name.includes(':')).toSorted()
  const lookUp = ({ address }: LedgerProcess, key: string) => ask(address, lookup(key, 'k', '1 Main St'))
  const makeKey = async (ledger: LedgerProcess) => (await ledger.client.createKey({ vendor: 'geocode' })).vault_key
  /** Until it serves, or says whose journal it waits for. */
  const settled = async ({ address }: LedgerProcess) => {
    for (;;) {
      const { text } = await ask(address, { method: 'GET', path: '/readyz' })
      const { ready, problem_codes: codes = [] } = JSON.parse(text) as { ready: boolean; problem_codes?: string[] }
      if (ready || codes.includes('journals_missing')) return ready ? 'ready' : 'journals_missing'
    }
  }
  const untilReady = async (ledger: LedgerProcess) => {
    while ((await settled(ledger)) !== 'ready');
  }
  /** A call over the one, which Redis forgets while it stands still; then its repeat over the other. */
  const repeatAfterLoss = async (one: LedgerProcess, other: LedgerProcess) => {
    const key = await makeKey(one)
    const rollBack = saveData(own.redis)
    const first = await lookUp(one, key)
    expect(gist(first)).to.equal('200')
    one.signal('SIGSTOP')
    await rollBack()
    const found = await settled(other)
    if (found === 'ready') await lookUp(other, key)
    one.signal('SIGCONT')
    await untilReady(other)
    expect((await lookUp(other, key)).text).to.equal(first.text)
    return found
  }

  it('an older copy counts as another replica: what it sent is waited for after a loss, and charged once', async () => {
    await (await start('a', '--initialise')).kill()
    cpSync(folderOf('a'), folderOf('b'), { recursive: true })
    const a = await start('a')
    const b = await start('b')
    expect(await repeatAfterLoss(b, a)).to.equal('journals_missing')
    expect(own.rig.geocoder.truth('effect')).to.have.length(1)
    expect(await registered()).to.deep.equal([idOf('a'), idOf('b')].toSorted())
  })

  it('over a copy of a journal in use two count as two within seconds, whichever notices, and both serve', async () => {
    const a = await start('a', '--initialise')
    cpSync(folderOf('a'), folderOf('b'), { recursive: true })
    const b = await start('b')
    while ((await registered()).length < 2);
    await untilReady(a)
    expect(await repeatAfterLoss(a, b)).to.equal('journals_missing')
    expect(own.rig.geocoder.truth('effect')).to.have.length(1)
  })

  it('started again over its own journal it is the replica that it was', async () => {
    const a = await start('a', '--initialise')
    const was = idOf('a')
    await makeKey(a)
    await a.kill()
    await (await start('a')).drain()
    await start('a')
    expect([idOf('a'), await registered()]).to.deep.equal([was, [was]])
  })

  it('one whose segments are lost is a new replica, and the lost journal is waited for after a loss', async () => {
    const a = await start('a', '--initialise')
    const was = idOf('a')
    const key = await makeKey(a)
    const rollBack = saveData(own.redis)
    expect(gist(await lookUp(a, key))).to.equal('200')
    await a.kill()
    for (const name of readdirSync(folderOf('a'))) if (name.endsWith('.log')) rmSync(join(folderOf('a'), name))
    const again = await start('a')
    expect(await registered()).to.deep.equal([was, idOf('a')].toSorted())
    await rollBack()
    expect(await settled(again)).to.equal('journals_missing')
    expect(gist(await lookUp(again, key))).to.equal('503 store_unavailable')
  })
})
