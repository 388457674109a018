import { expect } from 'chai'
import twilio from 'twilio'
import { FAKE_ACCOUNT } from '../../fake-vendors/twilio/twilio.ts'
import { PLACEHOLDER_ACCOUNT } from '../../vendors/twilio/routes.ts'
import type { FakeVendor } from '../ledger/rig.ts'
import { newJob, type PathJob } from './job.ts'
import type { PathPod } from './pod.ts'
import { World } from './world.ts'

const FROM = '+15005550006'
const TO = '+15558675310'

describe('Twilio, by its own package', function () {
  this.timeout(60_000)
  let world: World
  let vendor: FakeVendor
  let job: PathJob
  let pod: PathPod
  before(async () => {
    world = await World.start('--repair-every-ms', '200')
    vendor = await world.rig.startVendor('twilio')
    world.rig.writePolicy(policyFor(vendor))
  })
  beforeEach(async () => {
    job = newJob(world)
    pod = await job.startPod()
  })
  afterEach(async () => {
    await vendor.control.clearFaults()
    await world.endTest()
  })
  after(() => world.stop())

  const client = (which: PathPod = pod) => {
    const made = twilio(PLACEHOLDER_ACCOUNT, 'placeholder')
    made.api.baseUrl = `${which.address}/twilio`
    return made
  }

  it('a message goes out once, from the real account, and is counted by its segments', async () => {
    const before = vendor.truth('effect').length
    const sent = await client().messages.create({ to: TO, from: FROM, body: 'x'.repeat(161) })
    expect(sent.sid).to.match(/^SM/)
    expect(sent.accountSid).to.equal(FAKE_ACCOUNT)
    const [effect, ...more] = vendor.truth('effect').slice(before)
    expect(more).to.deep.equal([])
    expect(effect?.metadata).to.include({ segments: '2' })
    expect(await job.books()).to.deep.equal({ spent: '0.0158', reserved: '0.00' })
    const settled = (await job.audit()).filter((event) => event.event === 'call.settled')
    expect(settled.map(({ object, spentUsdMicros }) => [object, spentUsdMicros])).to.deep.equal([[sent.sid, 15_800]])
  })
})

function policyFor(vendor: FakeVendor): string {
  return `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  namespaceSelector: {matchLabels: {team: billing}}
  caps: {perRunUsd: {default: "1.00"}}
  vendors:
  - name: twilio
    type: twilio
    baseUrl: ${vendor.url}
    accountSid: ${FAKE_ACCOUNT}
    secretRef: {name: stripe, key: api-key}
    prices: {segmentUsd: "0.0079", mmsUsd: "0.02", callMinuteUsd: "0.014"}
    allowedEndpoints: ["POST /2010-04-01/Accounts/*/Messages.json", "GET /2010-04-01/*"]
`
}
