import { createHash } from 'node:crypto'
import { INJECT_LABEL } from '../contract/labels.ts'
import { parseUsd, type UsdMicros } from '../contract/money.ts'
import type {
  CurrencyTable,
  DeclaredIdempotency,
  DeclaredStatuses,
  ResendTerms,
  RoutePrice,
  SecretPlace,
  StripeTerms,
  TokenPricing,
  TwilioPrices,
  TwilioTerms,
} from '../contract/pricing.ts'
import type { DeclaredMediaTypes, DeclaredRoute, VendorType } from '../contract/vendor.ts'
import { withoutLastSlash } from './base-url.ts'
import type {
  CapPolicy,
  ClassCap,
  DecimalUsd,
  PolicyCurrencies,
  PolicyVendor,
  PricedRoute,
  SecretRef,
  StripeVendor,
  TwilioVendor,
  TwilioVendorPrices,
  VendorAuth,
} from './cap-policy.ts'
import { parseExpiry } from './expiry.ts'
import { readTokenVendor } from './token-vendor.ts'

const STRIPE_BASE_URL = 'https://api.stripe.com'
const RESEND_BASE_URL = 'https://api.resend.com'
const TWILIO_BASE_URL = 'https://api.twilio.com'
const DEFAULT_EXPIRES_IN = '24h'
const DEFAULT_MAX_BODY_KIB = 1_024

/** A policy as the program uses it: defaults filled in, dollars as micro-dollars. Made only by `readPolicy`. */
export interface Policy {
  readonly name: string
  /** All of these labels, with these values, must stand on a namespace that uses the policy. */
  readonly namespaceLabels: Readonly<Record<string, string>>
  readonly caps: Caps
  readonly expiresInMs: number
  readonly appKeys: 'auto' | 'trust'
  readonly divergingReplay: 'refuse' | 'warn' | 'core'
  readonly ambiguousRepeat: 'refuse' | 'fold'
  readonly allowOptOut: boolean
  readonly maxBodyBytes: number
  readonly currencies: CurrencyTable
  readonly vendors: readonly Vendor[]
}

/** Null: no such cap. */
export interface Caps {
  readonly perRunDefaultUsdMicros: UsdMicros
  readonly perRunMaxUsdMicros: UsdMicros
  readonly perDayUsdMicros: UsdMicros | null
  readonly perNamespaceDayUsdMicros: UsdMicros | null
}

export interface Vendor {
  readonly name: string
  readonly type: VendorType
  /** Origin, without a slash at its end. */
  readonly baseUrl: string
  /** Stands before every path of the vendor's, without a slash at its end; absent: nothing does. */
  readonly basePath?: string
  readonly secretRef: SecretRef
  readonly perDayUsdMicros: UsdMicros | null
  readonly allowedEndpoints: readonly string[]
  /** Declared vendors only: how the secret is sent; null: as the vendor's own protocol says. */
  readonly auth: SecretPlace | null
  /** Declared vendors only: their word on repeats; the others' `cost.ts` knows theirs. */
  readonly idempotency: DeclaredIdempotency
  readonly prices: readonly RoutePrice[]
  readonly routes: readonly DeclaredRoute[]
  /** Declared vendors only, lower case. */
  readonly retryTokenHeader?: string
  /** Declared vendors only, lower case. */
  readonly mediaTypes?: DeclaredMediaTypes
  /** Declared vendors only. */
  readonly statuses?: DeclaredStatuses
  /** Twilio only. */
  readonly twilio?: TwilioTerms
  /** Resend only. */
  readonly resend?: ResendTerms
  /** Vendors of tokens only. */
  readonly tokens?: TokenPricing
  /** Stripe only. */
  readonly stripe?: StripeTerms
}

/** `document` must have passed the schema. */
export function readPolicy(document: CapPolicy): Policy {
  const { spec } = document
  const { perRunUsd, perDayUsd, perNamespaceDayUsd } = spec.caps
  return {
    name: document.metadata.name,
    namespaceLabels: spec.namespaceSelector?.matchLabels ?? { [INJECT_LABEL]: 'enabled' },
    caps: {
      perRunDefaultUsdMicros: micros(perRunUsd.default),
      perRunMaxUsdMicros: micros(perRunUsd.max ?? perRunUsd.default),
      perDayUsdMicros: microsOrNull(perDayUsd),
      perNamespaceDayUsdMicros: microsOrNull(perNamespaceDayUsd),
    },
    expiresInMs: expiryMs(spec.expiresIn ?? DEFAULT_EXPIRES_IN),
    appKeys: spec.appKeys ?? 'auto',
    divergingReplay: spec.divergingReplay ?? 'refuse',
    ambiguousRepeat: spec.ambiguousRepeat ?? 'refuse',
    allowOptOut: spec.allowOptOut ?? false,
    maxBodyBytes: (spec.maxBodyKiB ?? DEFAULT_MAX_BODY_KIB) * 1_024,
    currencies: currencyTable(spec.currencies),
    vendors: spec.vendors.map(readVendor),
  }
}

