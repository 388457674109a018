import { expect } from 'chai'
import { gist } from './call.ts'
import { TestPod } from './pod.ts'
import { type FakeVendor, type LedgerProcess, policyText, type Rig, STRIPE_SECRET, startRig } from './rig.ts'

describe('completions without a conversation, at a vendor of OpenAI’s protocol', () => {
  let rig: Rig
  let ledger: LedgerProcess
  let vendor: FakeVendor

  before(async () => {
    rig = await startRig()
    vendor = await rig.startVendor('openai')
    rig.writeSecret(STRIPE_SECRET, 'openai/api-key')
    rig.writePolicy(`${policyText(rig)}
  - name: own-models
    type: openai
    baseUrl: ${vendor.url}
    secretRef: {name: openai, key: api-key}
    models: [{name: local-model, inputUsd: "1.00", outputUsd: "2.00", contextTokens: 8000}]
    allowedEndpoints: ["POST /v1/completions"]
`)
    ledger = await rig.startLedger()
  })
  after(() => rig.stop())

  const completion = (more: object) => ({
    path: '/own-models/v1/completions',
    body: JSON.stringify({ model: 'local-model', prompt: 'tell me #tokens=5', max_tokens: 20, ...more }),
  })
  /** Micro-dollars, by the vendor's own file. */
  const sold = () =>
    vendor
      .truth('effect')
      .reduce((sum, { tokens = {} }) => sum + (tokens['input'] ?? 0) + 2 * (tokens['output'] ?? 0), 0)
  const spent = async (pod: TestPod) => (await ledger.client.findRun(pod.granted.runUid)).key.spent_usd

  it('are settled by their usage, whole and as streams whose usage the app did not ask for', async () => {
    const pod = await TestPod.start(rig, ledger, { pod: 'nightly-0-a' })
    const whole = await pod.call(completion({ n: 2, best_of: 3 }))
    expect(gist(whole)).to.equal('200')
    expect(JSON.parse(whole.text).choices).to.have.length(2)
    const stream = await pod.call(completion({ stream: true, prompt: ['one #tokens=5', 'two'] }))
    expect(stream.text).to.include('"text":"wörd4 "').and.to.include('[DONE]').and.not.to.include('prompt_tokens')
    expect(vendor.truth('effect').map(({ tokens }) => tokens?.['output'])).to.deep.equal([15, 10])
    expect(Number(await spent(pod)) * 1_000_000).to.be.closeTo(sold(), 0.5)
  })

  it('are answered from the record in a replacement Pod', async () => {
    const first = await (await TestPod.start(rig, ledger, { pod: 'nightly-1-a', index: 1 })).call(completion({ n: 2 }))
    const before = vendor.truth('effect').length
    const again = await (await TestPod.start(rig, ledger, { pod: 'nightly-1-b', index: 1 })).call(completion({ n: 2 }))
    expect(again.text).to.equal(first.text)
    expect(vendor.truth('effect')).to.have.length(before)
  })
})
