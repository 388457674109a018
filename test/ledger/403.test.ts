import { expect } from 'chai'
import { ask, gist, payment } from './call.ts'
import { exchange, type PodShape, podToken, TestPod } from './pod.ts'
import { refusesEach } from './refusals.ts'
import { auditOf, type LedgerProcess, type Rig, startRig } from './rig.ts'

describe('403: known, but not allowed', () => {
  let rig: Rig
  let ledger: LedgerProcess
  let key: string
  before(async () => {
    rig = await startRig()
    ledger = await rig.startLedger()
    key = (await ledger.client.createKey({ vendor: 'stripe' })).vault_key
  })
  after(() => rig.stop())

  refusesEach(
    () => ledger,
    [
      {
        name: 'an endpoint outside the policy',
        gets: '403 endpoint_not_allowed',
        says: /POST \/v1\/refunds/,
        ask: () => ({ ...payment(key, 'k'), path: '/stripe/v1/refunds', body: 'charge=ch_1' }),
      },
      {
        name: 'an endpoint outside what the key was narrowed to',
        gets: '403 endpoint_not_allowed',
        ask: async () => {
          const narrow = await ledger.client.createKey({ vendor: 'stripe', allowed_endpoints: ['GET /v1/*'] })
          return payment(narrow.vault_key, 'k')
        },
      },
      {
        name: 'another vendor than the one the key is for',
        gets: '403 endpoint_not_allowed',
        says: /stripe/,
        ask: () => ({ ...payment(key, 'k'), path: '/geocode/v1/lookup' }),
      },
      {
        name: 'a mutating route that nobody has priced',
        gets: '403 route_unknown',
        ask: () => ({ ...payment(key, 'k'), path: '/stripe/v1/subscriptions' }),
      },
      {
        name: 'a key for an endpoint outside the policy',
        gets: '401 operator_denied',
        ask: () => ({ path: '/vault/keys', body: '{"vendor":"stripe"}' }),
      },
    ],
  )

  const EXCHANGES: readonly { readonly name: string; readonly gets: string; readonly shape: PodShape }[] = [
    {
      name: 'a namespace that the policy does not select',
      gets: '403 namespace_not_selected',
      shape: { job: 'foreign', facts: { namespaceLabels: {} } },
    },
    {
      name: 'a cap above the policy',
      gets: '403 terms_exceed_policy',
      shape: { job: 'dear', terms: { capUsd: '1000.01' } },
    },
    {
      name: 'continuing a Job that nobody knows',
      gets: '403 continue_unknown',
      shape: { job: 'next', terms: { continues: 'never-was' } },
    },
    {
      name: 'continuing a run that still runs',
      gets: '403 continue_running',
      shape: { job: 'next', terms: { continues: 'alive' } },
    },
  ]
  for (const { name, gets, shape } of EXCHANGES) {
    it(`${gets}: ${name}`, async () => {
      await TestPod.start(rig, ledger, { job: 'alive' })
      expect(gist(await exchange(ledger.address, podToken(rig, shape)))).to.equal(gets)
    })
  }

  it('403 pod_ending: a Pod that has ended gets no credential, after a restart of the ledger either', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'ending' })
    await ledger.client.endPod(pod.granted.runUid, pod.granted.podUid)
    const token = podToken(rig, { job: 'ending' })
    expect(gist(await exchange(ledger.address, token, 'renew'))).to.equal('403 pod_ending')
    await ledger.drain()
    ledger = await rig.startLedger()
    expect(gist(await exchange(ledger.address, token, 'renew'))).to.equal('403 pod_ending')
  })

  it('403 restart_needs_named_key: containers restart in place, and the call names no intention', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'kept', terms: { keepsRestarts: true } })
    expect(gist(await pod.pay('cus_1'))).to.equal('403 restart_needs_named_key')
  })

  it('the record names the route that was asked for, whatever the claims say', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'other-route' })
    const identity = { route: 'POST /v1/payment_intents' }
    const told = await pod.call({ path: '/stripe/v1/refunds', body: 'charge=ch_1' }, { identity })
    expect(gist(told)).to.equal('403 endpoint_not_allowed')
    const events = (await auditOf(ledger)).filter(({ actor }) => actor.podUid === pod.granted.podUid)
    const routes = events.flatMap((event) => (event.event === 'call.refused' ? [event.route] : []))
    expect(routes).to.deep.equal(['POST /v1/refunds'])
  })

  it('403 credential_wrong_scope: claims of a later life than the credential', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'lives' })
    expect(gist(await pod.pay('cus_1', 100, { life: 7 }))).to.equal('403 credential_wrong_scope')
  })

  it('403 continue_revoked: what a person revoked is not continued', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'stopped' })
    await ledger.client.revokeKey(pod.granted.keyId)
    await ledger.client.endJob(pod.granted.runUid, 'uid-stopped')
    const token = podToken(rig, { job: 'after', terms: { continues: 'stopped' } })
    expect(gist(await exchange(ledger.address, token))).to.equal('403 continue_revoked')
  })

  it('404 vendor_unknown: a Pod names a vendor that the policy does not', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'lost' })
    const told = await ask(ledger.address, { path: '/twilio/Messages.json', key: pod.granted.credential })
    expect(gist(told)).to.equal('404 vendor_unknown')
    expect(told.text).to.match(/`stripe`/)
  })

  it('what is refused before it has a number is on record too, with the Pod that asked', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'refused' })
    await ask(ledger.address, { path: '/twilio/Messages.json', key: pod.granted.credential })
    await pod.pay('cus_1', 100, { life: 7 })
    const events = (await auditOf(ledger)).filter(({ actor }) => actor.podUid === pod.granted.podUid)
    const refused = events.flatMap((event) => (event.event === 'call.refused' ? [`${event.code} ${event.route}`] : []))
    expect(refused).to.deep.equal([
      'vendor_unknown POST /twilio/Messages.json',
      'credential_wrong_scope POST /v1/payment_intents',
    ])
  })
})
