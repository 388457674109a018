import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Told } from '../ledger/call.ts'
import { policyText, STRIPE_SECRET } from '../ledger/rig.ts'
import { newJob } from '../path/job.ts'
import type { PathPod } from '../path/pod.ts'
import { World } from '../path/world.ts'
import { drip, HostileVendor, jsonAnswer } from './hostile-vendor.ts'

/** Everything that came, headers too, as one text. */
const textOf = ({ status, headers, text }: Told) => `${status} ${JSON.stringify(headers)} ${text}`

describe('promise 5, attacked: the vendor gives our secret away', function () {
  this.timeout(120_000)
  let world: World
  let vendor: HostileVendor
  let pod: PathPod

  before(async () => {
    vendor = await HostileVendor.start()
    world = await World.start('--vendor-deadline-ms', '4000')
    world.rig.writePolicy(policyText(world.rig, { stripeUrl: vendor.url }).replace(world.rig.geocoder.url, vendor.url))
    pod = await newJob(world).startPod()
    for (const [name, status] of Object.entries(STATUSES)) {
      vendor.on(name, (socket, request) => {
        const lines = [`x-your-key: ${STRIPE_SECRET}`, `location: /login?key=${STRIPE_SECRET}`]
        socket.write(jsonAnswer({ id: 'pi_1', message: `no: ${request}` }, lines, status))
      })
    }
    vendor.on('drop-by-drop', (socket) => {
      const body = `before ${STRIPE_SECRET} after ${STRIPE_SECRET.slice(0, 5)}`
      const letters = [...body]
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`)
      drip(socket, 1, () => letters.shift())
    })
  })
  after(async () => {
    vendor.stop()
    await world.stop()
  })

  const STATUSES = {
    answer: '200 OK',
    redirect: '302 Found',
    'bad-request': '400 Bad Request',
    'too-many': '429 Too Many Requests',
    fault: '500 Internal Server Error',
  }

  const calls: Record<string, (name: string) => Promise<Told>> = {
    'a payment': (name) =>
      pod.ask({
        path: '/stripe/v1/payment_intents',
        headers: { 'x-case': name, 'content-type': 'application/x-www-form-urlencoded' },
        body: `amount=100&currency=usd&customer=cus_${name}`,
      }),
    'a lookup': (name) =>
      pod.ask({
        path: '/geocode/v1/lookup',
        headers: { 'x-case': name, 'content-type': 'application/json' },
        body: JSON.stringify({ address: name }),
      }),
    'a read': (name) => pod.ask({ method: 'GET', path: '/stripe/v1/charges', headers: { 'x-case': name } }),
  }

  for (const [what, call] of Object.entries(calls)) {
    for (const [name, status] of Object.entries(STATUSES)) {
      it(`${what} that the vendor answers ${status} with our secret in it reaches the app without`, async () => {
        const told = await call(name)
        expect(told.status).to.equal(Number(status.split(' ')[0]))
        expect(textOf(told)).to.include('*'.repeat(STRIPE_SECRET.length)).and.not.include(STRIPE_SECRET)
      })
    }

    it(`${what} whose answer drips our secret letter by letter reaches the app without it, and whole otherwise`, async () => {
      const { text } = await call('drop-by-drop')
      expect(text).to.equal(`before ${'*'.repeat(STRIPE_SECRET.length)} after ${STRIPE_SECRET.slice(0, 5)}`)
    })
  }

  it('the store, the logs and the memory volume of the Pod do not hold it either', () => {
    const { folder } = world.rig
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && !entry.parentPath.includes('secrets'),
    )
    expect(files.map(({ name }) => name)).to.include('ledger.db')
    const holders = files.filter(({ parentPath, name }) => readFileSync(join(parentPath, name)).includes(STRIPE_SECRET))
    expect(holders.map(({ name }) => name)).to.deep.equal([])
    expect(world.ledger.log() + pod.sidecarLog()).to.not.include(STRIPE_SECRET)
  })
})
