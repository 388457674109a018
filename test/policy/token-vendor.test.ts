import { expect } from 'chai'
import type { OpenaiVendor } from '../../policy/cap-policy.ts'
import { openai } from '../../policy/token-vendor.schema.ts'
import { readTokenVendor } from '../../policy/token-vendor.ts'

const BASICS = { name: 'models', secretRef: { name: 'models', key: 'key' }, allowedEndpoints: ['POST /v1/*'] } as const

describe('a vendor of tokens in the policy', () => {
  it('has the built-in price list only where nothing says that it is another vendor, or the policy says so', () => {
    const holds = (more: Partial<OpenaiVendor>) =>
      readTokenVendor({ ...BASICS, type: 'openai', ...more }).tokens.usesListPrices
    expect(holds({})).to.equal(true)
    expect(holds({ baseUrl: 'https://models.example.com' })).to.equal(false)
    expect(holds({ baseUrl: 'https://models.example.com', listPrices: true })).to.equal(true)
    expect(holds({ listPrices: false })).to.equal(false)
  })

  it('is at Azure where it names deployments: an address without `/openai`, each name once, the secret as an API key', () => {
    const AT = { ...BASICS, type: 'openai', baseUrl: 'https://my-resource.openai.azure.com' } as const
    const deployments = [{ name: 'chat-prod', model: 'gpt-4o' }]
    expect(readTokenVendor({ ...AT, deployments })).to.deep.include({ auth: { header: 'api-key' } })
    expect(readTokenVendor({ ...AT, deployments }).tokens).to.deep.include({ deployments, usesListPrices: false })
    expect(readTokenVendor(AT)).to.include({ auth: null })

    const mistakesIn = (more: object) =>
      openai.safeParse({ ...AT, deployments, ...more }).error?.issues.map(({ path }) => path)
    expect(mistakesIn({})).to.equal(undefined)
    expect(mistakesIn({ baseUrl: 'https://gateway.example.com/llm/' })).to.equal(undefined)
    for (const baseUrl of [undefined, `${AT.baseUrl}/openai`, `${AT.baseUrl}/openai/v1/`]) {
      expect(mistakesIn({ baseUrl }), baseUrl).to.deep.equal([['baseUrl']])
    }
    expect(mistakesIn({ deployments: [] })).to.deep.equal([['deployments']])
    expect(mistakesIn({ deployments: [...deployments, { name: 'chat-prod', model: 'gpt-5' }] })).to.deep.equal([
      ['deployments'],
    ])
    expect(mistakesIn({ deployments: [{ name: 'a/b', model: 'gpt-4o' }] })).to.deep.equal([['deployments', 0, 'name']])
  })

  it('charges for what its cache takes up a share of the price of input, rounded up, where the policy names no price', () => {
    const written = (type: 'openai' | 'anthropic', more: object = {}) => {
      const models = [{ name: 'm', inputUsd: '0.000001', outputUsd: '1', ...more }]
      const [price] = readTokenVendor({ ...BASICS, type, models }).tokens.models
      return [price?.base.cacheWritePerMillionUsdMicros, price?.base.cacheWriteHourPerMillionUsdMicros]
    }
    expect(written('openai')).to.deep.equal([1, 1])
    expect(written('anthropic')).to.deep.equal([2, 2])
    expect(written('anthropic', { cacheWriteUsd: '0.000007' })).to.deep.equal([7, 7])
    expect(written('anthropic', { cacheWriteUsd: '0.000007', cacheWriteHourUsd: '0.000003' })).to.deep.equal([7, 3])
  })
})
