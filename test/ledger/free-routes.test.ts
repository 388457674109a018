import { expect } from 'chai'
import { ask, gist } from './call.ts'
import { TestPod } from './pod.ts'
import { type FakeVendor, type LedgerProcess, policyText, type Rig, STRIPE_SECRET, startRig } from './rig.ts'

describe('routes that cost nothing at OpenAI', () => {
  let rig: Rig
  let ledger: LedgerProcess
  let openai: FakeVendor

  before(async () => {
    rig = await startRig()
    openai = await rig.startVendor('openai')
    rig.writeSecret(STRIPE_SECRET, 'openai/api-key')
    const vendor = (name: string, more: string) => `
  - name: ${name}
    type: openai
    baseUrl: ${openai.url}
    secretRef: {name: openai, key: api-key}
    allowedEndpoints: ["POST /v1/*", "DELETE /v1/*", "GET /v1/*"]
    ${more}
`
    rig.writePolicy(policyText(rig) + vendor('openai', 'listPrices: true') + vendor('reseller', ''))
    ledger = await rig.startLedger()
  })
  after(() => rig.stop())

  const moderation = (vendor: string) => ({ path: `/${vendor}/v1/moderations`, body: '{"input":"hello"}' })

  it('are asked of OpenAI again and again, and reserve nothing', async () => {
    const pod = await TestPod.start(rig, ledger, { pod: 'nightly-0-a' })
    const told = [await pod.call(moderation('openai')), await pod.call(moderation('openai'))]
    expect(told.map(gist)).to.deep.equal(['200', '200'])
    expect(openai.truth('read')).to.have.length(2)
  })

  it('are refused at another vendor of its protocol, which may sell them, with the way to declare them', async () => {
    const pod = await TestPod.start(rig, ledger, { pod: 'nightly-1-a', index: 1 })
    const before = openai.truth('read').length
    const told = await pod.call(moderation('reseller'))
    expect(gist(told)).to.equal('403 route_unknown')
    expect(told.text).to.include('type `generic`').and.to.include('POST /v1/moderations')
    expect(openai.truth('read')).to.have.length(before)
  })

  it('change what OpenAI keeps once: a replacement Pod gets the conversation of the first', async () => {
    const create = { path: '/openai/v1/conversations', body: '{"metadata":{"for":"inv_1"}}' }
    const first = await (await TestPod.start(rig, ledger, { pod: 'nightly-2-a', index: 2 })).call(create)
    const again = await (await TestPod.start(rig, ledger, { pod: 'nightly-2-b', index: 2 })).call(create)
    expect(gist(first)).to.equal('200')
    expect(again.text).to.equal(first.text)
    expect(openai.truth('effect').filter(({ action }) => action === 'conversation.created')).to.have.length(1)
  })

  it('do not count a pass of a model among them: what compacts a conversation is refused', async () => {
    const pod = await TestPod.start(rig, ledger, { pod: 'nightly-3-a', index: 3 })
    const told = await pod.call({ path: '/openai/v1/responses/compact', body: '{"model":"gpt-5","input":"hello"}' })
    expect(gist(told)).to.equal('403 route_unknown')
  })

  it('may be asked with HEAD where the policy allows the GET', async () => {
    const { vault_key } = await ledger.client.createKey({ vendor: 'openai', usd_cap: '1.00' })
    const head = await ask(ledger.address, { method: 'HEAD', path: '/openai/v1/models', key: vault_key })
    expect(gist(head)).to.equal('200')
    expect(head.text).to.equal('')
    const elsewhere = await ask(ledger.address, { method: 'HEAD', path: '/openai/models', key: vault_key })
    expect(gist(elsewhere)).to.equal('403 endpoint_not_allowed')
  })
})
