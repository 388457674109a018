import { expect } from 'chai'
import type { VendorPricing } from '../../contract/pricing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { recogniserOf } from '../../vendors/registry/identity.ts'
import { type CallParts, callOf, JSON_TYPE, STRIPE_PRICING } from './calls.ts'

const TOKENS = { models: [], usesListPrices: true, maxOutputTokens: null, freeFields: [] }
const pricing = (type: 'openai' | 'anthropic', more: Partial<typeof TOKENS> = {}): VendorPricing => ({
  ...STRIPE_PRICING,
  type,
  tokens: { ...TOKENS, ...more },
})
const chat = (body: object | string, parts: CallParts = {}) =>
  callOf({
    method: 'POST',
    path: '/v1/chat/completions',
    type: JSON_TYPE,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...parts,
  })
const ASKED = { model: 'gpt-4o', messages: [{ role: 'user', content: 'hello' }], max_completion_tokens: 100 }
const boundOf = (call: ReturnType<typeof chat>, type: 'openai' | 'anthropic' = 'openai') =>
  costingOf(type).bound(call, pricing(type))
const microsOf = (call: ReturnType<typeof chat>) => {
  const bound = boundOf(call)
  return 'kind' in bound && bound.kind === 'priced' ? bound.totalUsdMicros : Number.NaN
}

