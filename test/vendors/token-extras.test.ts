import { expect } from 'chai'
import type { VendorPricing } from '../../contract/pricing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { callOf, JSON_TYPE, STRIPE_PRICING } from './calls.ts'

type Type = 'openai' | 'anthropic'
const TOKENS = { models: [], usesListPrices: true, maxOutputTokens: null, freeFields: [] }
const pricing = (type: Type): VendorPricing => ({ ...STRIPE_PRICING, type, tokens: TOKENS })
const MESSAGES = [{ role: 'user', content: 'hello' }]
const TOOL = { name: 'draw', parameters: { type: 'object' } }

/** Micro-dollars a token: input 2.5, output 10. */
const chat = (more: object) => {
  const asked = { model: 'gpt-4o', messages: MESSAGES, max_completion_tokens: 100, service_tier: 'default', ...more }
  return callOf({ path: '/v1/chat/completions', type: JSON_TYPE, body: JSON.stringify(asked) })
}
const respond = (tools: readonly object[]) => {
  const asked = { model: 'gpt-5', input: 'hello', max_output_tokens: 100, tools }
  return callOf({ path: '/v1/responses', type: JSON_TYPE, body: JSON.stringify(asked) })
}
/** Input 4, output 20, written to a cache 5, for an hour 8. */
const message = (more: object) => {
  const asked = { model: 'claude-opus-5-5', max_tokens: 100, messages: MESSAGES, inference_geo: 'global', ...more }
  return callOf({ path: '/v1/messages', type: JSON_TYPE, body: JSON.stringify(asked) })
}

function boundOf(type: Type, call: ReturnType<typeof callOf>) {
  const bound = costingOf(type).bound(call, pricing(type))
  if (!('kind' in bound) || bound.kind !== 'priced') throw new Error(JSON.stringify(bound))
  return bound
}

/** What is reserved for other than a token a byte, and 100 that every request has. */
function besideBytes(type: Type, call: ReturnType<typeof callOf>, inputPrice: number): number {
  return Math.floor(boundOf(type, call).totalUsdMicros - (call.body.length + 100) * inputPrice)
}

describe('what is reserved beside the text of a call for tokens', () => {
  it('what a prediction may get wrong, which is billed as output beyond the limit', () => {
    const call = chat({ prediction: { type: 'content', content: 'x' } })
    expect(besideBytes('openai', call, 2.5)).to.equal((100 + call.body.length) * 10)
  })

  it('how functions are called, by their older name too', () => {
    expect(besideBytes('openai', chat({ functions: [TOOL] }), 2.5)).to.equal(1_000 * 2.5 + 100 * 10)
    expect(besideBytes('openai', chat({ tools: [{ type: 'function', function: TOOL }] }), 2.5)).to.equal(3_500)
  })

  it('nothing for a tool that runs at the vendor, which is refused, also within a namespace', () => {
    const namespace = (type: string) => respond([{ type: 'namespace', name: 'n', tools: [{ type, ...TOOL }] }])
    expect(costingOf('openai').bound(namespace('web_search'), pricing('openai'))).to.have.property(
      'code',
      'price_unbounded',
    )
    expect(boundOf('openai', namespace('function')).totalUsdMicros).to.be.above(0)
  })

  it('a budget for thinking that is as large as the limit of the output', () => {
    const call = (budget_tokens: number) => message({ thinking: { type: 'enabled', budget_tokens } })
    expect(besideBytes('anthropic', call(99), 4)).to.equal(100 * 20)
    expect(besideBytes('anthropic', call(100), 4)).to.equal(200 * 20)
  })

  it('the price of writing all of the input to a cache, for as long as any part of it asks', () => {
    const marked = (cache_control: object) =>
      message({ messages: [{ role: 'user', content: [{ type: 'text', text: 'hello', cache_control }] }] })
    expect(besideBytes('anthropic', marked({ type: 'ephemeral' }), 5)).to.equal(100 * 20)
    expect(besideBytes('anthropic', marked({ type: 'ephemeral', ttl: '5m' }), 5)).to.equal(100 * 20)
    expect(besideBytes('anthropic', marked({ type: 'ephemeral', ttl: '1h' }), 8)).to.equal(100 * 20)
  })
})

describe('what a message came to', () => {
  const spent = (usage: object) => {
    const call = message({})
    const body = Buffer.from(JSON.stringify({ usage: { input_tokens: 10, output_tokens: 5, ...usage } }))
    const settling = { call, bound: boundOf('anthropic', call), answer: { status: 200, headers: {}, body } }
    return costingOf('anthropic').actual(settling).totalUsdMicros - (10 * 4 + 5 * 20)
  }

  it('counts what no part of the cache’s figures names at the dearer price, once an hour was asked for', () => {
    const written = { cache_creation_input_tokens: 10 }
    expect(spent(written)).to.equal(10 * 5)
    expect(spent({ ...written, cache_creation: { ephemeral_5m_input_tokens: 4 } })).to.equal(10 * 5)
    expect(spent({ ...written, cache_creation: { ephemeral_1h_input_tokens: 4 } })).to.equal(10 * 8)
  })
})
