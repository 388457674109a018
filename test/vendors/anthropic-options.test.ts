import { expect } from 'chai'
import type { VendorPricing } from '../../contract/pricing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { recogniserOf } from '../../vendors/registry/identity.ts'
import { callOf, JSON_TYPE, STRIPE_PRICING } from './calls.ts'

const FREE_FIELDS = ['context_management', 'output_config']
const pricing = (freeFields: readonly string[] = []): VendorPricing => ({
  ...STRIPE_PRICING,
  type: 'anthropic',
  tokens: { models: [], usesListPrices: true, maxOutputTokens: null, freeFields },
})
const CLAUDE = {
  ...{ model: 'claude-opus-5-5', long: null, contextTokens: 200_000 },
  base: {
    inputPerMillionUsdMicros: 4_000_000,
    outputPerMillionUsdMicros: 20_000_000,
    cacheReadPerMillionUsdMicros: 200_000,
    cacheWritePerMillionUsdMicros: 5_000_000,
    cacheWriteHourPerMillionUsdMicros: 8_000_000,
  },
}
const ASKED = {
  model: 'claude-opus-5-5',
  max_tokens: 100,
  inference_geo: 'global',
  messages: [{ role: 'user', content: 'hello' }],
}
const costing = costingOf('anthropic')
const message = (more: object) =>
  callOf({ path: '/v1/messages', query: 'beta=true', type: JSON_TYPE, body: JSON.stringify({ ...ASKED, ...more }) })
const boundOf = (more: object, freeFields: readonly string[] = []) => costing.bound(message(more), pricing(freeFields))
/** Tokens of input that are reserved beyond the bytes of the body and what every message has. */
const addedBy = (more: object): number | string => {
  const bound = boundOf(more)
  if ('code' in bound) return bound.code
  if (bound.kind !== 'priced') return bound.kind
  return (bound.totalUsdMicros - 100 * 20) / 4 - message(more).body.length - 100
}

const FORMAT = { type: 'json_schema', schema: { type: 'object', properties: { city: { type: 'string' } } } }
const CLEAR = { type: 'clear_tool_uses_20250919', trigger: { type: 'input_tokens', value: 30_000 } }
const DOCUMENT = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'One. Two' } }
const PICTURE = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: '/'.repeat(9_000) } }
const cited = (more: object, ...others: readonly object[]) => ({
  messages: [{ role: 'user', content: [{ ...DOCUMENT, ...more }, ...others] }],
})
const TOOL = { name: 'a', description: 'é'.repeat(500), input_schema: { type: 'object' }, defer_loading: true }
const TOOL_BYTES = Buffer.byteLength(JSON.stringify(TOOL))
const found = (...names: readonly string[]) => {
  const content = names.map((name) => ({ type: 'tool_reference', tool_name: name }))
  return { messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content }] }] }
}
const COMPACT = { type: 'compact_20260112' }

