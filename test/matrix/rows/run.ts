import { readFileSync, rmSync } from 'node:fs'
import { expect } from 'chai'
import { gist } from '../../ledger/call.ts'
import { newJob } from '../../path/job.ts'
import { broken } from '../../path/world.ts'
import { type Chapter, judge, type Stage } from '../row.ts'

export const RUN_CHAPTER: Chapter = {
  about: 'caps, keys, Pods and Jobs',
  flags: ['--repair-every-ms', '200'],
  rows: {
    'key revoked while a call is out': revokedWhileOut,
    'cap reached': capReached,
    'cap raised / lowered below spent': capMoved,
    'actual above reserved': actualAboveReserved,
    'node lost, two Pods of one index': twoPodsOfOneIndex,
    "repeat after the vendor's retention": afterRetention,
    'Job deleted with calls in doubt': jobDeleted,
  },
}

function revokedWhileOut(stage: Stage): void {
  it('the call that is out gets its real answer; new calls and replays get 401, and the exit code is 93', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const paying = pod.pay()
    await hold.held()
    const { in_flight } = await world.ledger.client.revokeKey((await job.view()).key.key_id)
    const mark = await world.stripe.control.mark('DELETE has answered')
    expect(in_flight.map(({ sent }) => sent)).to.deep.equal([true])
    expect(gist(await pod.pay({ customer: 2 }))).to.equal('401 key_revoked')
    await hold.release()
    const told = await paying
    expect(gist(told)).to.equal('200')
    expect(told.headers['jobcap-call-id']).to.equal(in_flight[0]?.call_id)
    expect(gist(await pod.pay()), 'not even a replay').to.equal('401 key_revoked')
    expect(job.effects().filter(({ seq }) => seq > mark.seq)).to.deep.equal([])
    expect(await pod.endSidecar()).to.equal(93)
    expect(JSON.parse(pod.terminationMessage())).to.include({ reason: 'key_revoked' })
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('in mid-run, among Pods that keep calling: no effect after DELETE but the calls that it named', async () => {
    const { world } = stage
    const job = newJob(world)
    const pods = await Promise.all([0, 1, 2].map((index) => job.startPod({ index })))
    const key = (await job.view()).key.key_id
    const before = world.stripe.truth('effect').length
    const walks = pods.map(async (pod) => {
      for (let customer = 1; ; customer += 1) {
        const told = await pod.pay({ customer: `${pod.index}_${customer}` })
        if (told.status !== 200) return gist(told)
      }
    })
    await world.stripe.control.reached('effect', before + 20)
    const { in_flight } = await world.ledger.client.revokeKey(key)
    const mark = await world.stripe.control.mark('DELETE has answered')
    expect(await Promise.all(walks)).to.deep.equal(Array(3).fill('401 key_revoked'))
    const named = in_flight.map(({ call_id }) => call_id)
    const keyOf = new Map(
      (await job.audit()).flatMap((event) =>
        event.event === 'call.reserved' ? [[event.call.vendorKey, event.call.callId]] : [],
      ),
    )
    const late = job.effects().filter(({ seq }) => seq > mark.seq)
    expect(late.filter(({ idempotencyKey = '' }) => !named.includes(keyOf.get(idempotencyKey) as never))).to.deep.equal(
      [],
    )
    await job.expectSettled()
    const newcomer = await job.newPod({ index: 3 })
    expect(await newcomer.issue(), 'a new Pod is refused by its issuer').to.equal(93)
    expect(JSON.parse(newcomer.terminationMessage())).to.include({ reason: 'key_revoked' })
  })
}

function capReached(stage: Stage): void {
  it('429 cap_exhausted before anything is sent, and the sidecar exits with 93 and the figures', async () => {
    const job = newJob(stage.world, { capUsd: '2.50' })
    const pod = await job.startPod()
    const stripe = pod.stripe()
    await pod.charge(stripe)
    await pod.charge(stripe)
    const told = await pod.pay()
    expect(gist(told)).to.equal('429 cap_exhausted')
    expect(told.headers['x-should-retry']).to.equal('false')
    expect(JSON.parse(told.text)).to.include({ level: 'run', limit_usd: '2.50', spent_usd: '2.00' })
    const refused = await failureOf(pod.charge(stripe))
    expect(refused).to.include({ type: 'StripeRateLimitError', code: 'cap_exhausted' })
    expect(await job.count('call.refused'), 'asked once each, not retried').to.equal(2)
    expect(await pod.endSidecar()).to.equal(93)
    const message = JSON.parse(pod.terminationMessage())
    expect(message).to.include({ reason: 'cap_exhausted', level: 'run', limitUsd: '2.50', spentUsd: '2.00' })
    await judge(job, { effects: 2, record: ['settled', 'settled'] })
  })

  it('survives a restart of the sidecar in its exit code, even when that ends before it has started', async () => {
    const pod = await newJob(stage.world, { capUsd: '0.50' }).startPod()
    expect(gist(await pod.pay())).to.equal('429 cap_exhausted')
    await pod.restartSidecar()
    expect(await pod.endSidecar()).to.equal(93)
    // Without it the sidecar stays in its start.
    rmSync(pod.credentialFile)
    await pod.startSidecar()
    expect(await pod.endSidecar()).to.equal(93)
  })

  it('what is paid for is replayed all the same, in the replacement Pod too', async () => {
    const job = newJob(stage.world, { capUsd: '1.00' })
    const pod = await job.startPod()
    await pod.pay()
    const replacement = await job.replace(pod)
    const told = [await replacement.pay(), await replacement.pay()]
    expect(told.map(gist)).to.deep.equal(['200', '429 cap_exhausted'])
    await judge(job, { effects: 1, record: ['settled'], told })
  })

  it('by four Pods that spend at once: never passed', async () => {
    const job = newJob(stage.world, { capUsd: '5.50' })
    const pods = await Promise.all(Array.from({ length: 4 }, (_, index) => job.startPod({ index })))
    const calls = pods.flatMap((pod) => [1, 2, 3].map((customer) => pod.pay({ customer: `${pod.index}_${customer}` })))
    const told = await Promise.all(calls)
    const gists = told.map(gist)
    expect(gists.filter((one) => one === '200')).to.have.length(5)
    expect(gists.filter((one) => one === '429 cap_exhausted')).to.have.length(7)
    await judge(job, { effects: 5, record: Array(5).fill('settled'), told })
  })

  it('by others: an app that spent nothing it may not leaves a sidecar that exits with 0', async () => {
    const pod = await newJob(stage.world).startPod()
    await pod.pay()
    expect(await pod.endSidecar()).to.equal(0)
  })
}

function capMoved(stage: Stage): void {
  it('raised in mid-run: the next call passes, and the sidecar exits with 0', async () => {
    const { world } = stage
    const job = newJob(world, { capUsd: '1.00' })
    const pod = await job.startPod()
    await pod.pay()
    expect(gist(await pod.pay())).to.equal('429 cap_exhausted')
    await world.ledger.client.setLimits((await job.view()).key.key_id, { usd_cap: '3.00' })
    expect(gist(await pod.pay())).to.equal('200')
    expect(await pod.endSidecar()).to.equal(0)
    expect(pod.terminationMessage()).to.equal('')
    await judge(job, { effects: 2, record: ['settled', 'settled'] })
  })

  it('lowered below what is spent: nothing new, nothing lost', async () => {
    const { world } = stage
    const job = newJob(world, { capUsd: '5.00' })
    const pod = await job.startPod()
    const told = await pod.pay()
    await world.ledger.client.setLimits((await job.view()).key.key_id, { usd_cap: '0.10' })
    expect(gist(await pod.pay())).to.equal('429 cap_exhausted')
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })

  it('lowered while a call is out: it settles as it was reserved', async () => {
    const { world } = stage
    const job = newJob(world, { capUsd: '5.00' })
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const paying = pod.pay()
    await hold.held()
    await world.ledger.client.setLimits((await job.view()).key.key_id, { usd_cap: '0.10' })
    await hold.release()
    const told = await paying
    expect(gist(told)).to.equal('200')
    expect(gist(await pod.pay())).to.equal('429 cap_exhausted')
    await judge(job, { effects: 1, record: ['settled'], told: [told] })
  })
}

function actualAboveReserved(stage: Stage): void {
  it('booked in full, settled with a word in the record, and the app has the answer', async () => {
    const { world } = stage
    const job = newJob(world, { capUsd: '5.00' })
    const pod = await job.startPod()
    const object = { id: 'pi_dear', object: 'payment_intent', status: 'succeeded', currency: 'usd' }
    const body = JSON.stringify({ ...object, amount: 900, amount_received: 900 })
    await world.stripe.control.addFault({ fault: { kind: 'answer', when: 'after', status: 200, body } })
    const told = await pod.pay()
    expect(gist(told)).to.equal('200')
    expect(told.text).to.equal(body)
    expect(await job.books()).to.deep.equal({ spent: '9.00', reserved: '0.00' })
    const settled = (await job.audit()).find((event) => event.event === 'call.settled')
    expect(settled).to.include({ isOverrun: true, spentUsdMicros: 9_000_000 })
    expect(gist(await pod.pay({ customer: 2 })), 'above the cap, so nothing new').to.equal('429 cap_exhausted')
    await judge(job, { effects: 1, record: ['settled'] })
  })
}

function afterRetention(stage: Stage): void {
  const DAY_MS = 24 * 3_600_000

  it('of a settled call: ours answers, and the vendor is not asked', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const first = await pod.pay()
    await world.stripe.control.advanceClock(DAY_MS + 3_600_000)
    await world.drainLedger()
    await world.engine.dateBack(DAY_MS)
    await world.startLedger()
    const again = await (await job.replace(pod)).pay()
    expect(again.headers['jobcap-replayed']).to.equal('true')
    expect(again.text).to.equal(first.text)
    await judge(job, { effects: 1, record: ['settled'], told: [again] })
  })

  it('of a call in doubt: never sent again, not even under its key, which the vendor has forgotten', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const cut = broken(pod.pay())
    await hold.held()
    await world.killLedger()
    await pod.killSidecar()
    await cut
    await hold.release('reset')
    await world.stripe.control.advanceClock(DAY_MS + 3_600_000)
    await world.engine.dateBack(DAY_MS)
    await world.startLedger()
    // The lease of the ledger that was killed runs out first.
    const told = await (await job.replace(pod)).pay()
    expect(gist(told)).to.equal('502 outcome_unknown')
    await judge(job, { effects: 1, record: ['in_doubt'], reserved: '1.00' })
  })
}

