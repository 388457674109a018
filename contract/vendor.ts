import type { CallKind } from './call.ts'

/** The vendors whose calls jobcap can tell apart; `generic` ones are declared in the policy. */
export type VendorType = 'stripe' | 'twilio' | 'resend' | 'openai' | 'anthropic' | 'generic'

/** What the sidecar needs to tell a vendor's calls apart. Holds no secret and no price. */
export interface VendorTerms {
  /** First path segment and host name: `localhost:8080/<name>/…`, `<name>.localhost:8080`. */
  readonly name: string
  readonly type: VendorType
  /** Of a declared vendor: its mutating routes with the JSON pointers of their core fields. */
  readonly routes: readonly DeclaredRoute[]
  /** Of a declared vendor: header in which its SDKs mark the repeats of one in-process call, lower case. */
  readonly retryTokenHeader?: string
  /** Of a declared vendor: how bodies of further media types, in lower case, are read. */
  readonly mediaTypes?: DeclaredMediaTypes
}

/** Media types that are read like these two, beside the two themselves and what ends in `+json`. */
export type DeclaredMediaTypes = Readonly<Record<string, 'json' | 'form'>>

/** One mutating route of a declared vendor, without its price. */
export interface DeclaredRoute {
  /** `METHOD /path`, a `*` stands for one segment. */
  readonly match: string
  readonly kind: CallKind
  /** JSON pointers into the body: the fields that name the counterparty; empty: no core digest, no guard. */
  readonly core: readonly string[]
}

/** A request as an app made it, for a vendor's `identity.ts` and `cost.ts`. */
export interface CallText {
  readonly method: string
  /** Percent-encoded, prefix removed, begins with `/`, without the query. */
  readonly path: string
  /** Without the question mark; empty when there is none. */
  readonly query: string
  /** Lower-case names; repeated fields joined by `, ` as Node does. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}
