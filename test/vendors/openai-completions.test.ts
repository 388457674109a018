import { expect } from 'chai'
import type { TokenPricing, VendorPricing } from '../../contract/pricing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { callOf, JSON_TYPE, STRIPE_PRICING } from './calls.ts'

/** A micro-dollar for a token of input, a thousand for one of output: the bound shows how many of each it counts. */
const MODEL = {
  model: 'local-model',
  base: {
    inputPerMillionUsdMicros: 1_000_000,
    outputPerMillionUsdMicros: 1_000_000_000,
    cacheReadPerMillionUsdMicros: 0,
    cacheWritePerMillionUsdMicros: 0,
    cacheWriteHourPerMillionUsdMicros: 0,
  },
  long: null,
  contextTokens: 4_096,
}
const TOKENS: TokenPricing = { models: [MODEL], usesListPrices: false, maxOutputTokens: 2_000, freeFields: [] }
const costing = costingOf('openai')
const pricingOf = (more: Partial<TokenPricing> = {}): VendorPricing => ({
  ...STRIPE_PRICING,
  type: 'openai',
  tokens: { ...TOKENS, ...more },
})
const ask = (more: object) =>
  callOf({
    method: 'POST',
    path: '/v1/completions',
    type: JSON_TYPE,
    body: JSON.stringify({ model: 'local-model', prompt: 'hello', max_tokens: 10, ...more }),
  })

describe('a completion without a conversation', () => {
  /** Tokens of output in the bound; or the code of a refusal. */
  const outputOf = (more: object, pricing = pricingOf()) => {
    const call = ask(more)
    const bound = costing.bound(call, pricing)
    if ('code' in bound) return bound.code
    if (bound.kind !== 'priced') return bound.kind
    expect(bound.totalUsdMicros % 1_000, 'input').to.equal((call.body.length + 100) % 1_000)
    return Math.floor((bound.totalUsdMicros - call.body.length - 100) / 1_000)
  }

  const OUTPUTS: readonly (readonly [name: string, more: object, tokens: number | string])[] = [
    ['one text', {}, 10],
    ['n of them', { n: 3 }, 30],
    ['the best of more than are shown', { n: 2, best_of: 5 }, 50],
    ['a text for each prompt', { prompt: ['a', 'b', 'c'], n: 2 }, 60],
    ['a prompt of tokens', { prompt: [1, 2, 3] }, 10],
    ['two prompts of tokens', { prompt: [[1, 2], [3]] }, 20],
    ['no prompt', { prompt: null }, 10],
    ['no limit, and none is put in', { max_tokens: undefined }, 4_096],
    ['nonsense in place of a count', { best_of: '5' }, 'amount_invalid'],
    ['a prompt with parts', { prompt: { prompt_string: 'x', multimodal_data: ['AAAA'] } }, 'price_unbounded'],
    ['a prompt with parts in a list', { prompt: ['a', { image_url: 'https://example.com/a' }] }, 'price_unbounded'],
    ['texts within a list of prompts', { prompt: [['a', 'b']] }, 'price_unbounded'],
    ['a field that nobody has judged', { prompt_embeds: 'AAAA' }, 'price_unbounded'],
  ]
  for (const [name, more, tokens] of OUTPUTS) {
    it(`reserves for ${name}: ${tokens}`, () => {
      expect(outputOf(more)).to.equal(tokens)
    })
  }

  it('counts the prompt as written once more for each text that echoes it', () => {
    const echoed = { echo: true, n: 2 }
    expect(outputOf(echoed)).to.equal(2 * (10 + ask(echoed).body.length))
  })

  it('needs a limit where nobody knows what the model can write', () => {
    const pricing = pricingOf({ models: [{ ...MODEL, contextTokens: null }] })
    const bound = costing.bound(ask({ max_tokens: undefined }), pricing)
    expect(bound).to.have.property('message').that.includes('Send `max_tokens`, or give `contextTokens`')
  })

  it('goes out as it is, but for the usage that a stream would not tell', () => {
    const sent = (more: object) => {
      const forward = costing.forwardBody(ask(more), pricingOf())
      if ('code' in forward) return forward.code
      return JSON.parse(Buffer.from(forward.body).toString())
    }
    expect(sent({ max_tokens: undefined })).to.deep.equal({ model: 'local-model', prompt: 'hello' })
    expect(sent({ stream: true })).to.have.deep.property('stream_options', { include_usage: true })
  })

  it('goes out as it is where the policy says that streams tell their usage unasked', () => {
    const call = ask({ stream: true })
    const forward = costing.forwardBody(call, pricingOf({ asksForUsage: false }))
    expect(forward).to.have.property('body', call.body)
    expect(forward).not.to.have.property('asksForUsage', true)
  })

  it('is bought anew where its answer was lost, and is no change that a replay must guard', () => {
    expect(costing.repeat(ask({}), pricingOf())).to.deep.equal({ kind: 'anew' })
  })
})
