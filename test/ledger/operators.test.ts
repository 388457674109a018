import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Ask, ask, gist, payment } from './call.ts'
import { exchange, podToken, TestPod } from './pod.ts'
import { auditOf, type LedgerProcess, type Rig, startRig } from './rig.ts'

describe('what operators ask of a ledger', () => {
  let rig: Rig
  let ledger: LedgerProcess
  let token: string
  before(async () => {
    rig = await startRig()
    ledger = await rig.startLedger()
    token = readFileSync(join(rig.folder, 'state/operator-token'), 'utf8').trim()
  })
  after(() => rig.stop())

  const newKey = (body: string): Ask => ({ path: '/vault/keys', key: token, body })

  const DOLLARS: readonly (readonly [string, string])[] = [
    ['5.10', '5.10'],
    ['"5.10"', '5.10'],
    ['0.1', '0.10'],
    ['5', '5.00'],
    ['9007199254.740991', '9007199254.740991'],
  ]
  for (const [written, read] of DOLLARS) {
    it(`reads ${written} as $${read}, never through a float`, async () => {
      const told = await ask(ledger.address, newKey(`{"vendor":"stripe","usd_cap":${written}}`))
      expect(told.status, told.text).to.equal(201)
      expect(JSON.parse(told.text)).to.include({ usd_cap: read, daily_usd_cap: null })
    })
  }

  const BAD: readonly (readonly [string, RegExp])[] = [
    ['{"vendor":"stripe","usd_cap":-5}', /usd_cap.*"-5"/],
    ['{"vendor":"stripe","usd_cap":5e2}', /usd_cap.*"5e2"/],
    ['{"vendor":"stripe","usd_cap":0.1234567}', /usd_cap/],
    ['{"vendor":"stripe","usd_cap":9007199254.740992}', /usd_cap/],
    ['{"vendor":"stripe","usd_cap":true}', /usd_cap/],
    ['{"vendor":"stripe","daily_cap":5}', /daily_cap/],
    ['{"vendor":"stripe","expires_in":"tomorrow"}', /expires_in/],
    ['{"vendor":"stripe","allowed_endpoints":["post /v1"]}', /allowed_endpoints/],
    ['{"label":"x"}', /vendor/],
    ['{"vendor":', /well-formed: the body is not JSON\.$/],
  ]
  for (const [body, says] of BAD) {
    it(`400 request_malformed: ${body}`, async () => {
      const told = await ask(ledger.address, newKey(body))
      expect(gist(told)).to.equal('400 request_malformed')
      expect(JSON.parse(told.text).message).to.match(says)
    })
  }

  const REFUSED: readonly (readonly [string, string, Partial<Ask>])[] = [
    ['a vendor that the policy does not name', '404 vendor_unknown', { body: '{"vendor":"twilio"}' }],
    ['a policy that is not loaded', '503 policy_missing', { body: '{"vendor":"stripe","policy":"x"}' }],
    [
      'an endpoint outside the policy',
      '403 endpoint_not_allowed',
      { body: '{"vendor":"stripe","allowed_endpoints":["POST /v1/refunds"]}' },
    ],
    ['a key that is not there', '404 key_unknown', { method: 'GET', path: '/vault/keys/key_0' }],
    [
      'a limit for a key that is not there',
      '404 key_unknown',
      { method: 'PATCH', path: '/vault/keys/key_0', body: '{"usd_cap":1}' },
    ],
    ['a revocation of a key that is not there', '404 key_unknown', { method: 'DELETE', path: '/vault/keys/key_0' }],
    [
      'a word on a call that is not in doubt',
      '404 call_not_in_doubt',
      { path: '/calls/call_0/resolve', body: '{"effect":false}' },
    ],
    ['a run that is not there', '404 run_unknown', { method: 'GET', path: '/runs/none' }],
    ['the end of a Job that is not there', '404 run_unknown', { path: '/runs/none/jobs/none/ended' }],
    ['a path that is nobody’s', '404 route_not_ours', { method: 'GET', path: '/vault/nothing' }],
    ['a body above 64 KiB', '413 body_too_large', { body: ' '.repeat(70_000) }],
    ['an audit from no moment', '400 request_malformed', { method: 'GET', path: '/audit?from=yesterday' }],
  ]
  for (const [name, gets, change] of REFUSED) {
    it(`${gets}: ${name}`, async () => {
      expect(gist(await ask(ledger.address, { ...newKey(''), ...change }))).to.equal(gets)
    })
  }

  it("a key without a cap of its own gets the policy's default for a run, and expires as the policy says", async () => {
    const made = await ledger.client.createKey({ vendor: 'stripe', label: 'nightly' })
    expect(made).to.include({
      usd_cap: '500.00',
      daily_usd_cap: null,
      status: 'active',
      label: 'nightly',
      vendor: 'stripe',
    })
    expect((made.expires_at_ms ?? 0) - made.created_at_ms).to.be.closeTo(24 * 3_600_000, 1_000)
    expect(made.vault_key).to.match(/^jck_[A-Za-z0-9_-]{43}$/)
    const [listed] = await ledger.client.listKeys({ label: 'nightly' })
    expect(listed).to.not.have.property('vault_key')
    expect(listed?.key_id).to.equal(made.key_id)
  })

  it('the record is filtered by key, label, run and index, and goes on from a cursor', async () => {
    const { vault_key, key_id } = await ledger.client.createKey({ vendor: 'stripe', label: 'audited' })
    await ask(ledger.address, payment(vault_key, 'a-1'))
    const pod = await TestPod.start(rig, ledger, { job: 'audited', pod: 'audited-3', index: 3 })
    await pod.pay('cus_1')
    const all = await auditOf(ledger)
    expect(all.map(({ seq }) => seq)).to.deep.equal(all.map((_, at) => at + 1))
    const read = async (filter: Parameters<typeof ledger.client.audit>[0]) => {
      const events = []
      for await (const event of ledger.client.audit(filter)) events.push(event)
      return events
    }
    const byKey = await read({ key: key_id })
    expect(byKey.map(({ event }) => event)).to.deep.equal(['key.created', 'call.reserved', 'call.settled'])
    expect(await read({ label: 'audited' })).to.deep.equal(byKey)
    const byIndex = await read({ run: pod.granted.runUid, index: 3 })
    expect(byIndex.filter(({ event }) => event === 'call.settled')).to.have.length(1)
    expect(byIndex.every(({ actor }) => actor.podName === 'audited-3' || actor.podName === null)).to.equal(true)
    const first = await read({ limit: 2 })
    expect(await read({ cursor: first.at(-1)?.seq ?? 0 })).to.deep.equal(all.slice(2))
    expect(await read({ to: '2020-01-01T00:00:00Z' })).to.deep.equal([])
  })

  it('a Job that ended admits nothing, and one that continues the run goes on where it stopped', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'monday', terms: { capUsd: '1.50' } })
    expect(gist(await pod.pay('cus_1', 100))).to.equal('200')
    const spent = await pod.pay('cus_2', 100)
    expect(gist(spent)).to.equal('429 cap_exhausted')
    expect(JSON.parse(spent.text).message).to.match(
      /^The run cap of .* To go on: jobcap keys raise \S+ --cap-usd USD, or a Job that continues the run with a higher jobcap.dev\/cap-usd\.$/,
    )
    const ended = await ledger.client.endJob(pod.granted.runUid, 'uid-monday')
    expect(ended.key.status).to.equal('ended')
    expect(gist(await pod.pay('cus_2', 100))).to.equal('401 key_ended')
    const terms = { continues: 'monday', capUsd: '5.00' }
    const next = await TestPod.start(rig, ledger, { job: 'tuesday', terms })
    expect(next.granted.runUid).to.equal(pod.granted.runUid)
    expect((await next.pay('cus_1', 100)).headers['jobcap-replayed']).to.equal('true')
    expect(gist(await next.pay('cus_2', 100))).to.equal('200')
    const run = await ledger.client.findRun(pod.granted.runUid)
    expect(run.jobs.map(({ name, ended: isEnded }) => [name, isEnded])).to.deep.equal([
      ['monday', true],
      ['tuesday', false],
    ])
    expect(run.key).to.include({ usd_cap: '5.00', spent_usd: '2.00' })
  })

  it('a Job whose end is told before an exchange under way gets no run, then or after a restart', async () => {
    expect(await ledger.client.endUnlistedJob('uid-hasty')).to.equal(undefined)
    const late = () => TestPod.start(rig, ledger, { job: 'hasty' }).then(() => 'granted', String)
    expect(await late()).to.match(/key_ended/)
    await ledger.kill()
    ledger = await rig.startLedger()
    expect(await late()).to.match(/key_ended/)
    expect((await ledger.client.listRuns()).map(({ run }) => run)).to.not.include('uid-hasty')
  })

  it('the first Pod of a run opens it with one key, every other finds it, and a renewal keeps the life', async () => {
    const zero = await TestPod.start(rig, ledger, { job: 'many' })
    const one = await TestPod.start(rig, ledger, { job: 'many', pod: 'many-1-a', index: 1 })
    expect(one.granted.keyId).to.equal(zero.granted.keyId)
    await zero.pay('cus_1')
    const renewed = JSON.parse((await exchange(ledger.address, podToken(rig, { job: 'many' }), 'renew')).text)
    expect(renewed.life).to.equal(zero.granted.life)
    const again = JSON.parse((await exchange(ledger.address, podToken(rig, { job: 'many' }), 'issue')).text)
    expect(again.life).to.equal(zero.granted.life + 1)
  })

  it('a ledger says whether it serves, and what it counts', async () => {
    expect(await ledger.client.readiness()).to.deep.equal({ ready: true })
    const metrics = await ask(ledger.address, { method: 'GET', path: '/metrics' })
    expect(metrics.text).to.match(/^jobcap_ledger_calls_total\{vendor="stripe",end="settled"\} \d+$/m)
  })
})
