import { expect } from 'chai'
import { ask, gist, payment } from './call.ts'
import { TestPod } from './pod.ts'
import { auditOf, type FakeVendor, type LedgerProcess, policyText, type Rig, STRIPE_SECRET, startRig } from './rig.ts'

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
    const reserved = (await auditOf(ledger)).filter(({ event }) => event === 'call.reserved')
    expect(reserved).to.have.length(1)
    expect(reserved[0], 'the record says which rates were in force')
      .to.have.property('ratesHash')
      .that.matches(/^[0-9a-f]{64}$/)
  })
})

describe('a policy from which the price of a paid call is taken out', () => {
  const EUROS = 'currencies: {bufferBasisPoints: 0, usdMicrosPerMajorUnit: {EUR: 1000000}}'
  const MODEL = 'models: [{name: local-model, inputUsd: "1.00", outputUsd: "1.00", contextTokens: 8000}]'
  let rig: Rig
  let ledger: LedgerProcess
  let openai: FakeVendor

  before(async () => {
    rig = await startRig()
    openai = await rig.startVendor('openai')
    rig.writeSecret(STRIPE_SECRET, 'openai/api-key')
    rig.writePolicy(withAll())
    ledger = await rig.startLedger()
  })
  after(() => rig.stop())

  const llm = (models: string) => `
  - name: openai
    type: openai
    baseUrl: ${openai.url}
    secretRef: {name: openai, key: api-key}
    allowedEndpoints: ["POST /v1/chat/completions"]
    ${models}
`
  const LOOKUP = 'routes: [{match: "POST /v1/lookup",'
  const withAll = () =>
    policyText(rig, { spec: EUROS }).replace('routes: [', 'routes: [{match: "GET /v1/coverage", usd: "0.02"}, ') +
    llm(MODEL)
  /** No rate for euros, no price of the model, and the declared routes are another one. */
  const withNone = () => policyText(rig).replace(LOOKUP, LOOKUP.replace('lookup', 'other')) + llm('')

  const COVERAGE = { method: 'GET', path: '/geocode/v1/coverage', body: '' }
  const inEuros = (customer: string) => ({
    path: '/stripe/v1/payment_intents',
    body: `amount=500&currency=eur&customer=${customer}`,
  })
  const chat = (content: string) => ({
    path: '/openai/v1/chat/completions',
    body: JSON.stringify({ model: 'local-model', max_tokens: 50, messages: [{ role: 'user', content }] }),
  })

  const walk = async (pod: TestPod) => [
    await pod.call(inEuros('cus_1')),
    await pod.call(chat('hello')),
    await pod.lookUp('1 Main Street'),
    await pod.call(COVERAGE),
  ]

  it('answers a replacement Pod from the record, and refuses what is new', async () => {
    const first = await TestPod.start(rig, ledger, { pod: 'nightly-0-a' })
    const paid = await walk(first)
    expect(paid.map(gist)).to.deep.equal(['200', '200', '200', '200'])

    rig.writePolicy(withNone())
    const next = await TestPod.start(rig, ledger, { pod: 'nightly-0-b' })
    const again = await walk(next)
    expect(again.map(({ text }) => text)).to.deep.equal(paid.map(({ text }) => text))
    expect(again.map(({ headers }) => headers['jobcap-replayed'])).to.deep.equal(paid.map(() => 'true'))

    const anew = [
      await next.call(inEuros('cus_1')),
      await next.call(inEuros('cus_2')),
      await next.call(chat('hello')),
      await next.call(chat('good-bye')),
      await next.lookUp('2 Main Street'),
    ]
    expect(anew.map(gist)).to.deep.equal([
      '400 currency_unknown',
      '400 currency_unknown',
      '403 model_unknown',
      '403 model_unknown',
      '403 route_unknown',
    ])
    expect([rig.stripe, openai, rig.geocoder].map((vendor) => vendor.truth('effect').length)).to.deep.equal([1, 1, 1])
    expect(rig.geocoder.truth('read')).to.have.length(1)
  })
})
