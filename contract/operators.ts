import type { CallId, JobUid, KeyId, RunUid } from './ids.ts'
import type { UsdMicros } from './money.ts'

/** Body of `POST /vault/keys`, read. On the wire the fields are in snake case and dollars are decimal text or numbers. */
export interface NewKeyRequest {
  readonly vendor: string
  /** Default `default`. */
  readonly policy?: string
  readonly label?: string
  /** Over the key's whole life. Where neither cap is given, the policy's default for a run. */
  readonly usdCap?: UsdMicros
  /** In a UTC day. */
  readonly dailyUsdCap?: UsdMicros
  /** Narrows what the policy allows. */
  readonly allowedEndpoints?: readonly string[]
  /** `90s`, `45m`, `24h`, `7d`. Default: the policy's. */
  readonly expiresIn?: string
}

/** Body of `PATCH /vault/keys/{key_id}`, read. Null takes the cap away; absent leaves it. */
export interface KeyChange {
  readonly usdCap?: UsdMicros | null
  readonly dailyUsdCap?: UsdMicros | null
}

/** A vault key as operators see it. Dollars are decimal text, null where there is no cap. */
export interface KeyView {
  readonly key_id: KeyId
  readonly run: RunUid
  /** The one vendor of a key made by hand; null for a run's. */
  readonly vendor: string | null
  readonly policy: string
  readonly label: string | null
  /** `expired`: active but for its expiry. */
  readonly status: 'active' | 'expired' | 'ended' | 'revoked'
  readonly usd_cap: string | null
  readonly daily_usd_cap: string | null
  readonly limits_set_by_person: boolean
  readonly spent_usd: string
  readonly reserved_usd: string
  readonly spent_today_usd: string
  readonly reserved_today_usd: string
  readonly allowed_endpoints: readonly string[] | null
  readonly created_at_ms: number
  readonly expires_at_ms: number | null
}

/** Answer of `POST /vault/keys`: the only time that the key itself is shown. */
export type NewKeyView = KeyView & { readonly vault_key: string }

/** Answer of `DELETE /vault/keys/{key_id}`. */
export type RevokedKeyView = KeyView & {
  /** Admitted before, outcome not known yet. `sent`: it may have left. */
  readonly in_flight: readonly { readonly call_id: CallId; readonly sent: boolean }[]
}

/** A run as operators see it, with its key. */
export interface RunView {
  readonly run: RunUid
  readonly namespace: string
  readonly policy: string
  readonly completion_mode: 'Indexed' | 'NonIndexed'
  readonly completions: number | null
  /** In the order they joined. */
  readonly jobs: readonly { readonly uid: JobUid; readonly name: string; readonly ended: boolean }[]
  readonly key: KeyView
  readonly opened_at_ms: number
  /** Ended, and nothing of it is in doubt. */
  readonly closed: boolean
}

/** What the records of a run come to; those of its calls go 72 hours after its end or later. */
export interface RunTotalsView {
  /** Settled; reads left out. */
  readonly call_count: number
  readonly in_doubt_count: number
  /** Calls answered from the record. */
  readonly replay_count: number
  /** Calls that a cap had no room for. */
  readonly refused_by_cap_count: number
}

/** One run, with what its records come to. */
export type RunDetailView = RunView & { readonly totals: RunTotalsView }

/** Query of `GET /runs`, read. */
export interface RunFilter {
  readonly namespace?: string
  /** Name or UID of a Job of `namespace`: only the newest run that it belongs to. */
  readonly job?: string
  /** Only runs with a Job that has not ended. */
  readonly living?: boolean
}

/** Body of `POST /calls/{call_id}/resolve`, read: what a person found at the vendor. */
export type ResolveRequest = { readonly effect: false } | { readonly effect: true; readonly spentUsd: UsdMicros }

/** Answer of it. */
export interface ResolvedCallView {
  readonly call_id: CallId
  readonly state: 'reserved' | 'sent' | 'settled' | 'released' | 'in_doubt'
  readonly spent_usd: string
}

/** Query of `GET /audit`, read. */
export interface AuditFilter {
  readonly run?: RunUid
  readonly key?: KeyId
  readonly label?: string
  readonly index?: number
  readonly fromMs?: number
  readonly toMs?: number
  /** Only events after this number. Default 0. */
  readonly cursor: number
  /** At most so many. Absent: all. */
  readonly limit?: number
}

/** A policy in use, with what is spent under it. Dollars are decimal text. */
export interface PolicyView {
  readonly policy: string
  /** The UTC day that the sums are of, `2026-11-26`. */
  readonly day: string
  /** Null: no such cap. */
  readonly per_day_usd: string | null
  readonly spent_today_usd: string
  readonly reserved_today_usd: string
  /** Of its vendors; what is in them is shown to nobody. */
  readonly secrets: readonly { readonly name: string; readonly key: string; readonly is_there: boolean }[]
}