describe('what a call for tokens may cost at most', () => {
  it('is a token a byte, what the vendor adds, and the output that it may write', () => {
    const bytes = Buffer.byteLength(JSON.stringify(ASKED))
    expect(microsOf(chat(ASKED))).to.equal(Math.ceil((bytes + 100) * 2.5 + 100 * 10))
  })

  it('counts each answer asked for, and all that the model can write where nothing limits it', () => {
    expect(microsOf(chat({ ...ASKED, n: 3 })) - microsOf(chat({ ...ASKED, n: 1 }))).to.equal(2 * 100 * 10)
    const { max_completion_tokens: _, ...open } = ASKED
    expect(microsOf(chat(open))).to.be.above(16_384 * 10)
  })

  it('counts a picture by the model’s rule, not by its bytes, however large', () => {
    const url = `data:image/png;base64,${'A'.repeat(10 * 1024 * 1024)}`
    const content = [{ type: 'image_url', image_url: { url } }]
    expect(microsOf(chat({ ...ASKED, messages: [{ role: 'user', content }] }))).to.be.below(2_000 * 2.5 + 100 * 10)
  })

  it('counts a picture by its bytes too where the model’s rule is not known, up to all that it can hold', () => {
    const asked = (bytes: number) => {
      const url = `data:image/png;base64,${'A'.repeat(bytes)}`
      const messages = [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }]
      return microsOf(chat({ ...ASKED, model: 'gpt-5-2', messages }))
    }
    expect(asked(100)).to.be.above(50_000 * 1.75)
    expect(asked(200_000)).to.be.above(200_000 * 1.75)
    expect(asked(5_000_000)).to.be.within(400_000 * 1.75, 402_000 * 1.75)
  })

  it('takes a `pro` model to write all that it can hold', () => {
    const { max_completion_tokens: _, ...open } = ASKED
    expect(microsOf(chat({ ...open, model: 'gpt-5-pro' }))).to.be.above(400_000 * 120)
    expect(microsOf(chat({ ...open, model: 'gpt-5' }))).to.be.below(130_000 * 10)
  })

  it('counts a message at a region’s price unless it says `global`, for a workspace may have one by default', () => {
    const asked = (more: object) => {
      const body = { model: 'claude-opus-5-5', max_tokens: 1_000, messages: ASKED.messages, ...more }
      const bound = boundOf(chat(body, { path: '/v1/messages' }), 'anthropic')
      return 'kind' in bound && bound.kind === 'priced' ? bound.totalUsdMicros : Number.NaN
    }
    expect(asked({})).to.be.above(1_000 * 20 * 1.1)
    expect(asked({ inference_geo: 'us' })).to.be.above(1_000 * 20 * 1.1)
    expect(asked({ inference_geo: 'global' })).to.be.below(1_000 * 20 * 1.1)
  })

  it('never lies below what a believable usage costs, in a thousand inputs at once', () => {
    const input = Array.from({ length: 1_000 }, (_, at) => `text ${at}`)
    const call = chat({ model: 'text-embedding-3-small', input }, { path: '/v1/embeddings' })
    expect(microsOf(call)).to.be.above(Math.ceil((4_000 * 20_000) / 1e6))
  })

  const REFUSED: readonly [string, string, ReturnType<typeof chat>][] = [
    ['an unknown model', 'model_unknown', chat({ ...ASKED, model: 'gpt-99' })],
    ['a later model that begins like a known one', 'model_unknown', chat({ ...ASKED, model: 'gpt-4o-ultra' })],
    ['a model with odd characters', 'model_unknown', chat({ ...ASKED, model: 'gpt-4o\u0000' })],
    ['a model that is no text', 'model_unknown', chat({ ...ASKED, model: ['gpt-4o'] })],
    ['a field that nobody has judged', 'price_unbounded', chat({ ...ASKED, speed: 'fast' })],
    ['web search', 'price_unbounded', chat({ ...ASKED, tools: [{ type: 'web_search' }] })],
    ['web search outside a list', 'price_unbounded', chat({ ...ASKED, tools: { type: 'web_search' } })],
    ['tools that are a text', 'price_unbounded', chat({ ...ASKED, tools: 'web_search' })],
    ['sound outside a list', 'price_unbounded', chat({ ...ASKED, modalities: 'audio' })],
    ['sound', 'price_unbounded', chat({ ...ASKED, modalities: ['text', 'audio'] })],
    ['an unknown service tier', 'price_unbounded', chat({ ...ASKED, service_tier: 'turbo' })],
    ['a limit of 20 digits', 'amount_invalid', chat('{"model":"gpt-4o","max_tokens":99999999999999999999}')],
    ['a negative limit', 'amount_invalid', chat({ ...ASKED, max_completion_tokens: -1 })],
    ['a broken number of answers', 'amount_invalid', chat({ ...ASKED, n: 1.5 })],
    ['__proto__', 'body_unreadable', chat('{"model":"gpt-4o","__proto__":{"n":1}}')],
    ['a name given twice', 'body_unreadable', chat('{"model":"gpt-4o-mini","model":"gpt-4o"}')],
    ['a form that calls itself nothing else', 'body_unreadable', chat('model=gpt-4o', { type: 'text/plain' })],
    ['JSON that is none', 'body_unreadable', chat('{"model":')],
    ['pictures', 'route_unknown', chat(ASKED, { path: '/v1/images/generations' })],
    ['files', 'route_unknown', chat(ASKED, { path: '/v1/files' })],
    ['upper case', 'route_unknown', chat(ASKED, { path: '/v1/Chat/completions' })],
    ['a slash at the end', 'route_unknown', chat(ASKED, { path: '/v1/chat/completions/' })],
  ]
  for (const [what, code, call] of REFUSED) {
    it(`${what} is refused with ${code}`, () => {
      expect(boundOf(call)).to.have.property('code', code)
    })
  }

  const ODD_MODELS = [
    '',
    ' ',
    'gpt-4o ',
    ' gpt-4o',
    'GPT-4O',
    'gpt-4o\u0000',
    'gpt-4o\n',
    'gpt‑4o',
    'gрt-4o',
    'gpt-4o\u200b',
    'gpt-4o%00',
    '../gpt-4o',
    'gpt-4o/../o1-pro',
    'gpt-4o;o1-pro',
    'gpt-4o,o1-pro',
    'gpt-4o-2024-13-99x',
    '-latest',
    '__proto__',
    'constructor',
    'toString',
    'x'.repeat(100_000),
    '\u001b[31mred',
  ]
  for (const model of ODD_MODELS) {
    it(`the model ${JSON.stringify(model.slice(0, 40))} is refused, and what is said of it is plain text`, () => {
      for (const [type, path] of [
        ['openai', '/v1/chat/completions'],
        ['openai', '/v1/responses'],
        ['openai', '/v1/embeddings'],
        ['anthropic', '/v1/messages'],
      ] as const) {
        const { max_completion_tokens: _, messages, ...asked } = { ...ASKED, model }
        const more = { '/v1/messages': { max_tokens: 9, messages }, '/v1/chat/completions': { messages } }[
          path as string
        ]
        const refused = boundOf(chat({ ...asked, ...(more ?? { input: 'hello' }) }, { path }), type)
        expect(refused, `${type} ${path}`).to.have.property('code', 'model_unknown')
        expect('message' in refused && refused.message).to.match(/^[\x20-\x7e]{1,500}$/)
      }
    })
  }

  it('a route without a price is refused with the sentence that says how to declare it', () => {
    const refused = boundOf(chat(ASKED, { path: '/v1/images/generations' }))
    expect('message' in refused && refused.message).to.contain('routes: [{match: "POST /v1/images/generations"')
  })
})

