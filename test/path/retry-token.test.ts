import { expect } from 'chai'
import { gist, type Told } from '../ledger/call.ts'
import { policyText } from '../ledger/rig.ts'
import { newJob, type PathJob } from './job.ts'
import type { PathPod } from './pod.ts'
import { broken, World } from './world.ts'

describe('a declared vendor whose SDKs mark the repeats of a call', function () {
  this.timeout(60_000)
  let world: World
  let job: PathJob
  let pod: PathPod
  before(async () => {
    world = await World.start('--repair-every-ms', '200')
    const policy = policyText(world.rig)
    world.rig.writePolicy(
      policy
        .replace('idempotency: never', 'idempotency: never\n    retryTokenHeader: X-Invocation-Id')
        .replace('core: [/address]}', 'core: [/address]}, {match: "POST /v1/uploads", usd: "0.01"}')
        .replace('["POST /v1/lookup"', '["POST /v1/lookup", "POST /v1/uploads"'),
    )
  })
  beforeEach(async () => {
    job = newJob(world)
    pod = await job.startPod()
  })
  afterEach(() => world.endTest())
  after(() => world.stop())

  const lookUp = (which: PathPod, token: string) =>
    which.ask({
      path: '/geocode/v1/lookup',
      headers: { 'content-type': 'application/json', 'x-invocation-id': token },
      body: '{"address":"1 Main St"}',
    })
  const idOf = ({ text }: Told) => JSON.parse(text).id

  it('the same token gets the same answer, also after it was read; another token buys again', async () => {
    const first = await lookUp(pod, 'one')
    const again = await lookUp(pod, 'one')
    expect([gist(first), gist(again), idOf(again)]).to.deep.equal(['200', '200', idOf(first)])
    expect(idOf(await lookUp(pod, 'two'))).not.to.equal(idOf(first))
    expect(job.lookups()).to.equal(2)
  })

  it('new tokens in the replacement Pod buy nothing again', async () => {
    const first = await lookUp(pod, 'one')
    const replaced = await job.replace(pod)
    expect(idOf(await lookUp(replaced, 'three'))).to.equal(idOf(first))
    expect(job.lookups()).to.equal(1)
  })

  it('a repeat after a lost connection, under its token, gets the answer of the call', async () => {
    const hold = await world.holdNext(world.geocoder)
    const lost = broken(lookUp(pod, 'one'))
    await hold.held()
    await pod.restartSidecar()
    await lost
    const again = lookUp(pod, 'one')
    await hold.release()
    expect(gist(await again)).to.equal('200')
    expect(job.lookups()).to.equal(1)
  })

  it('the same multipart body under another boundary is the same call to a replacement Pod', async () => {
    const upload = (which: PathPod, boundary: string) =>
      which.ask({
        path: '/geocode/v1/uploads',
        headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
        body: `--${boundary}\r\nContent-Disposition: form-data; name="address"\r\n\r\n1 Main St\r\n--${boundary}--\r\n`,
      })
    // The stand-in knows no such route; its refusal is definite, and as good as any answer to be replayed.
    const first = await upload(pod, 'aaaa')
    expect(first.headers['jobcap-replayed']).to.equal(undefined)
    const again = await upload(await job.replace(pod), 'bbbb')
    expect(again.headers['jobcap-replayed']).to.equal('true')
    expect(again.text).to.equal(first.text)
  })
})
