import { expect } from 'chai'
import { Resend } from 'resend'
import type { FakeVendor } from '../ledger/rig.ts'
import { newJob, type PathJob } from './job.ts'
import type { PathPod } from './pod.ts'
import { World } from './world.ts'

const HOUR_MS = 60 * 60 * 1_000

describe('Resend, by its own package', function () {
  this.timeout(60_000)
  let world: World
  let vendor: FakeVendor
  let job: PathJob
  let pod: PathPod
  before(async () => {
    world = await World.start('--repair-every-ms', '200', '--vendor-deadline-ms', '4000')
    vendor = await world.rig.startVendor('resend')
    world.rig.writePolicy(policyFor(vendor))
  })
  beforeEach(async () => {
    job = newJob(world)
    pod = await job.startPod()
    start = vendor.truth('effect').length
  })
  afterEach(async () => {
    await vendor.control.clearFaults()
    await world.endTest()
  })
  after(() => world.stop())

  let start = 0
  const sent = () => vendor.truth('effect').slice(start)
  const client = (which: PathPod = pod) => new Resend('re_placeholder', { baseUrl: `${which.address}/resend` })
  const mail = (more: object = {}) => ({ from: 'a@x.com', to: ['b@x.com'], subject: 'Hi', text: 'Hi', ...more })

  it('a mail is counted by its recipients, once, also when the Pod is replaced', async () => {
    const { data } = await client().emails.send(mail({ cc: ['c@x.com'] }))
    const again = await client(await job.replace(pod)).emails.send(mail({ cc: ['c@x.com'] }))
    expect(again.data?.id).to.equal(data?.id)
    expect(sent().map(({ metadata }) => metadata?.['recipients'])).to.deep.equal(['2'])
    expect(await job.books()).to.deep.equal({ spent: '0.0008', reserved: '0.00' })
  })

  it('a permissive batch is settled by what was taken', async () => {
    const mails = [mail(), mail({ to: ['not an address'] }), mail({ to: ['b@x.com', 'c@x.com'] })]
    const { data } = await client().batch.send(mails, { batchValidation: 'permissive' })
    expect(data?.data).to.have.length(2)
    expect(await job.books()).to.deep.equal({ spent: '0.0012', reserved: '0.00' })
  })

  for (const fault of [
    { kind: 'reset', when: 'after' },
    { kind: 'half', when: 'after' },
    { kind: 'answer', when: 'after', status: 500 },
    { kind: 'answer', when: 'before', status: 409 },
  ] as const) {
    it(`${fault.kind} ${fault.when} the effect: repeated under the same key, sent once`, async () => {
      await vendor.control.addFault({ fault })
      const { data, error } = await client().emails.send(mail())
      expect(error).to.equal(null)
      expect(data?.id).to.be.a('string')
      expect(sent()).to.have.length(1)
      expect(await job.books()).to.deep.equal({ spent: '0.0004', reserved: '0.00' })
    })
  }

  it('a mail in doubt goes out as it first did, in whatever order its fields are asked for again', async () => {
    const refusals = vendor.truth('refused').length
    const ask = (body: object) => {
      const headers = { authorization: 'Bearer re_placeholder', 'content-type': 'application/json' }
      return fetch(`${pod.address}/resend/emails`, { method: 'POST', headers, body: JSON.stringify(body) })
    }
    await vendor.control.addFault({ fault: { kind: 'answer', when: 'after', status: 500 }, times: null })
    const { from, ...more } = mail()
    const first = await ask({ from, ...more })
    const again = await ask({ ...more, from })
    expect([first.status, again.status]).to.deep.equal([500, 500])
    // Resend refuses a key that comes with another payload.
    expect(vendor.truth('refused').slice(refusals)).to.deep.equal([])
    expect(sent()).to.have.length(1)
  })

  it('a spent cap is an error with our code, and nothing is sent', async () => {
    const big = Array.from({ length: 30 }, (_, at) => `b${at}@x.com`)
    const { data, error } = await client().emails.send(mail({ to: big }))
    expect(data).to.equal(null)
    expect(error).to.include({ name: 'cap_exhausted', statusCode: 429 })
    expect(sent()).to.deep.equal([])
  })

  it('a mail that Resend refuses costs nothing, also one for a domain that is not verified', async () => {
    const refused = await client().emails.send(mail({ to: ['nobody'] }))
    expect(refused.error?.name).to.equal('validation_error')
    const body = JSON.stringify({
      statusCode: 403,
      name: 'validation_error',
      message: 'The x.com domain is not verified.',
    })
    await vendor.control.addFault({ fault: { kind: 'answer', when: 'before', status: 403, body } })
    const unverified = await client().emails.send(mail({ subject: 'Ho' }))
    expect(unverified.error?.message).to.include('not verified')
    expect(await job.books()).to.deep.equal({ spent: '0.00', reserved: '0.00' })
  })

  it('after 24 h at the vendor the record still answers, and nothing is sent again', async () => {
    const { data } = await client().emails.send(mail())
    await vendor.control.advanceClock(25 * HOUR_MS)
    const again = await client(await job.replace(pod)).emails.send(mail())
    expect(again.data?.id).to.equal(data?.id)
    expect(sent()).to.have.length(1)
  })
})

function policyFor(vendor: FakeVendor): string {
  return `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  namespaceSelector: {matchLabels: {team: billing}}
  caps: {perRunUsd: {default: "0.01"}}
  vendors:
  - name: resend
    type: resend
    baseUrl: ${vendor.url}
    secretRef: {name: stripe, key: api-key}
    recipientUsd: "0.0004"
    allowedEndpoints: ["POST /emails", "POST /emails/batch", "GET /emails/*"]
`
}
