import { expect } from 'chai'
import type { OpenaiVendor } from '../../policy/cap-policy.ts'
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
