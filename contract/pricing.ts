import type { UsdMicros } from './money.ts'
import type { VendorType } from './vendor.ts'

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
  /** Micro-dollars a call; 0 is free. */
  readonly usdMicros: UsdMicros
}

/** What `vendors/<v>/cost.ts` needs of the policy to price a call. */
export interface VendorPricing {
  readonly type: VendorType
  readonly currencies: CurrencyTable
  /** Declared vendors only; empty for the others. */
  readonly routes: readonly RoutePrice[]
  /** Declared vendors only: whether the vendor may be asked twice under one key. */
  readonly idempotency: DeclaredIdempotency
}

/** `never`: a call is sent once. Otherwise the header that carries the key and how long the vendor keeps it. */
export type DeclaredIdempotency = 'never' | { readonly header: string; readonly windowHours: number }
