import { join } from 'node:path'
import { expect } from 'chai'
import { ask, gist, lookup, type Told } from '../ledger/call.ts'
import { auditOf, type LedgerProcess, type Rig, startRig } from '../ledger/rig.ts'
import { command } from './cluster.ts'
import { needsRedis } from './redis-server.ts'
import { type SentinelGroup, startSentinelGroup } from './sentinel.ts'

describe('ledgers behind Sentinel, while it fails over', function () {
  this.timeout(180_000)
  let rig: Rig
  let group: SentinelGroup
  let ledgers: readonly LedgerProcess[]

  before(function () {
    needsRedis(this)
  })
  beforeEach(async () => {
    group = await startSentinelGroup()
    rig = await startRig()
    ledgers = [await start('a', '--initialise'), await start('b')]
  })
  afterEach(async () => {
    await rig.stop()
    await group.stop()
  })

  const start = (name: string, ...flags: string[]): Promise<LedgerProcess> => {
    const journal = join(rig.folder, `journal-${name}`)
    return rig.startLedger(['--store', group.url, '--journal', journal, '--repair-every-ms', '200', ...flags])
  }
  const ledger = (at: number): LedgerProcess => {
    const found = ledgers[at % ledgers.length]
    if (found === undefined) throw new Error('no ledger was started')
    return found
  }
  const makeKey = async (cap: string) =>
    (await ledger(0).client.createKey({ vendor: 'geocode', usd_cap: cap })).vault_key
  const lookUp = ({ address }: LedgerProcess, key: string, name: string) => ask(address, lookup(key, name, name))
  /** Asks again while the store is being looked at, as an SDK does. */
  const asked = async (make: () => Promise<Told>): Promise<Told> => {
    for (;;) {
      const told = await make()
      if (told.headers['jobcap-refused'] !== 'store_unavailable') return told
    }
  }
  /** What the ledger says once it has found itself at a replica. */
  const atReplica = async ({ client }: LedgerProcess) => {
    for (;;) {
      const { problem = '', problem_codes: codes = [] } = await client.readiness()
      if (codes.includes('store_is_replica')) return problem
    }
  }
  const effects = () => rig.geocoder.truth('effect').length

  it('in mid-load: the cap holds at the vendor, nothing is bought twice, and what was answered stays answered', async () => {
    const [calls, fit] = [40, 20]
    const key = await makeKey('0.20')
    const answers = new Map<string, Told>()
    const inMidLoad = Promise.withResolvers<void>()
    const names = Array.from({ length: calls }, (_, at) => `place ${at}`).entries()
    const worker = async () => {
      for (const [at, name] of names) {
        answers.set(name, await asked(() => lookUp(ledger(at), key, name)))
        if (answers.size === 5) inMidLoad.resolve()
      }
    }
    const load = Promise.all(Array.from({ length: 6 }, worker))
    await inMidLoad.promise
    expect(await group.failOver()).not.to.equal(group.primary.port)
    await load

    const by = (what: RegExp) => [...answers].filter(([, told]) => what.test(gist(told)))
    const answered = by(/^200$/)
    const unknown = by(/^50\d (outcome_unknown|outcome_pending)$/)
    expect(by(/^429 cap_exhausted$/).length + answered.length + unknown.length, 'answers of these kinds').to.equal(
      calls,
    )
    expect(effects(), 'effects at the vendor').to.be.within(
      answered.length,
      Math.min(fit, answered.length + unknown.length),
    )
    for (const [name, told] of answered) {
      const again = await lookUp(ledger(1), key, name)
      expect([gist(again), again.text], name).to.deep.equal(['200', told.text])
    }
    const [view] = await ledger(1).client.listKeys()
    const counted = Number(view?.spent_usd) + Number(view?.reserved_usd)
    expect(counted, 'counted dollars').to.be.within(effects() / 100, fit / 100)
    const settled = (await auditOf(ledger(0))).flatMap((event) =>
      event.event === 'call.settled' ? [event.call.callId] : [],
    )
    expect(new Set(settled).size, 'one settlement a call').to.equal(settled.length)
  })

  it('whose master handed over by hand, and the Sentinels have not seen it: it says so, and asks for no other --store', async () => {
    await command(group.primary.port, ['FAILOVER'])
    const problem = await atReplica(ledger(0))
    expect(problem).to.include('its Sentinels have not named the new master yet').and.not.include('--store')
  })

  it('of what was acknowledged and never reached a replica, nothing is lost and nothing is bought again', async () => {
    const key = await makeKey('0.01')
    await group.cutReplication()
    const first = await lookUp(ledger(0), key, 'k')
    expect(gist(first)).to.equal('200')
    await group.failOver()
    const again = await asked(() => lookUp(ledger(1), key, 'k'))
    expect([gist(again), again.text]).to.deep.equal(['200', first.text])
    expect(gist(await lookUp(ledger(1), key, 'other'))).to.equal('429 cap_exhausted')
    expect(effects()).to.equal(1)
  })
})
