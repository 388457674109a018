import { expect } from 'chai'
import { gist, type Told } from '../ledger/call.ts'
import { newJob, type PathJob } from './job.ts'
import type { PathPod } from './pod.ts'
import { broken, World } from './world.ts'

describe('a declared vendor with a price, which promises nothing about repeats', function () {
  this.timeout(60_000)
  let world: World
  let job: PathJob
  let pod: PathPod
  before(async () => {
    world = await World.start('--repair-every-ms', '200')
  })
  beforeEach(async () => {
    job = newJob(world)
    pod = await job.startPod()
  })
  afterEach(() => world.endTest())
  after(() => world.stop())

  const STREET = '1 Main St'
  /** Three identical lookups one after the other, to the first that fails. */
  const walk = async (which: PathPod): Promise<string[]> => {
    const gists: string[] = []
    for (let call = 0; call < 3; call += 1) {
      gists.push(gist(await which.lookUp(STREET)))
      if (gists.at(-1) !== '200') break
    }
    return gists
  }
  const idOf = ({ text }: Told) => JSON.parse(text).id

  it('each call is charged at its declared price, and the replacement Pod is charged nothing', async () => {
    expect(await walk(pod)).to.deep.equal(['200', '200', '200'])
    expect(await walk(await job.replace(pod))).to.deep.equal(['200', '200', '200'])
    expect(job.lookups()).to.equal(3)
    expect(await job.books()).to.deep.equal({ spent: '0.03', reserved: '0.00' })
  })

  it('what is free costs nothing and needs no turn', async () => {
    expect(gist(await pod.ask({ method: 'GET', path: '/geocode/v1/coverage' }))).to.equal('200')
    expect(await job.books()).to.deep.equal({ spent: '0.00', reserved: '0.00' })
  })

  const KILLED_IN_CALL: readonly [string, () => Promise<PathPod>][] = [
    [
      'the sidecar',
      async () => {
        await pod.restartSidecar()
        return pod
      },
    ],
    ['the whole Pod', () => job.replace(pod)],
  ]
  for (const [what, kill] of KILLED_IN_CALL) {
    it(`${what} killed in the middle of a call: the call settles, and the repeat gets its answer`, async () => {
      const hold = await world.holdNext(world.geocoder)
      const cut = broken(pod.lookUp(STREET))
      await hold.held()
      const survivor = await kill()
      expect(await cut).to.equal('broken')
      await hold.release()
      await job.reached('call.settled')
      const told = await survivor.lookUp(STREET)
      expect(gist(told)).to.equal('200')
      expect(told.headers['jobcap-replayed']).to.equal('true')
      expect(job.lookups()).to.equal(1)
      expect(await job.books()).to.deep.equal({ spent: '0.01', reserved: '0.00' })
    })
  }

  it('the hop to the ledger loses the answer: the sidecar gets it from the record', async () => {
    const wire = await world.wire()
    const wired = await job.startPod({ index: 1, wire })
    wire.next('lose_answer')
    expect(gist(await wired.lookUp(STREET))).to.equal('200')
    expect(job.lookups()).to.equal(1)
    await job.expectSettled()
  })

  describe('the ledger killed in the middle of the second of three', () => {
    let callId: string
    let second: Told
    beforeEach(async () => {
      expect(gist(await pod.lookUp(STREET))).to.equal('200')
      const hold = await world.holdNext(world.geocoder)
      const asking = pod.lookUp(STREET)
      await hold.held()
      await world.restartLedger()
      second = await asking
      callId = String(second.headers['jobcap-call-id'])
    })

    it('in doubt: 502 outcome_unknown in every Pod, nothing is sent again, the money is held and the record shows it', async () => {
      expect(gist(second)).to.equal('502 outcome_unknown')
      const replacement = await job.replace(pod)
      expect(await walk(replacement)).to.deep.equal(['200', '502 outcome_unknown'])
      expect(job.lookups()).to.equal(2)
      expect(await job.books()).to.deep.equal({ spent: '0.01', reserved: '0.01' })
      const inDoubt = (await job.audit()).filter((event) => event.event === 'call.in_doubt')
      expect(inDoubt.map(({ call, heldUsdMicros }) => [call.callId, heldUsdMicros])).to.deep.equal([[callId, 10_000]])
    })

    it('a person says that it took effect: counted once, never made again', async () => {
      await world.ledger.client.resolveCall(callId, { effect: true, spent_usd: '0.01' })
      expect(await job.books()).to.deep.equal({ spent: '0.02', reserved: '0.00' })
      expect(await walk(await job.replace(pod))).to.deep.equal(['200', '409 answer_not_kept'])
      expect(job.lookups()).to.equal(2)
      await job.expectSettled()
    })

    it('a person says that it had no effect: its money is free, and the repeat is made', async () => {
      await world.ledger.client.resolveCall(callId, { effect: false })
      expect(await job.books()).to.deep.equal({ spent: '0.01', reserved: '0.00' })
      expect(await walk(await job.replace(pod))).to.deep.equal(['200', '200', '200'])
      expect(await job.books()).to.deep.equal({ spent: '0.03', reserved: '0.00' })
    })

    it('a person who speaks twice is refused the second time', async () => {
      const { client } = world.ledger
      await client.resolveCall(callId, { effect: true, spent_usd: '0.01' })
      const refused = await client.resolveCall(callId, { effect: false }).catch((fault: { status: number }) => fault)
      expect(refused).to.include({ status: 404 })
      expect(await job.books()).to.deep.equal({ spent: '0.02', reserved: '0.00' })
    })
  })

  it('a repeat while the call is out joins it, in the same Pod and in a newer one', async () => {
    const hold = await world.holdNext(world.geocoder)
    const leaving = new AbortController()
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ address: STREET })
    const cut = broken(pod.ask({ path: '/geocode/v1/lookup', headers, body, signal: leaving.signal }))
    await hold.held()
    leaving.abort()
    await cut
    const newer = await job.startPod()
    const joining = [pod.lookUp(STREET), newer.lookUp(STREET)]
    await hold.release()
    const told = await Promise.all(joining)
    expect(told.map(gist)).to.deep.equal(['200', '200'])
    expect(idOf(told[0] as Told)).to.equal(idOf(told[1] as Told))
    expect(job.lookups()).to.equal(1)
  })
})
