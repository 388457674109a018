import { expect } from 'chai'
import type { TokenPricing, VendorPricing } from '../../contract/pricing.ts'
import type { CallText } from '../../contract/vendor.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { callOf, JSON_TYPE, STRIPE_PRICING } from './calls.ts'

const TOKENS: TokenPricing = { models: [], usesListPrices: true, maxOutputTokens: null, freeFields: [] }
const PRICING: VendorPricing = { ...STRIPE_PRICING, type: 'openai', tokens: TOKENS }
/** Tokens that gpt-5 can hold; a million of input costs 1,250,000 micro-dollars. */
const CONTEXT = 400_000

const post = (path: string, body: object) =>
  callOf({ method: 'POST', path, type: JSON_TYPE, body: JSON.stringify(body) })
const respond = (more: object) =>
  post('/v1/responses', {
    ...{ model: 'gpt-5', input: 'hello', max_output_tokens: 100, service_tier: 'default' },
    ...more,
  })
const chat = (message: object) =>
  post('/v1/chat/completions', {
    ...{ model: 'gpt-5', max_completion_tokens: 100, service_tier: 'default' },
    messages: [{ role: 'user', content: 'hello', ...message }],
  })
const boundOf = (call: CallText) => {
  const bound = costingOf('openai').bound(call, PRICING)
  if ('code' in bound) return bound.code
  return bound.kind === 'priced' ? bound.totalUsdMicros : bound.kind
}
const spentAt =
  (pricing: VendorPricing) =>
  (call: CallText, usage: object, tier: unknown = 'default') => {
    const bound = costingOf('openai').bound(call, pricing)
    if ('code' in bound || bound.kind !== 'priced') throw new Error(JSON.stringify(bound))
    const body = Buffer.from(JSON.stringify({ usage, service_tier: tier }))
    const { totalUsdMicros } = costingOf('openai').actual({ call, bound, answer: { status: 200, headers: {}, body } })
    return totalUsdMicros === bound.totalUsdMicros ? 'bound' : totalUsdMicros
  }
const spentOn = spentAt(PRICING)

describe('tokens that an answer in OpenAI’s protocol has in its total alone', () => {
  it('are reasoning, and are spent as output', () => {
    const grok = { prompt_tokens: 32, completion_tokens: 9, total_tokens: 135 }
    const details = { completion_tokens_details: { reasoning_tokens: 94 } }
    expect(spentOn(chat({}), { ...grok, ...details })).to.equal(32 * 1.25 + (9 + 94) * 10)
    const responses = { input_tokens: 32, output_tokens: 9, total_tokens: 135 }
    expect(spentOn(respond({}), responses)).to.equal(32 * 1.25 + (9 + 94) * 10)
  })

  it('add nothing where the total is what it should be, is missing, or is less', () => {
    for (const total of [{ total_tokens: 41 }, {}, { total_tokens: null }, { total_tokens: 0 }]) {
      const usage = { prompt_tokens: 32, completion_tokens: 9, ...total }
      expect(spentOn(chat({}), usage), JSON.stringify(total)).to.equal(32 * 1.25 + 9 * 10)
    }
  })

  it('cannot be priced where a cache keeps part of them for twelve hours', () => {
    const written = (cache_write_tokens_details: object) => {
      const details = { cached_tokens: 0, cache_write_tokens: 8, cache_write_tokens_details }
      return spentOn(respond({}), { input_tokens: 32, output_tokens: 9, input_tokens_details: details })
    }
    expect(written({ ttl_12h_tokens: 0, ttl_30m_tokens: 8 })).to.equal(32 * 1.25 + 9 * 10)
    expect(written({ ttl_30m_tokens: 8 })).to.equal(32 * 1.25 + 9 * 10)
    expect(written({ ttl_12h_tokens: 8, ttl_30m_tokens: 0 })).to.equal('bound')
    expect(written({ ttl_12h_tokens: '8' })).to.equal('bound')
  })

  it('cannot be believed where the total is no count, or where no output is sold', () => {
    expect(spentOn(chat({}), { prompt_tokens: 32, completion_tokens: 9, total_tokens: -1 })).to.equal('bound')
    const embed = post('/v1/embeddings', { model: 'text-embedding-3-small', input: 'hello '.repeat(100) })
    expect(spentOn(embed, { prompt_tokens: 100, total_tokens: 100 })).to.equal(2)
    expect(spentOn(embed, { prompt_tokens: 100, total_tokens: 101 })).to.equal('bound')
  })
})

