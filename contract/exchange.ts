import type { CapLevelName } from './call.ts'
import type { HistoryId, KeyId, PodUid, RunUid, WalkId } from './ids.ts'
import type { VendorTerms } from './vendor.ts'

/**
 * Why a Pod exchanges its token. `issue`: the issuer's own run, a new life if calls were made since the last one.
 * `begin`: `/_jobcap/begin`, likewise. `renew`: the same life goes on.
 */
export type ExchangePurpose = 'issue' | 'begin' | 'renew'

/** Body of `POST /vault/keys/exchange`; the Pod token is its bearer. */
export interface ExchangeRequest {
  readonly purpose: ExchangePurpose
  /**
   * With `issue` and `begin`: 32 hex digits, made once for each run of the issuer and each `begin` of the app, and the
   * same however often it asks, so that a copy that comes late begins no life.
   */
  readonly walk?: WalkId
  /** With `renew`, `begin` and a further run of the issuer: the Pod's life as it is known there, which the store may have lost. */
  readonly life?: number
}

/** What the Pod gets; also the content of the credential file, mode 0400, on the memory volume. */
export interface ExchangeAnswer {
  /** Bearer of the Pod's calls. A secret. */
  readonly credential: string
  readonly expiresAtMs: number
  readonly keyId: KeyId
  readonly runUid: RunUid
  readonly podUid: PodUid
  /** Completion index; null in a work queue. */
  readonly index: number | null
  readonly life: number
  readonly historyId: HistoryId
  /** What tells calls apart, as recorded with the run at its first exchange. */
  readonly sidecar: SidecarTerms
}

/** Version of the canonical form behind digests; recorded with the run. A change makes a new version beside this one. */
export const DIGEST_VERSION = 1

/** Recorded with the run at its first exchange and unchanged until it ends. */
export interface SidecarTerms {
  readonly digestVersion: typeof DIGEST_VERSION
  readonly appKeys: 'auto' | 'trust'
  readonly vendors: readonly VendorTerms[]
  /** A body above this is refused on a paid route and relayed unbuffered on others. Bytes. */
  readonly maxBodyBytes: number
}

/** A spent cap as the sidecar remembers it and writes it to its termination message. */
export interface SpentCap {
  readonly level: CapLevelName
  /** Decimal dollars. */
  readonly limitUsd: string
  readonly spentUsd: string
  readonly reservedUsd: string
}
