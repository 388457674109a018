import { expect } from 'chai'
import type { TokenPricing, VendorPricing } from '../../contract/pricing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { recogniserOf } from '../../vendors/registry/identity.ts'
import { callOf, JSON_TYPE, STRIPE_PRICING } from './calls.ts'

/** A micro-dollar for a token of output, and as many for `dear` as tell the two apart. */
const modelOf = (model: string, outputPerMillionUsdMicros: number) => ({
  ...{ model, long: null, contextTokens: 5_000 },
  base: {
    inputPerMillionUsdMicros: 0,
    outputPerMillionUsdMicros,
    cacheReadPerMillionUsdMicros: 0,
    cacheWritePerMillionUsdMicros: 0,
    cacheWriteHourPerMillionUsdMicros: 0,
  },
})
const TOKENS: TokenPricing = {
  ...{ usesListPrices: false, maxOutputTokens: null, freeFields: [] },
  models: [modelOf('cheap', 1_000_000), modelOf('dear', 1_000_000_000)],
  deployments: [
    { name: 'chat-prod', model: 'cheap' },
    { name: 'cheap', model: 'dear' },
    { name: 'forgotten', model: 'no-such-model' },
  ],
}
const pricingOf = (more: Partial<TokenPricing> = {}): VendorPricing => ({
  ...STRIPE_PRICING,
  type: 'openai',
  tokens: { ...TOKENS, ...more },
})
const { deployments: _, ...elsewhere } = TOKENS
const NOT_AT_AZURE: VendorPricing = { ...STRIPE_PRICING, type: 'openai', tokens: elsewhere }

const costing = costingOf('openai')
const ask = (path: string, body: object = {}) =>
  callOf({
    ...{ method: 'POST', path, type: JSON_TYPE },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'hello' }], max_tokens: 10, ...body }),
  })
const fateOf = (path: string, body: object = {}, pricing = pricingOf()) => {
  const bound = costing.bound(ask(path, body), pricing)
  return 'code' in bound ? bound.code : bound.kind === 'priced' ? bound.totalUsdMicros : bound.kind
}