function twoPodsOfOneIndex(stage: Stage): void {
  it('the older one joins and replays, and gets 409 stale_attempt for what is new', async () => {
    const job = newJob(stage.world)
    const older = await job.startPod()
    const first = await older.pay()
    const newer = await job.startPod()
    const walked = [await newer.pay(), await newer.pay()]
    expect(walked.map(({ headers }) => headers['jobcap-replayed'])).to.deep.equal(['true', undefined])
    expect(JSON.parse(walked[0]?.text ?? '').id).to.equal(JSON.parse(first.text).id)
    const second = await older.pay()
    expect(JSON.parse(second.text).id, 'the older one replays the second').to.equal(
      JSON.parse(walked[1]?.text ?? '').id,
    )
    expect(gist(await older.pay())).to.equal('409 stale_attempt')
    expect(gist(await older.pay({ customer: 2 }))).to.equal('409 stale_attempt')
    await judge(job, { effects: 2, record: ['settled', 'settled'], told: [first, second, ...walked] })
  })

  it('the older one has a call out: the newer one joins it', async () => {
    const { world } = stage
    const job = newJob(world)
    const older = await job.startPod()
    const hold = await world.holdNext()
    const paying = older.pay()
    await hold.held()
    const newer = await job.startPod()
    const joining = newer.pay()
    await hold.release()
    const told = await Promise.all([paying, joining])
    expect(new Set(told.map(({ text }) => JSON.parse(text).id)).size).to.equal(1)
    await judge(job, { effects: 1, record: ['settled'], told })
  })

  it('the older one stopped (SIGSTOP) in mid-call and woken after the newer one is done: the same record', async () => {
    const { world } = stage
    const job = newJob(world)
    const older = await job.startPod()
    const hold = await world.holdNext()
    const paying = older.pay()
    await hold.held()
    older.signalSidecar('SIGSTOP')
    const newer = await job.startPod()
    const joining = newer.pay()
    await hold.release()
    const joined = await joining
    older.signalSidecar('SIGCONT')
    const told = [joined, await paying]
    expect(told.map(gist)).to.deep.equal(['200', '200'])
    await judge(job, { effects: 1, record: ['settled'], told })
  })
}