function readVendor(vendor: PolicyVendor): Vendor {
  const basics = {
    name: vendor.name,
    secretRef: vendor.secretRef,
    perDayUsdMicros: microsOrNull(vendor.perDayUsd),
    allowedEndpoints: vendor.allowedEndpoints,
  }
  switch (vendor.type) {
    case 'stripe':
      return {
        ...basics,
        type: 'stripe',
        baseUrl: withoutLastSlash(vendor.baseUrl ?? STRIPE_BASE_URL),
        auth: null,
        idempotency: 'never',
        prices: [],
        routes: [],
        stripe: stripeTerms(vendor),
      }
    case 'twilio':
      return {
        ...basics,
        type: 'twilio',
        baseUrl: withoutLastSlash(vendor.baseUrl ?? TWILIO_BASE_URL),
        auth: { basicUser: vendor.apiKeySid ?? vendor.accountSid },
        idempotency: 'never',
        prices: [],
        routes: [],
        twilio: twilioTerms(vendor),
      }
    case 'resend':
      return {
        ...basics,
        type: 'resend',
        baseUrl: withoutLastSlash(vendor.baseUrl ?? RESEND_BASE_URL),
        auth: null,
        idempotency: 'never',
        prices: [],
        routes: [],
        resend: { recipientUsdMicros: micros(vendor.recipientUsd) },
      }
    case 'openai':
    case 'anthropic':
      return { ...basics, ...readTokenVendor(vendor), idempotency: 'never', prices: [], routes: [] }
    case 'generic':
      return {
        ...basics,
        type: 'generic',
        baseUrl: withoutLastSlash(vendor.baseUrl),
        auth: secretPlace(vendor.auth),
        idempotency: vendor.idempotency,
        ...(vendor.retryTokenHeader === undefined ? {} : { retryTokenHeader: vendor.retryTokenHeader.toLowerCase() }),
        ...(vendor.mediaTypes === undefined ? {} : { mediaTypes: lowerCaseNames(vendor.mediaTypes) }),
        statuses: { refused: vendor.statuses?.refused ?? [], notDone: vendor.statuses?.notDone ?? [] },
        prices: vendor.routes.map(routePrice),
        routes: vendor.routes.map(declaredRoute),
      }
  }
}

function lowerCaseNames(mediaTypes: DeclaredMediaTypes): DeclaredMediaTypes {
  return Object.fromEntries(Object.entries(mediaTypes).map(([name, read]) => [name.toLowerCase(), read]))
}

function twilioTerms({ accountSid, prices, pricesByTo, callTimeLimitSeconds }: TwilioVendor): TwilioTerms {
  const byTo = Object.entries(pricesByTo ?? {}).map(([to, own]): [string, TwilioPrices] => [to, twilioPrices(own)])
  return {
    accountSid,
    prices: twilioPrices(prices),
    pricesByTo: Object.fromEntries(byTo),
    callTimeLimitSeconds: callTimeLimitSeconds ?? null,
  }
}

function twilioPrices(prices: TwilioVendorPrices): TwilioPrices {
  const { segmentUsd, mmsUsd, callMinuteUsd, recordMinuteUsd, machineDetectionUsd, engagementUsd } = prices
  return {
    segmentUsdMicros: microsOrNull(segmentUsd),
    mmsUsdMicros: microsOrNull(mmsUsd),
    callMinuteUsdMicros: microsOrNull(callMinuteUsd),
    recordMinuteUsdMicros: microsOrNull(recordMinuteUsd),
    machineDetectionUsdMicros: microsOrNull(machineDetectionUsd),
    engagementUsdMicros: microsOrNull(engagementUsd),
  }
}

function secretPlace(auth: VendorAuth): SecretPlace {
  if (auth === 'bearer') return { header: 'Authorization', scheme: 'Bearer' }
  return 'basic' in auth ? { basicUser: auth.basic.user ?? null } : auth
}

function routePrice({ match, usd, perUnit, perItem, fromAnswer }: PricedRoute): RoutePrice {
  const fixed = { match, usdMicros: micros(usd) }
  if (perUnit !== undefined) return { ...fixed, by: { kind: 'unit', at: perUnit } }
  if (perItem !== undefined) return { ...fixed, by: { kind: 'item', at: perItem } }
  if (fromAnswer === undefined) return fixed
  return { ...fixed, by: { kind: 'answer', at: fromAnswer.at, unitUsdMicros: micros(fromAnswer.usd) } }
}

/** A route that only reads and costs nothing is free to repeat; any other is numbered. */
function declaredRoute({ match, usd, core }: PricedRoute): DeclaredRoute {
  const isRead = /^(GET|HEAD) /.test(match) && micros(usd) === 0
  return { match, kind: isRead ? 'read' : 'mutating', core: core ?? [] }
}

function currencyTable(currencies: PolicyCurrencies | undefined): CurrencyTable {
  const bufferBasisPoints = currencies?.bufferBasisPoints ?? 0
  const rates = Object.entries(currencies?.usdMicrosPerMajorUnit ?? {}).sort(([left], [right]) =>
    left < right ? -1 : 1,
  )
  const hash = createHash('sha256')
    .update(JSON.stringify([bufferBasisPoints, rates]))
    .digest('hex')
  return { bufferBasisPoints, usdMicrosPerMajorUnit: Object.fromEntries(rates), hash }
}

function microsOrNull(usd: DecimalUsd | undefined): UsdMicros | null {
  return usd === undefined ? null : micros(usd)
}

function micros(usd: DecimalUsd): UsdMicros {
  const amount = parseUsd(usd)
  if (amount === undefined) throw new Error(`the schema let through "${usd}" as dollars`)
  return amount
}

function expiryMs(text: string): number {
  const ms = parseExpiry(text)
  if (ms === undefined) throw new Error(`the schema let through "${text}" as a duration`)
  return ms
}

function stripeTerms({ classCaps = {}, maximums = [] }: StripeVendor): StripeTerms {
  const caps = Object.entries(classCaps) as [string, ClassCap][]
  return {
    classCaps: Object.fromEntries(caps.map(([name, { perDayUsd }]) => [name, micros(perDayUsd)])),
    maximums: maximums.map(({ match, usd }) => ({ match, usdMicros: micros(usd) })),
  }
}
