import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { gist } from '../ledger/call.ts'
import { type FakeVendor, STRIPE_SECRET } from '../ledger/rig.ts'
import { newJob, type PathJob } from './job.ts'
import type { PathPod } from './pod.ts'
import { World } from './world.ts'

const PAGE = new URL('../../docs/declared-vendors.md', import.meta.url)
const REAL_ORIGIN = 'https://maps.googleapis.com'

describe('the declared vendor of the docs, run as it stands there', function () {
  this.timeout(60_000)
  let world: World
  let vendor: FakeVendor
  let job: PathJob
  let pod: PathPod
  let policy = ''
  before(async () => {
    world = await World.start('--repair-every-ms', '200')
    vendor = await world.rig.startVendor('geocoding')
    policy = /```yaml\n(.*?)```/s.exec(readFileSync(PAGE, 'utf8'))?.[1] ?? ''
    world.rig.writeSecret(STRIPE_SECRET, 'geocoding/api-key')
    world.rig.writePolicy(policy.replace(REAL_ORIGIN, vendor.url))
    job = newJob(world)
    pod = await job.startPod()
    world.keep()
  })
  after(() => world.stop())

  const geocode = (query: string) => pod.ask({ method: 'GET', path: `/geocoding/maps/api/geocode/json?${query}` })

  it('is under 40 lines', () => expect(policy.split('\n').length).to.be.within(10, 39))

  it('each GET is counted, with the real key in the place of the app’s, whose secret nobody is told', async () => {
    const told = await geocode('key=placeholder&address=1+Main+St&%6bey=another')
    expect(gist(told)).to.equal('200')
    expect(told.text).not.to.include(STRIPE_SECRET)
    expect(await job.books()).to.deep.equal({ spent: '0.005', reserved: '0.00' })
    expect(vendor.truth('effect')).to.have.length(1)
  })

  it('what the vendor refuses costs nothing; what is not declared is refused', async () => {
    expect(gist(await geocode('address='))).to.equal('400')
    expect(gist(await pod.ask({ path: '/geocoding/maps/api/geocode/json' }))).to.equal('403 route_unknown')
    expect(await job.books()).to.deep.equal({ spent: '0.005', reserved: '0.00' })
  })

  it('the cap holds', async () => {
    for (const address of ['a', 'b', 'c']) expect(gist(await geocode(`address=${address}`))).to.equal('200')
    expect(gist(await geocode('address=d'))).to.equal('429 cap_exhausted')
    expect(vendor.truth('effect')).to.have.length(4)
    expect(await job.books()).to.deep.equal({ spent: '0.02', reserved: '0.00' })
  })
})