describe('the options of a message to Claude', () => {
  const ADDED: readonly (readonly [what: string, more: object, added: number | string])[] = [
    ['none', {}, 0],
    ['effort', { output_config: { effort: 'max' } }, 0],
    ['a format', { output_config: { format: FORMAT } }, 1_000],
    ['a format by its older name, as litellm sends it', { output_format: FORMAT }, 1_000],
    ['no format, said aloud', { output_format: null, output_config: { format: null, effort: null } }, 0],
    ['a budget that the model sees', { output_config: { task_budget: { type: 'tokens', total: 9 } } }, 1_050],
    ['tool results left out of the input', { context_management: { edits: [CLEAR] } }, 1_000],
    ['thoughts left out too', { context_management: { edits: [CLEAR, { type: 'clear_thinking_20251015' }] } }, 1_000],
    ['no edits', { context_management: { edits: [] } }, 0],
    ['a summary in mid-call', { context_management: { edits: [CLEAR, COMPACT] } }, 'price_unbounded'],
    ['a summary alone', { compaction: { type: 'summarize' } }, 'price_unbounded'],
    ['an edit that nobody knows', { context_management: { edits: [{ type: 'expand_2027' }] } }, 'price_unbounded'],
    ['an edit without a type', { context_management: { edits: [{}] } }, 'price_unbounded'],
    ['more than edits', { context_management: { edits: [CLEAR], budget: 1 } }, 'price_unbounded'],
    ['edits in another place', { context_management: [COMPACT] }, 'price_unbounded'],
    ['a cache for a day', { cache_control: { type: 'ephemeral', ttl: '24h' } }, 'price_unbounded'],
    ['a cache for a number', { cache_control: { type: 'ephemeral', ttl: 3_600 } }, 'price_unbounded'],
    ['a tool that is named twice', { ...found('a', 'a'), tools: [TOOL] }, 1_000 + 2 * TOOL_BYTES],
    ['a tool that is not there', { ...found('b'), tools: [TOOL] }, 1_000],
    ['a tool that runs at Anthropic', { tools: [{ type: 'web_search_20250305', name: 'search' }] }, 'price_unbounded'],
    ['the ordinary speed and tier', { speed: 'standard', service_tier: 'standard_only' }, 0],
    ['another speed', { speed: 'fast' }, 'price_unbounded'],
    ['a tier that nobody knows', { service_tier: 'priority' }, 'price_unbounded'],
    ['an option of the output that nobody knows', { output_config: { tier: 'fast' } }, 'price_unbounded'],
  ]
  for (const [what, more, added] of ADDED) {
    it(`${what}: ${typeof added === 'number' ? `${added} tokens more` : added}`, () => {
      expect(addedBy(more)).to.equal(added)
    })
  }

  it('a limit of 0 fills the cache and writes nothing; where prices are declared it is refused, for it may mean none', () => {
    const more = { max_tokens: 0, cache_control: { type: 'ephemeral' } }
    const input = message(more).body.length + 100
    expect(boundOf(more)).to.include({ kind: 'priced', totalUsdMicros: input * 5 })
    const elsewhere = costing.bound(message(more), {
      ...pricing(),
      tokens: { models: [CLAUDE], usesListPrices: false, maxOutputTokens: null, freeFields: [] },
    })
    expect(elsewhere).to.include({ code: 'amount_invalid' })
    for (const odd of [-1, 0.5, '0']) expect(boundOf({ max_tokens: odd })).to.include({ code: 'amount_invalid' })
  })

  it('a document that is to be cited adds what explains that, and a mark for each sentence', () => {
    const enabled = { citations: { enabled: true } }
    const ofDocument = Number(addedBy(cited({ ...enabled, title: 'A' }))) - Number(addedBy(cited({ title: 'A' })))
    // A mark for each of its six texts, and for the `/` and the `.` in two of them.
    expect(ofDocument).to.equal(2_000 + 10 * (6 + 2))
    expect(addedBy(cited({ citations: { enabled: false } }))).to.equal(0)
    expect(addedBy(cited({ citations: null }))).to.equal(0)
    const found = { type: 'search_result', source: 'a', title: 'b', content: [{ type: 'text', text: 'c' }], ...enabled }
    expect(addedBy({ messages: [{ role: 'user', content: [found] }] })).to.be.above(2_000)
    const beside = Number(addedBy(cited(enabled, PICTURE))) - Number(addedBy(cited({}, PICTURE)))
    expect(beside).to.be.below(2_300)
  })

  it('are not free of a summary because the policy calls their field free', () => {
    const refused = boundOf({ context_management: { edits: [COMPACT] } }, FREE_FIELDS)
    expect(refused).to.have.property('message').that.includes('`compact_20260112`').and.includes('clear_tool_uses')
  })

  it('leave what a tool was called with to the app, whatever types it speaks of', () => {
    const input = { shape: { type: 'circle' }, list: [{ type: 'web_search_20250305' }] }
    const used = [{ role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'draw', input }] }]
    expect(addedBy({ messages: used })).to.equal(0)
    expect(addedBy({ messages: [{ role: 'user', content: [{ type: 'circle' }] }] })).to.equal('price_unbounded')
  })

  it('make a usage with a pass beside the messages worth the bound', () => {
    const call = message({})
    const bound = boundOf({})
    if (!('kind' in bound) || bound.kind !== 'priced') throw new Error(JSON.stringify(bound))
    const spent = (iterations: unknown) => {
      const body = Buffer.from(JSON.stringify({ usage: { input_tokens: 10, output_tokens: 5, iterations } }))
      const { totalUsdMicros } = costing.actual({ call, bound, answer: { status: 200, headers: {}, body } })
      return totalUsdMicros === bound.totalUsdMicros ? 'bound' : totalUsdMicros
    }
    const pass = (type: string) => ({ type, input_tokens: 10, output_tokens: 5 })
    expect([undefined, null, [], [pass('message')]].map(spent)).to.deep.equal([140, 140, 140, 140])
    for (const odd of [[pass('compaction'), pass('message')], [pass('advisor_message')], {}, 'none', [7]]) {
      expect(spent(odd), JSON.stringify(odd)).to.equal('bound')
    }
  })

  it('may be counted for nothing under the address of the betas too', () => {
    const call = callOf({ path: '/v1/messages/count_tokens', query: 'beta=true', type: JSON_TYPE, body: '{}' })
    expect(costing.bound(call, pricing())).to.deep.equal({ kind: 'free' })
    const terms = { name: 'anthropic', type: 'anthropic', routes: [] } as const
    expect(recogniserOf('anthropic')(call, terms, 'auto')).to.have.property('kind', 'read')
  })
})
