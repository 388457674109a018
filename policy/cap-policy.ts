/** A policy as people write it, in a file or as the custom resource `CapPolicy`. Held to its schema by `cap-policy.schema.ts`. */
export interface CapPolicy {
  readonly apiVersion: 'jobcap.dev/v1alpha1'
  readonly kind: 'CapPolicy'
  readonly metadata: PolicyMetadata
  readonly spec: CapPolicySpec
}

export interface PolicyMetadata {
  /** What Jobs and namespaces name in the label `jobcap.dev/policy`. */
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** Dollars as decimal text, for example `"5.00"`. */
export type DecimalUsd = string

export interface CapPolicySpec {
  /** Which namespaces may use the policy. Default: those labelled `jobcap.dev/inject: enabled`. */
  readonly namespaceSelector?: NamespaceSelector
  readonly caps: PolicyCaps
  /** How long a vault key lives, `90s`, `45m`, `24h`, `7d`. Default `24h`. */
  readonly expiresIn?: string
  /** Whether an Idempotency-Key of the app's that looks random marks one in-process call (`auto`) or names the intention (`trust`). Default `auto`. */
  readonly appKeys?: 'auto' | 'trust'
  /** What a replay that differs from the first walk does. Default `refuse`. */
  readonly divergingReplay?: 'refuse' | 'warn' | 'core'
  /** What a repeat does that may be a retry or a new call. Default `refuse`. */
  readonly ambiguousRepeat?: 'refuse' | 'fold'
  /** Whether Jobs may ask to be left alone. Default false. */
  readonly allowOptOut?: boolean
  /** Largest body of a paid call, KiB. Default 1024. */
  readonly maxBodyKiB?: number
  readonly currencies?: PolicyCurrencies
  readonly vendors: readonly PolicyVendor[]
}

export interface NamespaceSelector {
  /** All of these labels, with these values. Empty: every namespace. */
  readonly matchLabels: Readonly<Record<string, string>>
}

export interface PolicyCaps {
  readonly perRunUsd: {
    /** The cap of a run whose Job asks for none. */
    readonly default: DecimalUsd
    /** The most a Job may ask for. Default: `default`. */
    readonly max?: DecimalUsd
  }
  /** All runs of the policy together, a UTC day. */
  readonly perDayUsd?: DecimalUsd
  /** All runs of the policy in one namespace, a UTC day. */
  readonly perNamespaceDayUsd?: DecimalUsd
}

export interface PolicyCurrencies {
  /** Added to every conversion, hundredths of a percent. Default 0. */
  readonly bufferBasisPoints?: number
  /** Micro-dollars for one major unit, by ISO 4217 code. */
  readonly usdMicrosPerMajorUnit: Readonly<Record<string, number>>
}

export type PolicyVendor = StripeVendor | TwilioVendor | ResendVendor | OpenaiVendor | AnthropicVendor | GenericVendor

interface VendorBasics {
  /** First path segment and host name in the Pod: `localhost:8080/<name>/…`, `<name>.localhost:8080`. */
  readonly name: string
  /** Where the vendor's secret is; only the ledger reads it. */
  readonly secretRef: SecretRef
  /** All calls to this vendor under the policy together, a UTC day. */
  readonly perDayUsd?: DecimalUsd
  /** `METHOD /path`; a `*` stands for one segment, as the last one for one or more; a GET allows its HEAD. The rest is refused. */
  readonly allowedEndpoints: readonly string[]
}

export interface StripeVendor extends VendorBasics {
  readonly type: 'stripe'
  /** Origin. Default `https://api.stripe.com`. */
  readonly baseUrl?: string
  /** Classes of money with a cap of their own. */
  readonly classCaps?: StripeClassCaps
  /** The most that one call may move on routes whose amount only Stripe knows; without one they are refused. */
  readonly maximums?: readonly { readonly match: string; readonly usd: DecimalUsd }[]
}

/** What has a cap here counts against it alone. */
export interface StripeClassCaps {
  /** Refunds and reversals. Default: free. */
  readonly refunds?: ClassCap
  /** Default: free. */
  readonly creditNotes?: ClassCap
  /** Payouts and outbound payments. Default: counted as spent. */
  readonly payouts?: ClassCap
  /** To connected accounts. Default: counted as spent. */
  readonly transfers?: ClassCap
}

export interface ClassCap {
  /** All of it under the policy together, a UTC day. */
  readonly perDayUsd: DecimalUsd
}

/** Messages and calls at the prices that the policy declares. */
export interface TwilioVendor extends VendorBasics {
  readonly type: 'twilio'
  /** Origin. Default `https://api.twilio.com`. */
  readonly baseUrl?: string
  /** The real account, `AC…`; apps use a placeholder. */
  readonly accountSid: string
  /** `SK…` when the secret is that of an API key; else it is the account's auth token. */
  readonly apiKeySid?: string
  /** Prices for every number that no entry of `pricesByTo` names. */
  readonly prices: TwilioVendorPrices
  /** By the beginning of the number, such as `+49` or `whatsapp:+49`; the longest one counts, alone. */
  readonly pricesByTo?: Readonly<Record<string, TwilioVendorPrices>>
  /** Put into calls that set no TimeLimit. Default: those are refused. */
  readonly callTimeLimitSeconds?: number
}

/** What has no price is refused. */
export interface TwilioVendorPrices {
  /** One segment of a message, carrier fees included. */
  readonly segmentUsd?: DecimalUsd
  /** One message with media. */
  readonly mmsUsd?: DecimalUsd
  /** One minute of a call. */
  readonly callMinuteUsd?: DecimalUsd
  /** A minute more of a call that is recorded. */
  readonly recordMinuteUsd?: DecimalUsd
  /** A call that tells a person from a machine, beside its minutes. */
  readonly machineDetectionUsd?: DecimalUsd
  /** A message whose links are shortened, or that is sent later, beside its segments. */
  readonly engagementUsd?: DecimalUsd
}

/** Mails, at a price for each recipient. */
export interface ResendVendor extends VendorBasics {
  readonly type: 'resend'
  /** Origin. Default `https://api.resend.com`. */
  readonly baseUrl?: string
  /** One recipient of one mail: each address of To, Cc and Bcc. */
  readonly recipientUsd: DecimalUsd
}

/** OpenAI, or any vendor that speaks its protocol. */
export interface OpenaiVendor extends TokenVendor {
  readonly type: 'openai'
  /** Whether a stream is asked for its usage where the app does not ask. Default: true. */
  readonly asksForUsage?: boolean
  /** At Azure: the models behind the names that requests give. */
  readonly deployments?: readonly Deployment[]
}

export interface Deployment {
  /** As it was named at Azure: in the path of a request, or as its `model`. */
  readonly name: string
  /** The model that was deployed, as `models` names it. */
  readonly model: string
}

export interface AnthropicVendor extends TokenVendor {
  readonly type: 'anthropic'
}

interface TokenVendor extends VendorBasics {
  /** Origin, with the path that stands before `/v1` where there is one. Default: the vendor's own. */
  readonly baseUrl?: string
  /** Whether the built-in price list of the vendor holds. Default: only where there is no `baseUrl`. */
  readonly listPrices?: boolean
  /** Put into requests that limit their output by nothing. Default: none, and the most that the model can write is reserved. */
  readonly maxOutputTokens?: number
  /** Prices of models that the list lacks, or other ones than the list has. */
  readonly models?: readonly PricedModel[]
  /** Top-level fields of requests that are not known here and change no price. */
  readonly freeFields?: readonly string[]
}

export interface PricedModel {
  /** As requests name it. */
  readonly name: string
  /** Dollars for a million tokens of input. */
  readonly inputUsd: DecimalUsd
  /** Of output, reasoning counted. */
  readonly outputUsd: DecimalUsd
  /** Of input that the vendor had in its cache. Default: `inputUsd`. */
  readonly cacheReadUsd?: DecimalUsd
  /** Of input that its cache takes up. Default: `inputUsd`; for Anthropic 1.25 of it. */
  readonly cacheWriteUsd?: DecimalUsd
  /** Of input that its cache takes up for an hour. Default: `cacheWriteUsd`; for Anthropic twice `inputUsd`. */
  readonly cacheWriteHourUsd?: DecimalUsd
  /** Most tokens that the model holds. Default: not known. */
  readonly contextTokens?: number
}

/** A vendor whose prices the policy declares. */
export interface GenericVendor extends VendorBasics {
  readonly type: 'generic'
  /** Origin. */
  readonly baseUrl: string
  readonly auth: VendorAuth
  /** `never`: a call is sent once. Otherwise the header that carries the key, and how long the vendor keeps it. */
  readonly idempotency: 'never' | { readonly header: string; readonly windowHours: number }
  /** Request header in which the vendor's SDKs mark the repeats of one call. Default: none. */
  readonly retryTokenHeader?: string
  /** Media types that are JSON or a form though their names do not say so. Default: none. */
  readonly mediaTypes?: Readonly<Record<string, 'json' | 'form'>>
  /** Statuses that mean something else at this vendor than elsewhere. */
  readonly statuses?: VendorStatuses
  readonly routes: readonly PricedRoute[]
}

export interface SecretRef {
  readonly name: string
  readonly key: string
}

export type VendorAuth =
  /** `Authorization: Bearer <secret>`. */
  | 'bearer'
  /** Request header that carries the secret; `scheme`: the word before it. Default: none. */
  | { readonly header: string; readonly scheme?: string }
  /** HTTP Basic; without a `user` the secret is the user, and there is no password. */
  | { readonly basic: { readonly user?: string } }
  /** Parameter of the query that carries the secret. */
  | { readonly query: string }

/** Statuses that the vendor gives only when nothing has happened. */
export interface VendorStatuses {
  /** The call has failed for good. */
  readonly refused?: readonly number[]
  /** The call may be made again. */
  readonly notDone?: readonly number[]
}

export interface PricedRoute {
  /** `METHOD /path`; a `*` stands for exactly one segment. */
  readonly match: string
  /** Price of a call, or of what `perUnit` or `perItem` counts; with `fromAnswer` the most it can be. */
  readonly usd: DecimalUsd
  /** JSON pointer to a number in the request. */
  readonly perUnit?: string
  /** JSON pointer to a list in the request. */
  readonly perItem?: string
  /** The answer names a number, which costs `usd` each. */
  readonly fromAnswer?: { readonly at: string; readonly usd: DecimalUsd }
  /** JSON pointers into the body: the fields that name the counterparty. Default: none, and then no guard against diverging replays. */
  readonly core?: readonly string[]
}
