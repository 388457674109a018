import { expect } from 'chai'
import twilio from 'twilio'
import type { Fault } from '../../fake-vendors/faults.ts'
import { FAKE_ACCOUNT } from '../../fake-vendors/twilio/twilio.ts'
import { PLACEHOLDER_ACCOUNT } from '../../vendors/twilio/routes.ts'
import { ask } from '../ledger/call.ts'
import { type FakeVendor, STRIPE_SECRET } from '../ledger/rig.ts'
import { newJob, type PathJob } from './job.ts'
import type { PathPod } from './pod.ts'
import { World } from './world.ts'

const FROM = '+15005550006'
const HOUR_MS = 60 * 60 * 1_000

describe('Twilio, by its own package', function () {
  this.timeout(60_000)
  let world: World
  let vendor: FakeVendor
  let job: PathJob
  let pod: PathPod
  let start = 0
  /** Of this test alone. */
  let to = ''
  let tests = 0
  before(async () => {
    world = await World.start('--repair-every-ms', '200', '--vendor-deadline-ms', '4000')
    vendor = await world.rig.startVendor('twilio')
    world.rig.writePolicy(policyFor(vendor))
  })
  beforeEach(async () => {
    job = newJob(world)
    pod = await job.startPod()
    start = vendor.truth('effect').length
    tests += 1
    to = `+1555000${String(tests).padStart(4, '0')}`
  })
  afterEach(async () => {
    await vendor.control.clearFaults()
    await vendor.control.clearHolds()
    await world.endTest()
  })
  after(() => world.stop())

  const client = (which: PathPod = pod) => {
    const made = twilio(PLACEHOLDER_ACCOUNT, 'placeholder')
    made.api.baseUrl = `${which.address}/twilio`
    return made
  }
  const send = (which: PathPod = pod, more: object = {}) =>
    client(which).messages.create({ to, from: FROM, body: 'Hi', ...more })
  /** The code and status of the exception that the app gets. */
  const fault = (asking: Promise<unknown>) =>
    asking.then(
      () => 'none',
      ({ code, status }: { code: unknown; status: unknown }) => `${String(status)} ${String(code)}`,
    )
  const effects = () => vendor.truth('effect').slice(start)
  const created = () => effects().filter(({ action }) => action === 'message.created')
  /** As any other customer of the account, past us. */
  const sendBeside = () =>
    ask(vendor.url, {
      path: `/2010-04-01/Accounts/${FAKE_ACCOUNT}/Messages.json`,
      headers: {
        authorization: `Basic ${Buffer.from(`${FAKE_ACCOUNT}:${STRIPE_SECRET}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ To: to, From: FROM, Body: 'Hi' }).toString(),
    })

  it('a message goes out once, from the real account, and is counted by its segments', async () => {
    const sent = await send(pod, { body: 'x'.repeat(161) })
    expect(sent.sid).to.match(/^SM/)
    expect(sent.accountSid).to.equal(FAKE_ACCOUNT)
    expect(effects().map(({ metadata }) => metadata?.['segments'])).to.deep.equal(['2'])
    expect(await job.books()).to.deep.equal({ spent: '0.0158', reserved: '0.00' })
    const settled = (await job.audit()).filter((event) => event.event === 'call.settled')
    expect(settled.map(({ object, spentUsdMicros }) => [object, spentUsdMicros])).to.deep.equal([[sent.sid, 15_800]])
  })

  it('the replacement Pod gets the same message, and none is sent', async () => {
    const first = await send()
    const again = await send(await job.replace(pod))
    expect(again.sid).to.equal(first.sid)
    expect(effects()).to.have.length(1)
  })

  it('through a service the sender is picked later: our own count is what is booked', async () => {
    const sent = await client().messages.create({ to, messagingServiceSid: 'MG1', body: 'ж'.repeat(71) })
    expect(sent.numSegments).to.equal('0')
    expect(await job.books()).to.deep.equal({ spent: '0.0158', reserved: '0.00' })
  })

  it('media and a call: at their own prices', async () => {
    await send(pod, { mediaUrl: ['https://a/b.png', 'https://a/c.png'] })
    const call = await client().calls.create({ to, from: FROM, url: 'https://a/b', timeLimit: 61 })
    expect(call.sid).to.match(/^CA/)
    expect(await job.books()).to.deep.equal({ spent: '0.048', reserved: '0.00' })
  })

  it('a call without a time limit gets the one of the policy', async () => {
    await client().calls.create({ to, from: FROM, url: 'https://a/b' })
    expect(effects().map(({ metadata }) => metadata?.['limitSeconds'])).to.deep.equal(['600'])
    expect(await job.books()).to.deep.equal({ spent: '0.14', reserved: '0.00' })
  })

  it('lists page by page, all of them through us', async () => {
    const bodies = ['1', '2', '3', '4', '5']
    for (const body of bodies) await send(pod, { body })
    const listed = await client().messages.list({ to, pageSize: 2 })
    expect(listed.map(({ body }) => body)).to.deep.equal(bodies.toReversed())
    const page = await client().messages.page({ to, pageSize: 2 })
    expect(page.nextPageUrl).to.match(new RegExp(`^${pod.address}/twilio/2010-04-01/`))
    expect((await page.nextPage())?.instances.map(({ body }) => body)).to.deep.equal(['3', '2'])
  })

  it('a newer product, whose pages name each other by whole addresses, is read to its end through us', async () => {
    const made = client()
    made.messaging.baseUrl = `${pod.address}/twilio`
    const page = await made.messaging.v1.services.page({ pageSize: 2 })
    expect(page.nextPageUrl).to.equal(`${pod.address}/twilio/v1/Services?PageSize=2&Page=1`)
    const listed = await made.messaging.v1.services.list({ pageSize: 2 })
    expect(new Set(listed.map(({ sid }) => sid))).to.have.property('size', 5)
    const byHost = await pod.ask({
      method: 'GET',
      path: '/v1/Services?PageSize=2',
      headers: { host: 'twilio.localhost:8080' },
    })
    expect(byHost.text).to.include('"next_page_url":"http://twilio.localhost:8080/v1/Services?PageSize=2&Page=1"')
  })

  it('a spent cap: one exception with our code, asked once, and nothing is sent', async () => {
    expect(await fault(send(pod, { body: 'x'.repeat(160 * 9) }))).to.equal('none')
    const refused = await fault(send(pod, { body: 'y'.repeat(1_600) }))
    expect(refused).to.equal('429 cap_exhausted')
    expect(await job.count('call.refused')).to.equal(1)
    expect(effects()).to.have.length(1)
  })

  it('a revoked key: 401, asked once', async () => {
    const { key } = await job.view()
    await world.ledger.client.revokeKey(key.key_id)
    expect(await fault(send())).to.equal('401 key_revoked')
    expect(effects()).to.deep.equal([])
  })

  it('what is not priced is refused: buying a number, an address of another kind, somebody else’s account', async () => {
    expect(await fault(client().incomingPhoneNumbers.create({ phoneNumber: to }))).to.equal('403 route_unknown')
    expect(await fault(send(pod, { to: 'messenger:1' }))).to.equal('403 route_unknown')
    const other = twilio(`AC${'f'.repeat(32)}`, 'placeholder')
    other.api.baseUrl = `${pod.address}/twilio`
    expect(await fault(other.messages.create({ to, from: FROM, body: 'Hi' }))).to.equal('403 endpoint_not_allowed')
    expect(effects()).to.deep.equal([])
  })

  it('429 of Twilio: as it came, nothing is held', async () => {
    await vendor.control.addFault({ fault: { kind: 'answer', when: 'before', status: 429 } })
    expect(await fault(send())).to.equal('429 20429')
    expect(await job.books()).to.deep.equal({ spent: '0.00', reserved: '0.00' })
    expect((await send()).sid).to.match(/^SM/)
  })

  it('two alike at the same time are two messages', async () => {
    const [one, two] = await Promise.all([send(), send()])
    expect(one.sid).not.to.equal(two.sid)
    expect(created()).to.have.length(2)
    expect(await job.books()).to.deep.equal({ spent: '0.0158', reserved: '0.00' })
  })

  describe('the outcome is not known', () => {
    const AFTER: readonly Fault[] = [
      { kind: 'reset', when: 'after' },
      { kind: 'half', when: 'after' },
      { kind: 'garbage', when: 'after' },
      { kind: 'silence', when: 'after' },
      { kind: 'answer', when: 'after', status: 500 },
    ]
    for (const spoilt of AFTER) {
      const how = spoilt.kind === 'answer' ? 'a 500' : spoilt.kind
      it(`${how} after the effect: the message is found at Twilio, and the app gets it`, async () => {
        await vendor.control.addFault({ fault: spoilt, match: { method: 'POST' } })
        const sent = await send()
        expect([sent.sid]).to.deep.equal(created().map(({ object }) => object))
        expect(await job.books()).to.deep.equal({ spent: '0.0079', reserved: '0.00' })
        expect((await send(await job.replace(pod))).sid).to.equal(sent.sid)
        expect(created()).to.have.length(1)
      })
    }

    it('a reset before the effect: never sent again, held, and shown to a person', async () => {
      await vendor.control.addFault({ fault: { kind: 'reset', when: 'before' }, match: { method: 'POST' } })
      expect(await fault(send())).to.equal('502 outcome_unknown')
      expect(await fault(send(await job.replace(pod)))).to.equal('502 outcome_unknown')
      expect(created()).to.deep.equal([])
      expect(await job.books()).to.deep.equal({ spent: '0.00', reserved: '0.0079' })
      expect(await job.count('call.in_doubt')).to.equal(1)
    })

    it('the message of an earlier call is not taken for the one looked for', async () => {
      const first = await send()
      await vendor.control.addFault({ fault: { kind: 'reset', when: 'before' }, match: { method: 'POST' } })
      expect(await fault(send())).to.equal('502 outcome_unknown')
      expect(created().map(({ object }) => object)).to.deep.equal([first.sid])
      expect(await job.books()).to.deep.equal({ spent: '0.0079', reserved: '0.0079' })
    })

    it('one that somebody else has sent beside ours: nobody chooses between the two', async () => {
      await vendor.control.addFault({ fault: { kind: 'reset', when: 'after' }, match: { method: 'POST' }, skip: 1 })
      await sendBeside()
      expect(await fault(send())).to.equal('502 outcome_unknown')
      expect(created()).to.have.length(2)
      expect(await job.books()).to.deep.equal({ spent: '0.00', reserved: '0.0079' })
    })

    it('one of an hour ago by Twilio’s clock is another', async () => {
      await sendBeside()
      await vendor.control.advanceClock(HOUR_MS)
      await vendor.control.addFault({ fault: { kind: 'reset', when: 'after' }, match: { method: 'POST' } })
      const sent = await send()
      expect(sent.sid).to.equal(created().at(-1)?.object)
    })

    it('the list cannot be had either: 502; the repair finds the message later, without the app', async () => {
      const { control } = vendor
      await control.addFault({ fault: { kind: 'reset', when: 'after' }, match: { method: 'POST' } })
      await control.addFault({
        fault: { kind: 'answer', when: 'before', status: 503 },
        match: { method: 'GET' },
        times: null,
      })
      expect(await fault(send())).to.equal('502 outcome_unknown')
      await control.clearFaults()
      await job.reached('call.settled')
      expect(await job.books()).to.deep.equal({ spent: '0.0079', reserved: '0.00' })
      expect((await send()).sid).to.equal(created()[0]?.object)
      expect(created()).to.have.length(1)
    })

    it('the ledger killed in mid-call: found by the repair, also when the key was revoked meanwhile', async () => {
      const hold = await world.holdNext(vendor)
      const asking = fault(send())
      await hold.held()
      const { key } = await job.view()
      await world.ledger.client.revokeKey(key.key_id)
      await world.restartLedger()
      expect(await asking).to.equal('401 key_revoked')
      await job.reached('call.settled')
      expect(await job.books()).to.deep.equal({ spent: '0.0079', reserved: '0.00' })
      expect(created()).to.have.length(1)
    })

    it('a call, whose content Twilio does not list, is left to a person', async () => {
      await vendor.control.addFault({ fault: { kind: 'reset', when: 'after' }, match: { method: 'POST' } })
      expect(await fault(client().calls.create({ to, from: FROM, url: 'https://a/b', timeLimit: 60 }))).to.equal(
        '502 outcome_unknown',
      )
      expect(await job.books()).to.deep.equal({ spent: '0.00', reserved: '0.014' })
    })
  })
})

function policyFor(vendor: FakeVendor): string {
  return `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  namespaceSelector: {matchLabels: {team: billing}}
  caps: {perRunUsd: {default: "0.15"}}
  vendors:
  - name: twilio
    type: twilio
    baseUrl: ${vendor.url}
    accountSid: ${FAKE_ACCOUNT}
    secretRef: {name: stripe, key: api-key}
    prices: {segmentUsd: "0.0079", mmsUsd: "0.02", callMinuteUsd: "0.014"}
    callTimeLimitSeconds: 600
    allowedEndpoints:
    - "POST /2010-04-01/Accounts/*/Messages.json"
    - "POST /2010-04-01/Accounts/*/Calls.json"
    - "POST /2010-04-01/Accounts/*/IncomingPhoneNumbers.json"
    - "GET /2010-04-01/*"
    - "GET /v1/*"
`
}
