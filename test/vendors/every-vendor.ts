import type { UsdMicros } from '../../contract/money.ts'
import type { TokenPricing, VendorPricing } from '../../contract/pricing.ts'
import type { VendorTerms, VendorType } from '../../contract/vendor.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { isRefusal, recogniserOf } from '../../vendors/registry/identity.ts'
import { PLACEHOLDER_ACCOUNT } from '../../vendors/twilio/routes.ts'
import { type CallParts, callOf, FORM, JSON_TYPE, STRIPE_PRICING, TWILIO_PRICES } from './calls.ts'

/** A vendor with one call that costs, and what a policy says of it. */
export interface VendorUnderTest {
  readonly type: VendorType
  readonly terms: VendorTerms
  readonly pricing: VendorPricing
  readonly paid: CallParts & { readonly path: string; readonly type: string; readonly body: string }
  /** A free route that changes something, where the vendor has one. */
  readonly free: string | null
}

const usd = (micros: number) => micros as UsdMicros
const TOKENS: TokenPricing = { models: [], usesListPrices: true, maxOutputTokens: null, freeFields: [] }
const CHAT = '"messages":[{"role":"user","content":"hello"}]'

export const EVERY_VENDOR: readonly VendorUnderTest[] = [
  {
    ...ofType('stripe', {}),
    paid: { path: '/v1/payment_intents', type: FORM, body: 'amount=100&currency=usd' },
    free: '/v1/customers',
  },
  {
    ...ofType('twilio', {
      twilio: {
        accountSid: `AC${'5e'.repeat(16)}`,
        prices: TWILIO_PRICES,
        pricesByTo: {},
        callTimeLimitSeconds: null,
      },
    }),
    paid: {
      path: `/2010-04-01/Accounts/${PLACEHOLDER_ACCOUNT}/Messages.json`,
      type: FORM,
      body: 'To=%2B15558675310&From=%2B15005550006&Body=Hi',
    },
    free: null,
  },
  {
    ...ofType('resend', { resend: { recipientUsdMicros: usd(400) } }),
    paid: { path: '/emails', type: JSON_TYPE, body: '{"from":"a@x.com","to":"b@x.com","subject":"Hi","text":"Hi"}' },
    free: '/topics',
  },
  {
    ...ofType('openai', { tokens: TOKENS }),
    paid: {
      path: '/v1/chat/completions',
      type: JSON_TYPE,
      body: `{"model":"gpt-4o",${CHAT},"max_completion_tokens":100}`,
    },
    free: null,
  },
  {
    ...ofType('anthropic', { tokens: TOKENS }),
    paid: { path: '/v1/messages', type: JSON_TYPE, body: `{"model":"claude-opus-5-5",${CHAT},"max_tokens":100}` },
    free: '/v1/messages/count_tokens',
  },
  {
    type: 'generic',
    terms: {
      name: 'sms',
      type: 'generic',
      routes: [
        { match: 'POST /v1/send', kind: 'mutating', core: ['/to'] },
        { match: 'POST /v1/drafts', kind: 'mutating', core: [] },
      ],
    },
    pricing: {
      ...STRIPE_PRICING,
      type: 'generic',
      routes: [
        { match: 'POST /v1/send', usdMicros: usd(2_000), by: { kind: 'unit', at: '/parts' } },
        { match: 'POST /v1/drafts', usdMicros: usd(0) },
      ],
    },
    paid: { path: '/v1/send', type: JSON_TYPE, body: '{"to":"+15558675310","parts":3}' },
    free: '/v1/drafts',
  },
]

function ofType(type: VendorType, more: Partial<VendorPricing>): Pick<VendorUnderTest, 'type' | 'terms' | 'pricing'> {
  return { type, terms: { name: type, type, routes: [] }, pricing: { ...STRIPE_PRICING, type, ...more } }
}

/** What becomes of a call, in one word: `refused: CODE` by identity or by cost, `free`, or the micro-dollars. */
export function fateOf(vendor: VendorUnderTest, parts: CallParts): string {
  const call = callOf(parts)
  const identity = recogniserOf(vendor.type)(call, vendor.terms, 'auto')
  const bound = costingOf(vendor.type).bound(call, vendor.pricing)
  if (isRefusal(bound)) return `refused: ${bound.code}`
  if (isRefusal(identity)) return `refused: ${identity.code}`
  return bound.kind === 'priced' ? String(bound.totalUsdMicros) : bound.kind
}