describe('OpenAI at Azure', () => {
  const CHAT = '/openai/deployments/chat-prod/chat/completions'
  const FATES: readonly (readonly [name: string, path: string, body: object, fate: number | string])[] = [
    ['the path names the deployment', CHAT, {}, 10],
    ['the path goes before the body', CHAT, { model: 'dear' }, 10],
    ['a deployment is no model, though it has the name of one', CHAT.replace('chat-prod', 'cheap'), {}, 10_000],
    ['a model is no deployment', CHAT.replace('chat-prod', 'dear'), {}, 'model_unknown'],
    ['a deployment whose model has no price', CHAT.replace('chat-prod', 'forgotten'), {}, 'model_unknown'],
    ['the newest place: the body names it', '/openai/v1/chat/completions', { model: 'chat-prod' }, 10],
    ['there no model is named by its own name', '/openai/v1/chat/completions', { model: 'dear' }, 'model_unknown'],
    ['nor is nothing', '/openai/v1/chat/completions', {}, 'model_unknown'],
    ['two names in one path', '/openai/deployments/chat-prod/v1/chat/completions', {}, 'route_unknown'],
    ['where OpenAI itself has it', '/v1/chat/completions', { model: 'chat-prod' }, 'route_unknown'],
    ['a route that is sold otherwise', '/openai/deployments/chat-prod/images/generations', {}, 'route_unknown'],
    ['documents that Azure reads for the model', CHAT, { data_sources: [{}] }, 'price_unbounded'],
  ]
  for (const [name, path, body, fate] of FATES) {
    it(`${name}: ${fate}`, () => {
      expect(fateOf(path, body)).to.equal(fate)
    })
  }

  it('what is free at OpenAI itself is not known to be free there', () => {
    expect(fateOf('/openai/v1/moderations', {}, pricingOf({ usesListPrices: true }))).to.equal('route_unknown')
    expect(fateOf('/moderations', {}, pricingOf({ usesListPrices: true }))).to.equal('route_unknown')
  })

  it('a response whose client has no deployment of its own', () => {
    const input = { messages: undefined, max_tokens: undefined, input: 'hello', max_output_tokens: 10 }
    expect(fateOf('/openai/responses', { ...input, model: 'chat-prod' })).to.equal(10)
  })

  it('a vendor elsewhere has none of these paths, and the refusal says what to declare', () => {
    const bound = costing.bound(ask(CHAT, { model: 'cheap' }), NOT_AT_AZURE)
    expect(bound).to.include({ code: 'route_unknown' })
    expect(bound)
      .to.have.property('message')
      .that.includes('deployments')
      .and.includes('{name: "chat-prod", model: "gpt-4o"}')
  })

  it('a client of Azure that took the address of OpenAI is told of its own', () => {
    for (const version of ['', '/v1']) {
      const bound = costing.bound(ask(`${version}/deployments/chat-prod/chat/completions`), NOT_AT_AZURE)
      expect(bound).to.include({ code: 'route_unknown' })
      expect(bound).to.have.property('message').that.includes('/azure/openai').and.does.not.include('generic')
    }
    const other = costing.bound(ask('/v1/deployments/chat-prod/images/generations'), NOT_AT_AZURE)
    expect(other).to.have.property('message').that.includes('generic')
  })

  it('puts its limit in by the name that each model there knows', () => {
    const call = ask(CHAT, { max_tokens: undefined, model: 'cheap' })
    const forward = costing.forwardBody(call, pricingOf({ maxOutputTokens: 7 }))
    expect('body' in forward && JSON.parse(Buffer.from(forward.body).toString())).to.include({
      max_completion_tokens: 7,
    })
  })

  it('is a call for tokens to the sidecar, wherever it stands', () => {
    const terms = { name: 'azure', type: 'openai', routes: [] } as const
    for (const path of [CHAT, '/openai/responses', '/openai/v1/embeddings']) {
      expect(recogniserOf('openai')(ask(path), terms, 'auto'), path).to.include({ kind: 'llm' })
    }
    expect(recogniserOf('openai')(ask('/openai/images/generations'), terms, 'auto')).to.include({ kind: 'mutating' })
  })

  describe('a refusal that Azure bills', () => {
    const spentOn = (path: string, error: object, status = 400) => {
      const pricing = path.startsWith('/openai/') ? pricingOf() : NOT_AT_AZURE
      const call = ask(path, { model: 'cheap' })
      const bound = costing.bound(call, pricing)
      if ('code' in bound || bound.kind !== 'priced') throw new Error('no bound')
      const answer = { status, headers: {}, body: Buffer.from(JSON.stringify({ error })) }
      const { totalUsdMicros, hasEffect } = costing.actual({ call, answer, bound })
      return `${totalUsdMicros} ${hasEffect}`
    }
    const FILTERED = { code: 'content_filter', param: 'prompt', status: 400 }
    const SPENT: readonly (readonly [what: string, error: object, spent: string])[] = [
      ['a prompt that the filter stopped', FILTERED, '10 true'],
      ['one by the inner code alone', { code: null, innererror: { code: 'ResponsibleAIPolicyViolation' } }, '10 true'],
      ['more input than the model holds', { code: 'context_length_exceeded' }, '10 true'],
      ['a parameter that is not known', { code: 'unknown_parameter' }, '0 false'],
      ['no code', { code: null }, '0 false'],
    ]
    for (const [what, error, spent] of SPENT) {
      it(`${what}: ${spent}`, () => {
        expect(spentOn(CHAT, error)).to.equal(spent)
      })
    }

    it('is none where it was not let in, nor elsewhere', () => {
      expect(spentOn(CHAT, FILTERED, 404)).to.equal('0 false')
      expect(spentOn('/v1/chat/completions', FILTERED)).to.equal('0 false')
    })
  })

  it('the secret goes where Azure takes a key', () => {
    expect(costing.auth('s', { header: 'api-key' })).to.deep.equal({ name: 'api-key', value: 's' })
    expect(costing.auth('s', null)).to.deep.equal({ name: 'authorization', value: 'Bearer s' })
  })
})
