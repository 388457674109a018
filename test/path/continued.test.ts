import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createPodCredentials } from '../../ledger/identity/pod-credential.ts'
import { gist } from '../ledger/call.ts'
import { policyText } from '../ledger/rig.ts'
import { newJob } from './job.ts'
import type { PathPod } from './pod.ts'
import { World } from './world.ts'

/** Charges customers 1, 2, 3 … to the first that is refused. */
async function bill(pod: PathPod, customers: number): Promise<string[]> {
  const gists: string[] = []
  for (let customer = 1; customer <= customers; customer += 1) {
    const told = await pod.pay({ customer })
    gists.push(told.headers['jobcap-replayed'] === 'true' ? 'replayed' : gist(told))
    if (told.status !== 200) break
  }
  return gists
}

describe('continued runs, terms and credentials', function () {
  this.timeout(60_000)
  let world: World
  before(async () => {
    world = await World.start('--repair-every-ms', '200')
  })
  afterEach(async () => {
    world.rig.writePolicy(policyText(world.rig))
    await world.endTest()
  })
  after(() => world.stop())

  describe('a Job that continues a run', () => {
    it('with a higher cap replays what was charged and charges the rest', async () => {
      const job = newJob(world, { capUsd: '2.00' })
      const pod = await job.startPod()
      expect(await bill(pod, 4)).to.deep.equal(['200', '200', '429 cap_exhausted'])
      expect(await pod.endSidecar()).to.equal(93)
      await job.end()
      const next = job.continuedBy({ capUsd: '10.00' })
      const continued = await next.startPod()
      expect(await bill(continued, 4)).to.deep.equal(['replayed', 'replayed', '200', '200'])
      expect(await continued.endSidecar()).to.equal(0)
      expect(job.effects()).to.have.length(4)
      expect((await job.view()).key).to.include({ usd_cap: '10.00', spent_usd: '4.00' })
      expect(await next.end()).to.include({ closed: true })
      await job.expectSettled()
    })

    it('with no higher cap is refused at once where the first was', async () => {
      const job = newJob(world, { capUsd: '1.00' })
      await bill(await job.startPod(), 2)
      await job.end()
      const pod = await job.continuedBy({ capUsd: '0.50' }).startPod()
      expect(await bill(pod, 2)).to.deep.equal(['replayed', '429 cap_exhausted'])
      expect((await job.view()).key, 'never below what is spent').to.include({ usd_cap: '1.00' })
    })

    it("takes up the call that was out when the first Job's Pod was killed", async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      const hold = await world.holdNext()
      const cut = pod.pay().catch(() => 'cut')
      await hold.held()
      await pod.lose()
      expect(await cut).to.equal('cut')
      await job.end()
      const continued = await job.continuedBy().startPod()
      const paying = continued.pay()
      await hold.release()
      expect(gist(await paying)).to.equal('200')
      expect(job.effects()).to.have.length(1)
      await job.expectSettled()
    })

    it('does not make again what is in doubt', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      await world.geocoder.control.addFault({ fault: { kind: 'reset', when: 'after' } })
      await pod.lookUp('1 Main St')
      await job.end()
      const continued = await job.continuedBy().startPod()
      expect(gist(await continued.lookUp('1 Main St'))).to.equal('502 outcome_unknown')
      expect(job.lookups()).to.equal(1)
    })

    it('leaves a limit that a person has set', async () => {
      const job = newJob(world, { capUsd: '1.00' })
      await bill(await job.startPod(), 1)
      await world.ledger.client.setLimits((await job.view()).key.key_id, { usd_cap: '2.00' })
      await job.end()
      const pod = await job.continuedBy({ capUsd: '50.00' }).startPod()
      expect(await bill(pod, 3)).to.deep.equal(['replayed', '200', '429 cap_exhausted'])
    })

    it('ends what the Pods of the first Job could still do', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      await pod.pay()
      await job.end()
      await job.continuedBy().startPod()
      expect(gist(await pod.pay())).to.equal('401 key_ended')
      expect(gist(await pod.pay({ customer: 2 }))).to.equal('401 key_ended')
      expect(job.effects()).to.have.length(1)
    })

    const REFUSED: readonly [string, string, (world: World) => Promise<PathPod>][] = [
      [
        'that still runs',
        'continue_running',
        async (where) => {
          const job = newJob(where)
          await job.startPod()
          return job.continuedBy().newPod()
        },
      ],
      [
        'that was revoked',
        'continue_revoked',
        async (where) => {
          const job = newJob(where)
          await job.startPod()
          await where.ledger.client.revokeKey((await job.view()).key.key_id)
          await job.end()
          return job.continuedBy().newPod()
        },
      ],
      ['that nobody knows', 'continue_unknown', async (where) => newJob(where, { continues: 'no-such-job' }).newPod()],
    ]
    for (const [what, code, make] of REFUSED) {
      it(`${what}: the issuer exits with 93 and ${code}`, async () => {
        const pod = await make(world)
        expect(await pod.issue()).to.equal(93)
        expect(JSON.parse(pod.terminationMessage())).to.include({ reason: code })
      })
    }
  })

  describe('terms', () => {
    it('of endpoints hold for each call', async () => {
      const pod = await newJob(world, { allowedEndpoints: ['POST /v1/payment_intents'] }).startPod()
      expect(gist(await pod.pay())).to.equal('200')
      expect(gist(await pod.ask({ method: 'GET', path: '/stripe/v1/balance' }))).to.equal('403 endpoint_not_allowed')
    })

    it('above what the policy allows: the issuer exits with 93 and the figure that would be accepted', async () => {
      const pod = await newJob(world, { capUsd: '1000.01' }).newPod()
      expect(await pod.issue()).to.equal(93)
      const message = JSON.parse(pod.terminationMessage())
      expect(message).to.include({ reason: 'terms_exceed_policy' })
      expect(message.message).to.include('"1000.00"')
    })

    it('of a policy that narrows in mid-run hold from the next call on, and nothing reserved is lost', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      await pod.pay()
      world.rig.writePolicy(policyText(world.rig).replace('"POST /v1/payment_intents", ', ''))
      expect(gist(await pod.pay())).to.equal('403 endpoint_not_allowed')
      world.rig.writePolicy(policyText(world.rig))
      expect(gist(await pod.pay())).to.equal('200')
      expect(job.effects()).to.have.length(2)
      await job.expectSettled()
    })
  })

  describe('a Pod credential', () => {
    it('that has expired is renewed within the call, and the walk goes on', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      const first = await pod.pay()
      await pod.noted('seen')
      await pod.killSidecar()
      await expireCredential(pod)
      await pod.startSidecar()
      expect(gist(await pod.pay())).to.equal('200')
      const renewed = await pod.credential()
      expect(renewed).to.include({ life: 1 })
      expect(renewed.expiresAtMs).to.be.above(Date.now())
      expect(job.effects()).to.have.length(2)
      const replacement = await job.replace(pod)
      expect(JSON.parse((await replacement.pay()).text).id).to.equal(JSON.parse(first.text).id)
      await job.expectSettled()
    })

    it('of a Pod that has ended is not renewed: 403, nothing charged', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      await pod.lose()
      await expireCredential(pod)
      await pod.startSidecar()
      expect(gist(await pod.pay())).to.equal('403 pod_ending')
      expect(job.effects()).to.have.length(0)
    })

    it('of a Pod that was replaced replays and joins, and pays for nothing new', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      await pod.pay()
      await job.replace(pod)
      await pod.startSidecar()
      expect(gist(await pod.pay({ customer: 2 }))).to.equal('409 stale_attempt')
      expect(job.effects()).to.have.length(1)
    })

    it('of another index acts as that index: what it had is replayed, and the record names it', async () => {
      const job = newJob(world)
      const [mine, other] = [await job.startPod(), await job.startPod({ index: 1 })]
      const theirs = await other.pay()
      await other.noted('seen')
      await mine.killSidecar()
      await mine.replaceCredential(await other.credential())
      await mine.startSidecar()
      await mine.pay()
      await mine.pay({ customer: 2 })
      const reserved = (await job.audit()).filter((event) => event.event === 'call.reserved')
      expect(new Set(reserved.map(({ actor }) => actor.index))).to.deep.equal(new Set([1]))
      expect(gist(theirs)).to.equal('200')
      await job.expectSettled()
    })

    it('that was changed is refused', async () => {
      const job = newJob(world)
      const pod = await job.startPod()
      await pod.killSidecar()
      const { credential, ...rest } = await pod.credential()
      const [head = '', payload = '', signature = ''] = credential.split(/[_.]/)
      const changed = Buffer.from(payload, 'base64url').toString().replace('"index":0', '"index":7')
      const forged = `${head}_${Buffer.from(changed).toString('base64url')}.${signature}`
      await pod.replaceCredential({ ...rest, credential: forged })
      await pod.startSidecar()
      expect(gist(await pod.pay())).to.equal('401 credential_invalid')
      expect(job.effects()).to.have.length(0)
    })
  })

  /** What ten minutes of a suspended machine do. */
  async function expireCredential(pod: PathPod): Promise<void> {
    const masterKey = Buffer.from(readFileSync(join(world.rig.folder, 'state/master-key'), 'utf8').trim(), 'hex')
    const credentials = createPodCredentials(masterKey)
    const current = await pod.credential()
    const content = credentials.verify(current.credential)
    if (content === undefined) throw new Error('the credential is not of this ledger')
    const expiresAtMs = Date.now() - 1
    const credential = credentials.sign({ ...content, expiresAtMs })
    // The sidecar does not look at the moment in its file before the ledger has refused.
    await pod.replaceCredential({ ...current, credential, expiresAtMs: Date.now() + 600_000 })
  }
})
