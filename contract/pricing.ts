import type { UsdMicros } from './money.ts'
import type { DeclaredMediaTypes, VendorType } from './vendor.ts'

/** How other currencies become dollars. Integers only; sums are rounded up. */
export interface CurrencyTable {
  /** Added to every conversion, in hundredths of a percent: 200 is 2 %. Default 0. */
  readonly bufferBasisPoints: number
  /** Micro-dollars for one major unit (one euro, one yen), by upper-case ISO 4217 code. USD needs no entry. */
  readonly usdMicrosPerMajorUnit: Readonly<Record<string, number>>
  /** SHA-256 of the canonical table, 64 hex; recorded with each reservation. */
  readonly hash: string
}

/** Price of one route of a declared vendor. */
export interface RoutePrice {
  /** `METHOD /path`, a `*` stands for one segment. */
  readonly match: string
  /** Micro-dollars a call, or of what `by` counts; 0 is free. */
  readonly usdMicros: UsdMicros
  /** Absent: a fixed price. */
  readonly by?: PriceRule
}

/** How a declared price is counted. `at`: a JSON pointer, `/a/b`; in a form it names the field `a[b]`. */
export type PriceRule =
  /** The number in the request, times the price; begun micro-dollars are whole. */
  | { readonly kind: 'unit'; readonly at: string }
  /** The items of the list in the request, times the price; what is no list is one. */
  | { readonly kind: 'item'; readonly at: string }
  /** The number in the answer, times `unitUsdMicros`; the price is the most, and what is reserved. */
  | { readonly kind: 'answer'; readonly at: string; readonly unitUsdMicros: UsdMicros }

/** What `vendors/<v>/cost.ts` needs of the policy to price a call. */
export interface VendorPricing {
  readonly type: VendorType
  readonly currencies: CurrencyTable
  /** Declared vendors only; empty for the others. */
  readonly routes: readonly RoutePrice[]
  /** Declared vendors only: whether the vendor may be asked twice under one key. */
  readonly idempotency: DeclaredIdempotency
  /** Declared vendors only: statuses that mean something else there than elsewhere. */
  readonly statuses?: DeclaredStatuses
  /** Declared vendors only: how bodies of further media types are read. */
  readonly mediaTypes?: DeclaredMediaTypes
  /** Twilio only. */
  readonly twilio?: TwilioTerms
  /** Resend only. */
  readonly resend?: ResendTerms
  /** LLM vendors only. */
  readonly tokens?: TokenPricing
  /** Stripe only. */
  readonly stripe?: StripeTerms
}

/** What the policy says of Stripe's money beyond the caps on what is spent. */
export interface StripeTerms {
  /** By class: the cap of a UTC day. What is here counts there alone; what is not here costs as Stripe's table says. */
  readonly classCaps: Readonly<Record<string, UsdMicros>>
  /** The most that a call may move on routes whose amount only Stripe knows; the first match counts. Not here: refused. */
  readonly maximums: readonly RoutePrice[]
}

/** What the policy says of a Resend account. */
export interface ResendTerms {
  /** One recipient of one mail: each address of To, Cc and Bcc. */
  readonly recipientUsdMicros: UsdMicros
}

/** What a policy says about the tokens of one LLM vendor. */
export interface TokenPricing {
  /** Models that the policy prices itself; they win over the built-in list. */
  readonly models: readonly ModelPrice[]
  /** Whether the built-in list of the vendor's own prices holds for the others. */
  readonly usesListPrices: boolean
  /** Put into a request that limits its output by nothing; null: the most that its model can write is reserved. */
  readonly maxOutputTokens: number | null
  /** Fields of requests that are not known here and that, as the policy says, change no price. */
  readonly freeFields: readonly string[]
  /** OpenAI's protocol only. False: streams tell their usage without being asked for it. */
  readonly asksForUsage?: boolean
  /** OpenAI's protocol at Azure only: requests name one of these instead of a model. */
  readonly deployments?: readonly Deployment[]
}

/** A model as it was set up at Azure, under a name of the customer's own. */
export interface Deployment {
  readonly name: string
  /** As `models` or the built-in list names it. */
  readonly model: string
}

/** Prices of one model. Those of tokens are whole micro-dollars for a million tokens: $2.50 is 2 500 000. */
export interface ModelPrice {
  /** As requests name it. */
  readonly model: string
  readonly base: TokenPrices
  /** Prices of the whole request once its input, cached or not, is above `aboveTokens`; null: there is one price. */
  readonly long: { readonly aboveTokens: number; readonly prices: TokenPrices } | null
  /** Most tokens of input and output together; null: not known. */
  readonly contextTokens: number | null
}

/** Micro-dollars for a million tokens, by what they are. */
export interface TokenPrices {
  /** Input that no cache holds. */
  readonly inputPerMillionUsdMicros: number
  /** Reasoning counts as output. */
  readonly outputPerMillionUsdMicros: number
  readonly cacheReadPerMillionUsdMicros: number
  /** Input that a cache takes up for a few minutes. */
  readonly cacheWritePerMillionUsdMicros: number
  /** Input that a cache takes up for an hour. */
  readonly cacheWriteHourPerMillionUsdMicros: number
}

/** What the policy says of a Twilio account: Twilio names no price in its answers, so these are what is counted. */
export interface TwilioTerms {
  /** The real account, `AC` and 32 hex; put in for the placeholder that apps are given. */
  readonly accountSid: string
  readonly prices: TwilioPrices
  /** Prices for numbers that begin so, such as `+49` or `whatsapp:+49`; the longest beginning counts. */
  readonly pricesByTo: Readonly<Record<string, TwilioPrices>>
  /** Put into calls that set no `TimeLimit`; null: such calls are refused. Seconds. */
  readonly callTimeLimitSeconds: number | null
}

/** Null: not priced, so it is refused. */
export interface TwilioPrices {
  /** One segment of a message, carrier fees included. */
  readonly segmentUsdMicros: UsdMicros | null
  /** One message with media. */
  readonly mmsUsdMicros: UsdMicros | null
  /** One minute of a call, begun minutes counted whole. */
  readonly callMinuteUsdMicros: UsdMicros | null
  /** Beside the minute, where the call is recorded. */
  readonly recordMinuteUsdMicros: UsdMicros | null
  /** Beside the minutes, once, where Twilio is to tell a person from a machine. */
  readonly machineDetectionUsdMicros: UsdMicros | null
  /** Beside the message, once, where Twilio shortens its links or sends it later: the fee of its Engagement Suite. */
  readonly engagementUsdMicros: UsdMicros | null
}

/** Statuses of a declared vendor's that it gives only when nothing has happened. */
export interface DeclaredStatuses {
  /** Final: the call has failed for good, costs nothing and is replayed. */
  readonly refused: readonly number[]
  /** The call may be made again: nothing stays reserved. */
  readonly notDone: readonly number[]
}

/** How a vendor takes its secret. */
export type SecretPlace =
  /** `scheme`: put before the secret with a space, for example `Bearer`. */
  | { readonly header: string; readonly scheme?: string }
  /** HTTP Basic with the secret as the password; null: the secret is the user, and there is no password. */
  | { readonly basicUser: string | null }
  /** A parameter of the query. */
  | { readonly query: string }

/** `never`: a call is sent once. Otherwise the header that carries the key and how long the vendor keeps it. */
export type DeclaredIdempotency = 'never' | { readonly header: string; readonly windowHours: number }
