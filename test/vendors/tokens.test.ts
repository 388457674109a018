import { expect } from 'chai'
import type { TokenPricing, VendorPricing } from '../../contract/pricing.ts'
import { type Refusal, refusalBody } from '../../contract/refusals.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { recogniserOf } from '../../vendors/registry/identity.ts'
import { type CallParts, callOf, JSON_TYPE, STRIPE_PRICING } from './calls.ts'

const TOKENS = { models: [], usesListPrices: true, maxOutputTokens: null, freeFields: [] }
const PRICE = {
  inputPerMillionUsdMicros: 2_500_000,
  outputPerMillionUsdMicros: 10_000_000,
  cacheReadPerMillionUsdMicros: 2_500_000,
  cacheWritePerMillionUsdMicros: 2_500_000,
  cacheWriteHourPerMillionUsdMicros: 2_500_000,
}
const pricing = (type: 'openai' | 'anthropic', more: Partial<TokenPricing> = {}): VendorPricing => ({
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
const ASKED = {
  model: 'gpt-4o',
  messages: [{ role: 'user', content: 'hello' }],
  max_completion_tokens: 100,
}
const PART = { type: 'text', text: 'hello' }
const STANDARD = { ...ASKED, service_tier: 'default' }
const respond = (more: object) => {
  const body = { model: 'gpt-5', input: 'hello', max_output_tokens: 100, service_tier: 'default', ...more }
  return chat(body, { path: '/v1/responses' })
}
const CLAUDE = { model: 'claude-opus-5-5', max_tokens: 1_000, messages: ASKED.messages, inference_geo: 'global' }
const message = (more: object, headers: Record<string, string> = {}) =>
  chat({ ...CLAUDE, ...more }, { path: '/v1/messages', headers })
const boundOf = (call: ReturnType<typeof chat>, type: 'openai' | 'anthropic' = 'openai') =>
  costingOf(type).bound(call, pricing(type))
const microsOf = (call: ReturnType<typeof chat>) => {
  const bound = boundOf(call)
  return 'kind' in bound && bound.kind === 'priced' ? bound.totalUsdMicros : Number.NaN
}
const microsOfMessage = (more: object, headers: Record<string, string> = {}) => {
  const bound = boundOf(message(more, headers), 'anthropic')
  return 'kind' in bound && bound.kind === 'priced' ? bound.totalUsdMicros : Number.NaN
}

describe('what a call for tokens may cost at most', () => {
  it('is a token a byte, what the vendor adds, and the output that it may write', () => {
    const bytes = Buffer.byteLength(JSON.stringify(STANDARD))
    expect(microsOf(chat(STANDARD))).to.equal(Math.ceil((bytes + 100) * 2.5 + 100 * 10))
  })

  it('counts each answer asked for, and all that the model can write where nothing limits it', () => {
    expect(microsOf(chat({ ...STANDARD, n: 3 })) - microsOf(chat({ ...STANDARD, n: 1 }))).to.equal(2 * 100 * 10)
    const { max_completion_tokens: _, ...open } = STANDARD
    expect(microsOf(chat(open))).to.be.above(16_384 * 10)
  })

  it('counts a picture by the model’s rule, not by its bytes, however large', () => {
    const url = `data:image/png;base64,${'A'.repeat(10 * 1024 * 1024)}`
    const content = [{ type: 'image_url', image_url: { url } }]
    expect(microsOf(chat({ ...STANDARD, messages: [{ role: 'user', content }] }))).to.be.below(2_000 * 2.5 + 100 * 10)
  })

  it('counts a picture by its bytes too where the model’s rule is not known, up to all that it can hold', () => {
    const asked = (bytes: number) => {
      const url = `data:image/png;base64,${'A'.repeat(bytes)}`
      const messages = [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }]
      return microsOf(chat({ ...STANDARD, model: 'gpt-5-2', messages }))
    }
    expect(asked(100)).to.be.above(50_000 * 1.75)
    expect(asked(200_000)).to.be.above(200_000 * 1.75)
    expect(asked(5_000_000)).to.be.within(400_000 * 1.75, 402_000 * 1.75)
  })

  it('takes a `pro` model to write all that it can hold', () => {
    const { max_completion_tokens: _, ...open } = STANDARD
    expect(microsOf(chat({ ...open, model: 'gpt-5-pro' }))).to.be.above(400_000 * 120)
    expect(microsOf(chat({ ...open, model: 'gpt-5' }))).to.be.below(130_000 * 10)
  })

  it('counts a message at a region’s price unless it says `global`, for a workspace may have one by default', () => {
    expect(microsOfMessage({ inference_geo: undefined })).to.be.above(1_000 * 20 * 1.1)
    expect(microsOfMessage({ inference_geo: 'us' })).to.be.above(1_000 * 20 * 1.1)
    expect(microsOfMessage({ inference_geo: 'global' })).to.be.below(1_000 * 20 * 1.1)
  })

  it('counts a request at OpenAI that names no tier at the dearest, for its project may have that by default', () => {
    expect(microsOf(chat({ ...STANDARD, service_tier: 'priority' }))).to.be.above(2.5 * 100 * 10)
    for (const service_tier of [undefined, null, 'auto']) {
      expect(microsOf(chat({ ...STANDARD, service_tier }))).to.be.above(2.5 * 100 * 10)
    }
    expect(microsOf(chat(STANDARD))).to.be.below(2 * 100 * 10)
    const model = { model: 'own', base: PRICE, long: null, contextTokens: null }
    const elsewhere = pricing('openai', { models: [model], usesListPrices: false })
    const bound = costingOf('openai').bound(chat({ ...STANDARD, model: 'own', service_tier: undefined }), elsewhere)
    expect(bound)
      .to.have.property('totalUsdMicros')
      .that.is.below(2 * 100 * 10)
  })

  it('counts all that the model can hold where the vendor keeps part of what it reads', () => {
    const kept = { type: 'reasoning', id: 'rs_1', summary: [] }
    expect(microsOf(respond({ input: [kept] }))).to.be.above(400_000 * 1.25)
    expect(microsOf(respond({ input: [{ ...kept, encrypted_content: null }] }))).to.be.above(400_000 * 1.25)
    expect(microsOf(respond({ input: [{ ...kept, encrypted_content: 'gAAA' }] }))).to.be.below(2_000)
    expect(microsOf(respond({ previous_response_id: 'resp_1' }))).to.be.above(400_000 * 1.25)
    expect(microsOf(respond({ conversation: { id: 'conv_1' } }))).to.be.above(400_000 * 1.25)
  })

  it('counts a million tokens, at the price of so many, where the beta for them is asked for', () => {
    const file = { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } }
    const asked = { model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: [file] }] }
    const headers = { 'anthropic-beta': 'files-api-2025-04-14, context-1m-2025-08-07' }
    expect(microsOfMessage(asked)).to.be.below(2_000_000)
    expect(microsOfMessage(asked, headers)).to.be.above(1_000_000 * 6)
    const unknown = boundOf(message({ model: 'claude-sonnet-4-0' }, headers), 'anthropic')
    expect(unknown).to.have.property('code', 'price_unbounded')
    expect(microsOfMessage({}, headers)).to.equal(microsOfMessage({}))
  })

  it('adds a budget for thinking that lies above the limit of the output', () => {
    const thinking = (budget_tokens: number) => ({ thinking: { type: 'enabled', budget_tokens } })
    expect(microsOfMessage(thinking(900))).to.be.below(1_500 * 20)
    expect(microsOfMessage(thinking(5_000))).to.be.above(6_000 * 20)
  })

  it('refuses a thread of Anthropic’s in the words by which its SDKs go on without one', () => {
    const refused = boundOf(message({ thread: { type: 'create' } }), 'anthropic')
    expect(refused).to.have.property('code', 'price_unbounded')
    const { error } = JSON.parse(refusalBody(refused as Refusal)) as { error: { details: unknown } }
    expect(error.details).to.deep.equal({ error_code: 'thread_unsupported_request', unsupported: ['thread'] })
    expect(microsOfMessage({ thread: null })).to.be.above(0)
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
    [
      'a picture to embed, by its address',
      'price_unbounded',
      chat({ model: 'text-embedding-3-small', input: ['a', { image: 'https://e.com/a' }] }, { path: '/v1/embeddings' }),
    ],
    ['web search outside a list', 'price_unbounded', chat({ ...ASKED, tools: { type: 'web_search' } })],
    ['tools that are a text', 'price_unbounded', chat({ ...ASKED, tools: 'web_search' })],
    ['sound outside a list', 'price_unbounded', chat({ ...ASKED, modalities: 'audio' })],
    ['sound', 'price_unbounded', chat({ ...ASKED, modalities: ['text', 'audio'] })],
    [
      'an earlier answer in sound',
      'price_unbounded',
      chat({ ...ASKED, messages: [{ role: 'user', audio: { id: 'a' } }] }),
    ],
    ['web search by an option', 'price_unbounded', chat({ ...ASKED, web_search_options: {} })],
    ['a mode of reasoning without a price', 'price_unbounded', respond({ reasoning: { mode: 'pro' } })],
    ['a cache kept for longer', 'price_unbounded', respond({ prompt_cache_options: { ttl: '12h' } })],
    [
      'a part of a message kept for longer',
      'price_unbounded',
      chat({ ...ASKED, messages: [{ role: 'user', content: [{ ...PART, prompt_cache_breakpoint: { ttl: '12h' } }] }] }),
    ],
    [
      'a part of an input kept for longer',
      'price_unbounded',
      respond({ input: [{ role: 'user', content: [{ ...PART, prompt_cache_breakpoint: { ttl: '12h' } }] }] }),
    ],
    ['a prompt that the vendor keeps', 'price_unbounded', respond({ prompt: { id: 'pmpt_1' } })],
    ['a code interpreter', 'price_unbounded', respond({ tools: [{ type: 'code_interpreter' }] })],
    ['the tier that is sold to few', 'price_unbounded', respond({ service_tier: 'ultrafast' })],
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

  const FREE: readonly [route: string, free: boolean][] = [
    ['POST /v1/moderations', true],
    ['POST /moderations', true],
    ['POST /v1/responses/input_tokens', true],
    ['POST /v1/responses/resp_1/cancel', true],
    ['DELETE /v1/responses/resp_1', true],
    ['POST /v1/chat/completions/chatcmpl-1', true],
    ['DELETE /v1/chat/completions/chatcmpl-1', true],
    ['POST /v1/conversations', true],
    ['POST /v1/conversations/conv_1', true],
    ['DELETE /v1/conversations/conv_1', true],
    ['POST /v1/conversations/conv_1/items', true],
    ['DELETE /v1/conversations/conv_1/items/msg_1', true],
    ['POST /v1/responses/compact', false],
    ['POST /v1/responses/resp_1', false],
    ['POST /v1/responses/resp%201/cancel', false],
    ['POST /v1/chat/completions/', false],
    ['POST /v1/moderations/', false],
    ['PUT /v1/moderations', false],
    ['POST /v2/moderations', false],
    ['POST /v1/batches/batch_1/cancel', false],
    ['POST /v1/files', false],
  ]
  for (const [route, isFree] of FREE) {
    it(`${route} is ${isFree ? 'free at OpenAI, and refused where its prices do not hold' : 'refused everywhere'}`, () => {
      const [method = '', path = ''] = route.split(' ')
      const call = callOf({ method, path, type: JSON_TYPE, body: '{}' })
      const fate = (usesListPrices: boolean) => {
        const bound = costingOf('openai').bound(call, pricing('openai', { usesListPrices }))
        return 'code' in bound ? bound.code : bound.kind
      }
      expect([fate(true), fate(false)]).to.deep.equal([isFree ? 'free' : 'route_unknown', 'route_unknown'])
    })
  }

  for (const path of ['/messages', '/messages/count_tokens']) {
    it(`Anthropic’s ${path} without /v1, of a client that was given too short an address, is told so`, () => {
      const refused = boundOf(chat(CLAUDE, { path }), 'anthropic')
      expect(refused).to.have.property('code', 'route_unknown')
      expect(refused).to.have.property('message').that.includes(`Is POST /v1${path} meant?`).and.includes('base URL')
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
    const { totalUsdMicros } = costingOf(type).actual(settling)
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
      const tier = { service_tier: what.startsWith('of a tier') ? 'turbo' : 'default' }
      expect(spentOn('openai', chat(ASKED), JSON.stringify({ id: 'c', usage, ...tier }))).to.equal(micros)
    })
  }

  it('is a tenth more where the usage says that a message was kept in one region', () => {
    const usage = { input_tokens: 10, output_tokens: 5 }
    const spentIn = (inference_geo: string) =>
      spentOn('anthropic', message, JSON.stringify({ usage: { ...usage, inference_geo } }))
    expect(['us', 'global', 'not_available'].map(spentIn)).to.deep.equal([154, 140, 140])
  })

  it('is counted at the price of long inputs where all of the input, from a cache or not, is longer than their limit', () => {
    const double = Object.fromEntries(Object.entries(PRICE).map(([name, price]) => [name, price * 2])) as typeof PRICE
    const model = { model: 'own', base: PRICE, long: { aboveTokens: 100, prices: double }, contextTokens: null }
    const call = chat({ ...STANDARD, model: 'own', messages: [{ role: 'user', content: 'x'.repeat(1_000) }] })
    const bound = costingOf('openai').bound(call, pricing('openai', { models: [model], usesListPrices: false }))
    if (!('kind' in bound) || bound.kind !== 'priced') throw new Error(JSON.stringify(bound))
    const spentOf = (prompt_tokens: number) => {
      const usage = { prompt_tokens, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 60 } }
      const body = Buffer.from(JSON.stringify({ usage, service_tier: 'default' }))
      return costingOf('openai').actual({ call, bound, answer: { status: 200, headers: {}, body } }).totalUsdMicros
    }
    expect([100, 101].map(spentOf)).to.deep.equal([100 * 2.5 + 4 * 10, 2 * (101 * 2.5 + 4 * 10)])
  })

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

  it('is a read where OpenAI only counts or classifies, and a change where it keeps something', () => {
    for (const path of ['/v1/moderations', '/moderations', '/v1/responses/input_tokens']) {
      expect(kindOf(path, 'openai'), path).to.equal('read')
    }
    for (const path of ['/v1/conversations', '/v1/responses/resp_1/cancel', '/v1/moderations/x', '/v1/Moderations']) {
      expect(kindOf(path, 'openai'), path).to.equal('mutating')
    }
  })

  it('a header that would make another method of it is refused, and so is a socket', () => {
    expect(kindOf('/v1/messages', 'anthropic', { headers: { 'x-http-method-override': 'GET' } })).to.equal(
      'request_malformed',
    )
    for (const upgrade of ['websocket', 'h2c, websocket', 'HTTP/2.0']) {
      const socket = { method: 'GET', body: '', headers: { upgrade } }
      expect(kindOf('/v1/realtime', 'openai', socket), upgrade).to.equal('request_malformed')
    }
  })

  it('Java’s offer of HTTP/2 makes no other request of it', () => {
    const headers = { upgrade: 'h2c', 'http2-settings': 'AAMAAABk' }
    expect(kindOf('/v1/chat/completions', 'openai', { headers })).to.equal('llm')
    expect(kindOf('/v1/messages', 'anthropic', { headers })).to.equal('llm')
    expect(kindOf('/v1/models', 'openai', { headers, method: 'GET', body: '' })).to.equal('read')
  })
})