describe('an answer in OpenAI’s protocol that names no tier', () => {
  const USAGE = { prompt_tokens: 40, completion_tokens: 10, total_tokens: 50 }
  const STANDARD_MICROS = 40 * 1.25 + 10 * 10
  const asking = (service_tier: string | undefined) =>
    post('/v1/chat/completions', {
      ...{ model: 'gpt-5', max_completion_tokens: 100, service_tier },
      messages: [{ role: 'user', content: 'hello' }],
    })

  it('is spent at the dearest that the request may have had', () => {
    for (const tier of [null, 'auto']) {
      expect(spentOn(asking('priority'), USAGE, tier)).to.equal(STANDARD_MICROS * 2.5)
      expect(spentOn(asking(undefined), USAGE, tier)).to.equal(STANDARD_MICROS * 2.5)
      expect(spentOn(asking('default'), USAGE, tier)).to.equal(STANDARD_MICROS)
      expect(spentOn(asking('flex'), USAGE, tier)).to.equal(STANDARD_MICROS)
    }
    expect(spentOn(asking(undefined), USAGE, 'default')).to.equal(STANDARD_MICROS)
    expect(spentOn(asking('priority'), USAGE, 'default')).to.equal(STANDARD_MICROS)
    expect(spentOn(asking('priority'), USAGE, 'flex')).to.equal(STANDARD_MICROS / 2)
  })

  it('takes no discount of OpenAI’s off the price of another vendor, whose standard tier may have a name of its own', () => {
    const model = {
      ...{ model: 'gpt-5', long: null, contextTokens: CONTEXT },
      base: {
        ...{ inputPerMillionUsdMicros: 1_250_000, outputPerMillionUsdMicros: 10_000_000 },
        ...{ cacheReadPerMillionUsdMicros: 1_250_000, cacheWritePerMillionUsdMicros: 1_250_000 },
        cacheWriteHourPerMillionUsdMicros: 1_250_000,
      },
    }
    const groq = { ...PRICING, tokens: { ...TOKENS, models: [model], usesListPrices: false } }
    for (const tier of ['flex', 'on_demand', undefined]) {
      expect(spentAt(groq)(asking(tier), USAGE, tier ?? 'on_demand')).to.equal(STANDARD_MICROS)
    }
    expect(spentAt(groq)(asking(undefined), USAGE, 'performance')).to.equal('bound')
  })

  it('is so in a stream too', () => {
    const bound = costingOf('openai').bound(asking('priority'), PRICING)
    if ('code' in bound || bound.kind !== 'priced') throw new Error(JSON.stringify(bound))
    const reader = costingOf('openai').reader?.(bound, false)
    reader?.next(Buffer.from(`data: ${JSON.stringify({ choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`))
    expect(reader?.price()).to.equal(BigInt(STANDARD_MICROS * 2.5))
  })

  it('is spent at the standard price or above where an older version reserved it', () => {
    const call = asking(undefined)
    const bound = costingOf('openai').bound(call, PRICING)
    if ('code' in bound || bound.kind !== 'priced') throw new Error(JSON.stringify(bound))
    const { settlesAt: _, ...older } = bound
    for (const service_tier of [undefined, 'flex']) {
      const body = Buffer.from(JSON.stringify({ usage: USAGE, service_tier }))
      const answer = { status: 200, headers: {}, body }
      expect(costingOf('openai').actual({ call, answer, bound: older }).totalUsdMicros).to.equal(STANDARD_MICROS)
    }
  })
})