describe('what an answer with tokens came to', () => {
  const CHAT_USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
  const spentOn = (type: 'openai' | 'anthropic', call: ReturnType<typeof chat>, answer: string) => {
    const bound = boundOf(call, type)
    if (!('kind' in bound) || bound.kind !== 'priced') throw new Error(JSON.stringify(bound))
    const settling = { call, bound, answer: { status: 200, headers: {}, body: Buffer.from(answer) } }
    const { totalUsdMicros } = costingOf(type).actual(settling, pricing(type))
    return totalUsdMicros === bound.totalUsdMicros ? 'bound' : totalUsdMicros
  }
  const message = chat(
    { model: 'claude-opus-5-5', max_tokens: 100, messages: ASKED.messages },
    { path: '/v1/messages' },
  )

  const SPENT: readonly (readonly [what: string, usage: unknown, openai: number | 'bound'])[] = [
    ['as it should be', CHAT_USAGE, 75],
    ['above the bound', { ...CHAT_USAGE, completion_tokens: 1_000_000 }, 10_000_025],
    ['missing', undefined, 'bound'],
    ['null', null, 'bound'],
    ['a list', [CHAT_USAGE], 'bound'],
    ['negative', { ...CHAT_USAGE, prompt_tokens: -10 }, 'bound'],
    ['broken', { ...CHAT_USAGE, completion_tokens: 4.5 }, 'bound'],
    ['a text', { ...CHAT_USAGE, completion_tokens: '5' }, 'bound'],
    ['past 2^53', { ...CHAT_USAGE, completion_tokens: 2 ** 53 }, 'bound'],
    ['more from a cache than there was', { ...CHAT_USAGE, prompt_tokens_details: { cached_tokens: 11 } }, 'bound'],
    ['of a tier without a price', CHAT_USAGE, 'bound'],
  ]
  for (const [what, usage, micros] of SPENT) {
    it(`is ${micros} where the usage of a chat is ${what}`, () => {
      const tier = what.startsWith('of a tier') ? { service_tier: 'turbo' } : {}
      expect(spentOn('openai', chat(ASKED), JSON.stringify({ id: 'c', usage, ...tier }))).to.equal(micros)
    })
  }

  it('is the bound where the answer is no JSON, is cut, or is a list', () => {
    for (const answer of ['', '<html>', '{"usage":{"prompt_tokens":1,"completion_tokens":1}', '[]', 'null']) {
      expect(spentOn('openai', chat(ASKED), answer), answer).to.equal('bound')
      expect(spentOn('anthropic', message, answer), answer).to.equal('bound')
    }
  })

  it('is the bound where the usage of a message cannot be believed', () => {
    const good = { input_tokens: 10, output_tokens: 5 }
    expect(spentOn('anthropic', message, JSON.stringify({ usage: good }))).to.equal(10 * 4 + 5 * 20)
    for (const usage of [
      undefined,
      {},
      { ...good, input_tokens: -1 },
      { ...good, output_tokens: null },
      { ...good, cache_read_input_tokens: 0.5 },
      { ...good, cache_creation_input_tokens: 1, cache_creation: { ephemeral_5m_input_tokens: 2 } },
      { ...good, server_tool_use: { web_search_requests: 1 } },
      { ...good, speed: 'fast' },
    ]) {
      expect(spentOn('anthropic', message, JSON.stringify({ usage })), JSON.stringify(usage)).to.equal('bound')
    }
  })
})

describe('which call for tokens it is', () => {
  const kindOf = (path: string, type: 'openai' | 'anthropic' = 'anthropic', more: CallParts = {}) => {
    const identity = recogniserOf(type)(chat(ASKED, { path, ...more }), { name: type, type, routes: [] }, 'auto')
    return 'code' in identity ? identity.code : identity.kind
  }

  it('is free only where the route is written as it stands in the vendor’s pages', () => {
    expect(kindOf('/v1/messages')).to.equal('llm')
    expect(kindOf('/v1/messages/count_tokens')).to.equal('read')
    for (const path of ['/v1/messages/count_tokens/', '/v1/messages/Count_tokens', '/v1/x/count_tokens']) {
      expect(kindOf(path), path).to.equal('mutating')
    }
    for (const path of [
      '/v1/messages/count_tokens/..',
      '/v1/messages%2fcount_tokens',
      '/v1//messages/count_tokens',
      '/v1/messages;a=b/count_tokens',
      '/v1/messages/count_tokens.',
    ]) {
      expect(kindOf(path), path).to.equal('path_ambiguous')
    }
  })

  it('a header that would make another method of it is refused, and so is a socket', () => {
    expect(kindOf('/v1/messages', 'anthropic', { headers: { 'x-http-method-override': 'GET' } })).to.equal(
      'request_malformed',
    )
    const socket = { method: 'GET', body: '', headers: { upgrade: 'websocket' } }
    expect(kindOf('/v1/realtime', 'openai', socket)).to.equal('request_malformed')
  })
})
