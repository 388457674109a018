import { expect } from 'chai'
import { decodeNote } from '../../contract/claims-header.ts'
import { asHistoryId } from '../../contract/ids.ts'
import { ask, gist } from './call.ts'
import { TestPod } from './pod.ts'
import { type LedgerProcess, type Rig, startRig } from './rig.ts'

describe('409, and what the ledger tells a sidecar beside an answer', () => {
  let rig: Rig
  let ledger: LedgerProcess
  before(async () => {
    rig = await startRig()
    ledger = await rig.startLedger()
  })
  after(() => rig.stop())

  const noteOf = (told: { headers: NodeJS.Dict<string | string[]> }) => decodeNote(String(told.headers['jobcap-note']))

  it('stale_request: a late copy of a request that was judged', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'stale' })
    const late = pod.nextOrd()
    await pod.pay('cus_1')
    expect(gist(await pod.pay('cus_1', 100, { ord: late }))).to.equal('409 stale_request')
  })

  it('stale_attempt: a newer Pod of the index has taken over; the older one may only replay', async () => {
    const old = await TestPod.start(rig, ledger, { job: 'replaced', pod: 'replaced-0-a' })
    await old.pay('cus_1')
    const next = await TestPod.start(rig, ledger, { job: 'replaced', pod: 'replaced-0-b' })
    expect(gist(await old.pay('cus_2'))).to.equal('409 stale_attempt')
    const replayed = await next.pay('cus_1')
    expect(replayed.headers['jobcap-replayed']).to.equal('true')
    expect(noteOf(replayed)).to.include({ n: 1, definite: true, replayed: true })
  })

  it('replay_divergence: told to wait first, refused when nothing else is open', async () => {
    const path = '/stripe/v1/payment_intents'
    const old = await TestPod.start(rig, ledger, { job: 'diverged', pod: 'diverged-0-a' })
    await old.call({ path, body: 'amount=100&currency=usd&customer=cus_1&description=06:00' })
    const next = await TestPod.start(rig, ledger, { job: 'diverged', pod: 'diverged-0-b' })
    const other = { path, body: 'amount=100&currency=usd&customer=cus_1&description=06:05' }
    const waits = await next.call(other)
    expect(noteOf(waits)).to.include({ control: 'wait', definite: false })
    const refused = await next.call(other, { saysDiverged: true })
    expect(gist(refused)).to.equal('409 replay_divergence')
  })

  it('claims of another history are not judged: the sidecar is told the new one', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'history' })
    const told = await pod.pay('cus_1', 100, { historyId: asHistoryId('gone') })
    expect(noteOf(told)).to.deep.include({ control: 'new_history', historyId: pod.granted.historyId })
    expect(gist(await pod.pay('cus_1'))).to.equal('200')
  })

  it('facts that no call carries are recorded, and refused under another history', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'facts' })
    const { credential, historyId } = pod.granted
    const report = (id: string) =>
      ask(ledger.address, { path: '/seen', key: credential, body: JSON.stringify({ historyId: id, seen: [] }) })
    expect(JSON.parse((await report(historyId)).text)).to.deep.equal({ status: 'recorded', historyId })
    const refused = await report('gone')
    expect(refused.status).to.equal(409)
    expect(noteOf(refused)).to.deep.include({ control: 'new_history', historyId })
  })

  it('a new call names its occurrence and the cap levels that it passed', async () => {
    const pod = await TestPod.start(rig, ledger, { job: 'noted' })
    const told = await pod.pay('cus_1')
    const note = noteOf(told)
    expect(note).to.include({ n: 1, definite: true, replayed: false, callId: told.headers['jobcap-call-id'] })
    expect(note?.passed).to.include('run')
    expect(noteOf(await pod.pay('cus_1'))).to.include({ n: 2 })
  })

  it('a client without a sidecar gets no note', async () => {
    const { vault_key } = await ledger.client.createKey({ vendor: 'stripe' })
    const told = await ask(ledger.address, { method: 'GET', path: '/stripe/v1/payment_intents', key: vault_key })
    expect(told.headers).to.not.have.property('jobcap-note')
  })
})