describe('a base URL that holds too much or too little', () => {
  const told = (type: 'openai' | 'anthropic', path: string) => {
    const bound = costingOf(type).bound(post(path, { model: 'x', messages: [] }), { ...PRICING, type })
    return 'code' in bound ? `${bound.code} ${bound.message}` : bound.kind
  }
  const MEANT = [
    ['openai', '/v1/v1/chat/completions', 'POST /v1/chat/completions', "the app's base URL holds one `/v1` too many"],
    ['openai', '/v1/responses/', 'POST /v1/responses', 'leave out the slash at its end'],
    ['anthropic', '/messages', 'POST /v1/messages', "the app's base URL has to end in `/v1`"],
    ['anthropic', '/v1/v1/messages', 'POST /v1/messages', "the app's base URL holds one `/v1` too many"],
  ] as const
  for (const [type, path, meant, how] of MEANT) {
    it(`is named, for ${path} at ${type}`, () => {
      expect(told(type, path)).to.equal(`route_unknown There is no POST ${path}. Is ${meant} meant? Then ${how}.`)
    })
  }

  it('is named where an SDK brings the path of its vendor with it', () => {
    expect(told('openai', '/v1/openai/v1/chat/completions')).to.match(/`groq-sdk` asks.*ask \/v1\/chat\/completions\.$/)
    expect(told('openai', '/v1/openai/v1/models')).to.match(/vendor of type `generic`/)
  })

  it('is not supposed where another route is asked for', () => {
    expect(told('openai', '/v1/images/generations')).to.match(/vendor of type `generic`/)
    expect(told('anthropic', '/v1/messages/batches')).to.match(/vendor of type `generic`/)
  })
})

describe('what a request in OpenAI’s protocol does not show by a type', () => {
  it('is an item that the vendor keeps, however its id is written down', () => {
    for (const item of [
      { id: 'msg_1' },
      { id: 'msg_1', type: null },
      { type: 'item_reference', id: 'msg_1' },
      { id: 'msg_1', role: 'user' },
      { id: 'msg_1', content: null },
    ]) {
      expect(boundOf(respond({ input: [item] })), JSON.stringify(item)).to.be.above(CONTEXT * 1.25)
    }
    expect(boundOf(respond({ input: [{ id: 'msg_1', role: 'user', content: 'hello' }] }))).to.be.below(2_000)
  })

  it('is a picture, a file or a sound by its name', () => {
    const part = (name: string) => chat({ content: [{ [name]: { url: 'https://example.com/a' } }] })
    const text = Number(boundOf(part('other')))
    expect(Number(boundOf(part('image_url'))) - text).to.be.above(1_000)
    expect(boundOf(part('file'))).to.be.above(CONTEXT * 1.25)
    for (const name of ['input_audio', 'audio_url', 'video_url']) {
      expect(boundOf(part(name)), name).to.equal('price_unbounded')
    }
  })

  it('is no picture where a command has a variable that looks like one', () => {
    const env = { type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(200_000)}` }
    const call = { type: 'local_shell_call', call_id: 'c', status: 'completed', action: { type: 'exec', env } }
    expect(boundOf(respond({ input: [call] }))).to.be.above(200_000 * 1.25)
  })
})

describe('an answer of OpenAI’s in the background', () => {
  it('costs at most the standard price, whatever window it is given', () => {
    const plain = Number(boundOf(respond({ background: true })))
    for (const completion_window of ['soonest', '2h', '8h', undefined, null]) {
      const background_options = { completion_window, continuation_id: 'c' }
      expect(boundOf(respond({ background: true, background_options })), String(completion_window)).to.be.within(
        plain,
        plain + 200,
      )
    }
    expect(boundOf(respond({ background_options: null }))).to.be.below(plain + 200)
  })

  it('is refused with options that nobody has judged', () => {
    for (const background_options of [
      { completion_window: 'now' },
      { completion_window: 1 },
      { speed: 'fast' },
      '2h',
      [],
    ]) {
      expect(boundOf(respond({ background_options })), JSON.stringify(background_options)).to.equal('price_unbounded')
    }
  })
})
