import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { ask, gist, lookup, payment } from './call.ts'
import { TestPod } from './pod.ts'
import { auditOf, type LedgerProcess, policyText, type Rig, startRig } from './rig.ts'

describe('429: a cap is reached, and nothing is sent', () => {
  let rig: Rig
  let ledger: LedgerProcess
  before(async () => {
    rig = await startRig()
    ledger = await rig.startLedger()
  })
  after(() => rig.stop())
  afterEach(() => rig.writePolicy(policyText(rig)))

  it('1,000 calls of $0.10 at once against $5.00 charge exactly 50', async () => {
    rig.writePolicy(policyText(rig, { lookupUsd: '0.10' }))
    const { vault_key, key_id } = await ledger.client.createKey({ vendor: 'geocode', usd_cap: '5.00' })
    const lookUp = (at: number) => lookup(vault_key, `lookup-${at}`, `${at} Main St`)
    const gists = await Promise.all(
      Array.from({ length: 1_000 }, async (_, at) => gist(await ask(ledger.address, lookUp(at)))),
    )
    const counts = Object.groupBy(gists, (told) => told)
    expect(Object.keys(counts).sort()).to.deep.equal(['200', '429 cap_exhausted'])
    expect(counts['200']).to.have.length(50)
    expect(rig.geocoder.truth('effect')).to.have.length(50)
    expect(await ledger.client.findKey(key_id)).to.include({ spent_usd: '5.00', reserved_usd: '0.00' })
    const events = (await auditOf(ledger)).filter(({ actor }) => actor.keyId === key_id)
    expect(events.filter(({ event }) => event === 'call.settled')).to.have.length(50)
    expect(events.filter(({ event }) => event === 'call.refused')).to.have.length(950)
  }).timeout(60_000)

  it('the refusal says which cap, its limit, what is spent and reserved, and when it resets', async () => {
    const { vault_key } = await ledger.client.createKey({ vendor: 'stripe', daily_usd_cap: '2.00' })
    await ask(ledger.address, payment(vault_key, 'd-1', 150))
    const refused = await ask(ledger.address, payment(vault_key, 'd-2', 51))
    expect(gist(refused)).to.equal('429 cap_exhausted')
    const body = JSON.parse(refused.text)
    expect(body).to.include({ level: 'run_day', limit_usd: '2.00', spent_usd: '1.50', reserved_usd: '0.00' })
    expect(body.resets_at).to.match(/T00:00:00.000Z$/)
    expect(refused.headers['x-should-retry']).to.equal('false')
  })

  it('the refusal says what to do, for the cap of a key and for one of a day', async () => {
    const made = await ledger.client.createKey({ vendor: 'stripe', daily_usd_cap: '0.90' })
    const told = async (key: string) => JSON.parse((await ask(ledger.address, payment(made.vault_key, key, 150))).text)
    const daily = await told('w-1')
    expect(daily.message).to.match(/^The key's daily cap of \$0\.90 has no room/)
    expect(daily.message).to.include(
      `To go on: wait until ${daily.resets_at}, or jobcap keys raise ${made.key_id} --daily-cap-usd USD.`,
    )
    await ledger.client.setLimits(made.key_id, { usd_cap: '1.00', daily_usd_cap: null })
    const { message } = await told('w-2')
    expect(message).to.match(/^The key's cap of \$1\.00 has no room for \$1\.50/)
    expect(message).to.match(new RegExp(`To go on: jobcap keys raise ${made.key_id} --cap-usd USD\\.$`))
  })

  it('a raise lets the next call through, and what was charged is replayed', async () => {
    const { vault_key, key_id } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '1.00' })
    await ask(ledger.address, payment(vault_key, 'r-1', 100))
    expect(gist(await ask(ledger.address, payment(vault_key, 'r-2', 100)))).to.equal('429 cap_exhausted')
    expect((await ledger.client.setLimits(key_id, { usd_cap: '2.00' })).usd_cap).to.equal('2.00')
    expect(gist(await ask(ledger.address, payment(vault_key, 'r-2', 100)))).to.equal('200')
    expect((await ask(ledger.address, payment(vault_key, 'r-1', 100))).headers['jobcap-replayed']).to.equal('true')
  })

  it('a cap lowered below what is spent refuses the next call and takes nothing back', async () => {
    const { vault_key, key_id } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '5.00' })
    await ask(ledger.address, payment(vault_key, 'l-1', 300))
    await ledger.client.setLimits(key_id, { usd_cap: '1.00' })
    expect(gist(await ask(ledger.address, payment(vault_key, 'l-2', 1)))).to.equal('429 cap_exhausted')
    expect(await ledger.client.findKey(key_id)).to.include({ spent_usd: '3.00', usd_cap: '1.00' })
  })

  it('a change of the policy file holds from the next call on, and a broken one changes nothing but says so', async () => {
    const { vault_key } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })
    expect(gist(await ask(ledger.address, payment(vault_key, 'p-1', 100)))).to.equal('200')
    rig.writePolicy(policyText(rig, { stripe: 'perDayUsd: "1.50"' }))
    const refused = await ask(ledger.address, payment(vault_key, 'p-2', 100))
    expect(JSON.parse(refused.text)).to.include({ code: 'cap_exhausted', level: 'policy_vendor_day' })
    rig.writePolicy('apiVersion: jobcap.dev/v1alpha1\nkind: CapPolicy\nspec: {caps: {perRunUsd: 5}}\n')
    expect(gist(await ask(ledger.address, payment(vault_key, 'p-3', 100)))).to.equal('429 cap_exhausted')
    const readiness = await ledger.client.readiness()
    expect(readiness.ready).to.equal(true)
    expect(readiness.policy_problem).to.match(/policy\.yaml:\d+:\d+/)
    expect(ledger.log()).to.match(/the new policy file is not used/)
    rig.writePolicy(policyText(rig))
    expect(gist(await ask(ledger.address, payment(vault_key, 'p-2', 100)))).to.equal('200')
    expect(await ledger.client.readiness()).to.not.have.property('policy_problem')
  })

  it('refunds under a cap of their own are refused past it, take nothing of the key, and stop no payment', async () => {
    const capped = policyText(rig, { stripe: 'classCaps: {refunds: {perDayUsd: "1.00"}}' })
    rig.writePolicy(capped.replace('"POST /v1/charges"', '"POST /v1/charges", "POST /v1/refunds"'))
    const { vault_key, key_id } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '5.50' })
    const post = (path: string, body: string) =>
      ask(ledger.address, { ...payment(vault_key, `c-${path} ${body}`), path: `/stripe/v1/${path}`, body })
    const charge = JSON.parse((await post('charges', 'amount=500&currency=usd&source=tok_visa')).text)
    const refund = (cents: number) => post('refunds', `charge=${charge.id}&amount=${cents}`)
    expect(gist(await refund(80))).to.equal('200')
    const refused = await refund(30)
    expect(gist(refused)).to.equal('429 cap_exhausted')
    const said = { level: 'policy_class_day', limit_usd: '1.00', spent_usd: '0.80', reserved_usd: '0.00' }
    expect(JSON.parse(refused.text)).to.include(said)
    expect(gist(await refund(20))).to.equal('200')
    expect(gist(await ask(ledger.address, payment(vault_key, 'c-after', 50)))).to.equal('200')
    expect(await ledger.client.findKey(key_id)).to.include({ spent_usd: '5.50', reserved_usd: '0.00' })
  })

  it('a call that has waited for the same call goes out under the policy in force by then', async () => {
    const arrived = Promise.withResolvers<void>()
    const busy = Promise.withResolvers<void>()
    const vendor = createServer((_request, response) => {
      arrived.resolve()
      void busy.promise.then(() => response.writeHead(429).end())
    }).listen(0, '127.0.0.1')
    await once(vendor, 'listening')
    const { port } = vendor.address() as AddressInfo
    rig.writePolicy(policyText(rig, { stripeUrl: `http://127.0.0.1:${port}` }))
    const { vault_key } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })
    const first = ask(ledger.address, payment(vault_key, 'w-1', 100))
    await arrived.promise
    const waiting = ask(ledger.address, payment(vault_key, 'w-1', 100))
    await ledger.client.readiness()
    rig.writePolicy(policyText(rig, { stripe: 'perDayUsd: "0.50"' }))
    busy.resolve()
    expect(gist(await first)).to.equal('429')
    expect(JSON.parse((await waiting).text)).to.include({ code: 'cap_exhausted', level: 'policy_vendor_day' })
    vendor.close()
  })

  it("a run's Pods share its cap, whatever their index", async () => {
    const pods = await Promise.all(
      [0, 1, 2].map((index) =>
        TestPod.start(rig, ledger, { job: 'shared', pod: `shared-${index}`, index, terms: { capUsd: '2.00' } }),
      ),
    )
    const gists = await Promise.all(pods.map(async (pod, at) => gist(await pod.pay(`cus_${at}`, 100))))
    expect(gists.sort()).to.deep.equal(['200', '200', '429 cap_exhausted'])
    const run = await ledger.client.findRun('uid-shared')
    expect(run.key).to.include({ usd_cap: '2.00', spent_usd: '2.00', reserved_usd: '0.00' })
  })
})