function jobDeleted(stage: Stage): void {
  it('its money stays counted, and the run closes when a person has resolved the call', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    await world.geocoder.control.addFault({ fault: { kind: 'reset', when: 'after' } })
    const told = await pod.lookUp('1 Main St')
    expect(gist(told)).to.equal('502 outcome_unknown')
    await pod.endSidecar()
    expect(await job.end()).to.include({ closed: false })
    await judge(job, { effects: 1, record: ['in_doubt'], reserved: '0.01' })
    const callId = String(told.headers['jobcap-call-id'])
    await world.ledger.client.resolveCall(callId, { effect: true, spent_usd: '0.01' })
    expect(await job.view()).to.include({ closed: true })
    expect(await job.books()).to.deep.equal({ spent: '0.01', reserved: '0.00' })
  })

  it('by rule where the vendor allows a repeat: the call settles under its key, and the run closes by itself', async () => {
    const { world } = stage
    const job = newJob(world)
    const pod = await job.startPod()
    const hold = await world.holdNext()
    const cut = pod.pay().catch(() => undefined)
    await hold.held()
    await world.killLedger()
    await pod.killSidecar()
    await cut
    await world.startLedger()
    await job.end()
    await hold.release()
    await job.reached('run.closed')
    await judge(job, { effects: 1, record: ['settled'] })
  })

  it('the credential of a Job that has ended admits nothing', async () => {
    const job = newJob(stage.world)
    const pod = await job.startPod()
    await pod.pay()
    await job.end()
    expect(gist(await pod.pay())).to.equal('401 key_ended')
    expect(gist(await pod.pay({ customer: 2 }))).to.equal('401 key_ended')
    expect(await pod.endSidecar()).to.equal(93)
    await judge(job, { effects: 1, record: ['settled'] })
  })

  it('a Pod that is lost is not given another credential: its issuer ends with 77', async () => {
    const job = newJob(stage.world)
    const pod = await job.startPod()
    await pod.lose()
    expect(await pod.issue()).to.equal(77)
    expect(JSON.parse(pod.terminationMessage())).to.include({ reason: 'pod_ending' })
  })

  it('a Pod holds a credential and no vendor secret: not in its files, logs and answers', async () => {
    const pod = await newJob(stage.world).startPod()
    const told = await pod.pay()
    const everything = [
      readFileSync(pod.credentialFile, 'utf8'),
      pod.sidecarLog(),
      told.text,
      JSON.stringify(told.headers),
    ]
    expect(everything.join('\n')).to.not.include('sk_test_the_real_one')
  })
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (fault) {
    return fault
  }
  throw new Error('it did not fail')
}
