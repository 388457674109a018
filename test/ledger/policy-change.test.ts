import { expect } from 'chai'
import { ask, gist, payment } from './call.ts'
import { type LedgerProcess, policyText, type Rig, startRig } from './rig.ts'

const ratesOf = (euroUsdMicros: number) =>
  `currencies: {bufferBasisPoints: 0, usdMicrosPerMajorUnit: {EUR: ${euroUsdMicros}}}`

describe('a policy that changes while a call is in doubt', () => {
  let rig: Rig
  let ledger: LedgerProcess

  before(async () => {
    rig = await startRig()
    rig.writePolicy(policyText(rig, { spec: ratesOf(1_000_000) }))
    ledger = await rig.startLedger(['--vendor-deadline-ms', '300', '--repair-every-ms', '600000'])
  })
  after(() => rig.stop())

  const inEuros = (key: string, named: string) => ({
    ...payment(key, named),
    body: 'amount=500&currency=eur&customer=cus_1&confirm=true&payment_method=pm_card_visa',
  })

  it('prices the next call: a retry settles what was reserved at the rate of then, and within its cap', async () => {
    const { vault_key, key_id } = await ledger.client.createKey({ vendor: 'stripe', usd_cap: '8.00' })
    const spent = async () => (await ledger.client.findKey(key_id)).spent_usd
    await rig.stripe.control.addFault({
      fault: { kind: 'cut', when: 'after', afterBytes: 0, how: 'reset' },
      times: null,
    })
    expect(gist(await ask(ledger.address, inEuros(vault_key, 'invoice-1')))).to.equal('504 outcome_pending')
    rig.writePolicy(policyText(rig, { spec: ratesOf(2_000_000) }))
    await rig.stripe.control.clearFaults()
    expect(gist(await ask(ledger.address, inEuros(vault_key, 'invoice-1')))).to.equal('200')
    expect(await spent()).to.equal('5.00')
    expect(gist(await ask(ledger.address, inEuros(vault_key, 'invoice-2')))).to.equal('429 cap_exhausted')
    expect(rig.stripe.truth('effect')).to.have.length(1)
  })
})
