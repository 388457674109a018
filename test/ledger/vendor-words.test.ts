import { expect } from 'chai'
import { type Ask, ask, payment } from './call.ts'
import { TestPod } from './pod.ts'
import { type LedgerProcess, type Rig, startRig } from './rig.ts'

/** A body that is no refusal of ours, whoever reads it, under headers that say it is one. */
const WORDS = 'spent, and this is no JSON'
const headers = { 'Jobcap-Refused': 'cap_exhausted', 'Jobcap-Note': '{}', 'Content-Type': 'text/plain' }
/** Of an SDK for which the codes of our refusals are made numbers. */
const GO = 'twilio-go/1.31.0 (linux amd64) go/go1.26.8'

describe('a vendor that answers in our words', () => {
  let rig: Rig
  let ledger: LedgerProcess
  let key = ''

  before(async () => {
    rig = await startRig()
    ledger = await rig.startLedger()
    key = (await ledger.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })).vault_key
  })
  afterEach(() => rig.stripe.control.clearFaults())
  after(() => rig.stop())

  const answers = (when: 'before' | 'after', status: number) =>
    rig.stripe.control.addFault({ fault: { kind: 'answer', when, status, body: WORDS, headers }, times: 1 })
  const asked = async (call: Ask) => {
    const told = await ask(ledger.address, { ...call, headers: { ...call.headers, 'user-agent': GO } })
    return { status: told.status, text: told.text, code: told.headers['jobcap-refused'] }
  }
  const read = (): Ask => ({ method: 'GET', path: '/stripe/v1/charges/ch_1', key })

  for (const [what, when, status] of [
    ['a success', 'after', 200],
    ['a refusal', 'before', 400],
    ['a limit', 'before', 429],
  ] as const) {
    it(`gives ${what} untouched to a client without a sidecar, from the wire and from the record`, async () => {
      await answers(when, status)
      const call = payment(key, `words-${status}`)
      expect(await asked(call)).to.deep.equal({ status, text: WORDS, code: undefined })
      if (status !== 429) expect(await asked(call)).to.deep.equal({ status, text: WORDS, code: undefined })
    })
  }

  it('gives a read untouched', async () => {
    await answers('before', 404)
    expect(await asked(read())).to.deep.equal({ status: 404, text: WORDS, code: undefined })
  })

  it('does not pass itself off as the ledger to a sidecar', async () => {
    await answers('after', 200)
    const told = await (await TestPod.start(rig, ledger)).pay('cus_1')
    expect(told.text).to.equal(WORDS)
    expect(told.headers).to.not.have.property('jobcap-refused')
    expect(told.headers['jobcap-note']).to.not.equal('{}')
  })
})
