import type { CallIdentity } from '../../contract/call.ts'
import type { UsdMicros } from '../../contract/money.ts'
import type { TwilioPrices, VendorPricing } from '../../contract/pricing.ts'
import type { CallText, VendorTerms } from '../../contract/vendor.ts'
import { isRefusal, recogniserOf } from '../../vendors/registry/identity.ts'

export const FORM = 'application/x-www-form-urlencoded'
export const JSON_TYPE = 'application/json'

export const STRIPE: VendorTerms = { name: 'stripe', type: 'stripe', routes: [] }

export const GEOCODE: VendorTerms = {
  name: 'geocode',
  type: 'generic',
  routes: [
    { match: 'POST /v1/lookup', kind: 'mutating', core: ['/address', '/who/0/name'] },
    { match: 'POST /v1/plain', kind: 'mutating', core: [] },
    { match: 'GET /v1/reports/*', kind: 'mutating', core: [] },
  ],
}

export const TWILIO_PRICES: TwilioPrices = {
  segmentUsdMicros: 7_900 as UsdMicros,
  mmsUsdMicros: 20_000 as UsdMicros,
  callMinuteUsdMicros: 14_000 as UsdMicros,
  recordMinuteUsdMicros: 2_500 as UsdMicros,
  machineDetectionUsdMicros: 7_500 as UsdMicros,
  engagementUsdMicros: 15_000 as UsdMicros,
}

export const STRIPE_PRICING: VendorPricing = {
  type: 'stripe',
  currencies: { bufferBasisPoints: 0, usdMicrosPerMajorUnit: { EUR: 1_080_000, JPY: 6_700 }, hash: '' },
  routes: [],
  idempotency: 'never',
}

export const GEOCODE_PRICING: VendorPricing = {
  type: 'generic',
  currencies: { bufferBasisPoints: 0, usdMicrosPerMajorUnit: {}, hash: '' },
  routes: [
    { match: 'POST /v1/lookup', usdMicros: 10_000 as UsdMicros },
    { match: 'POST /v1/plain', usdMicros: 0 as UsdMicros },
    { match: 'GET /v1/reports/*', usdMicros: 20_000 as UsdMicros },
  ],
  idempotency: 'never',
}

export interface CallParts {
  readonly method?: string
  readonly path?: string
  readonly query?: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** A plain create of a PaymentIntent, but for the parts given. */
export function callOf(parts: CallParts): CallText {
  const { method = 'POST', path = '/v1/payment_intents', query = '', type = FORM, headers = {}, body = '' } = parts
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return { method, path, query, headers: { 'content-type': type, ...headers }, body: bytes }
}

/** The code of the refusal, or the identity's field. */
export function recognised<Name extends keyof CallIdentity>(
  name: Name,
  parts: CallParts,
  terms: VendorTerms = STRIPE,
): CallIdentity[Name] | string {
  const identity = recogniserOf(terms.type)(callOf(parts), terms, 'auto')
  return isRefusal(identity) ? `refused: ${identity.code}` : identity[name]
}

/** Rows of a table written as text: cells two or more spaces apart, the first row its heads. */
export function rowsOf(table: string): string[][] {
  return table
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/ {2,}/))
}
