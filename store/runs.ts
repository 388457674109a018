import type { ExchangePurpose, SidecarTerms } from '../contract/exchange.ts'
import type { CallId, JobUid, KeyId, PodUid, RunUid, WalkId } from '../contract/ids.ts'
import type { UsdMicros } from '../contract/money.ts'
import type { Refusal } from '../contract/refusals.ts'

export interface AdmitPodRequest {
  readonly purpose: ExchangePurpose
  /** Of the issuer's run, or of the `begin`; null: the asker names none. */
  readonly walk: WalkId | null
  /** That the Pod has, as it knows; null: it does not say. */
  readonly life: number | null
  readonly namespace: string
  readonly policyName: string
  readonly job: {
    readonly name: string
    readonly uid: JobUid
    readonly completionMode: 'Indexed' | 'NonIndexed'
    readonly completions: number | null
  }
  readonly pod: { readonly name: string; readonly uid: PodUid; readonly index: number | null }
  /** Name or UID of the Job whose run is continued; null for a run of its own. */
  readonly continues: string | null
  /** Made of the Job's run key: the run that the first Job with that key opens and all later ones join. Null: no key. */
  readonly keyedRunUid: RunUid | null
  readonly terms: RunTermsRow
  readonly sidecar: SidecarTerms
  /** The key to make if this Pod is the first of its run. */
  readonly newKey: { readonly keyId: KeyId; readonly hash: string; readonly expiresAtMs: number | null }
}

/** Terms of a run as judged by the policy. */
export interface RunTermsRow {
  readonly capUsdMicros: UsdMicros | null
  readonly dailyCapUsdMicros: UsdMicros | null
  readonly allowedEndpoints: readonly string[] | null
  readonly needsNamedKeys: boolean
}

export type AdmitPodAnswer =
  | { readonly status: 'ADMITTED'; readonly run: RunRow; readonly key: KeyRow; readonly life: number }
  | { readonly status: 'REFUSED'; readonly refusal: Refusal }

export interface CreateKeyRequest {
  readonly keyId: KeyId
  readonly hash: string
  readonly vendor: string
  readonly policyName: string
  readonly label: string | null
  readonly expiresAtMs: number | null
  readonly limits: Limits
  readonly allowedEndpoints: readonly string[] | null
}

/** Null: no such cap. Absent: unchanged. */
export interface Limits {
  readonly capUsdMicros?: UsdMicros | null
  readonly dailyCapUsdMicros?: UsdMicros | null
}

export interface KeyRow {
  readonly keyId: KeyId
  readonly runUid: RunUid
  readonly hash: string
  readonly label: string | null
  /** The one vendor of a key made by hand; null for a run's. */
  readonly vendor: string | null
  readonly policyName: string
  readonly status: 'active' | 'ended' | 'revoked'
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  readonly allowedEndpoints: readonly string[] | null
  readonly capUsdMicros: UsdMicros | null
  readonly dailyCapUsdMicros: UsdMicros | null
  readonly limitsSetByPerson: boolean
  /** Those that a person set; a continuing Job changes only the others. */
  readonly personsLimits: readonly (keyof Limits)[]
  /** When its last Job ended, or a person revoked it. Null while it is active. */
  readonly endedAtMs: number | null
  /** Whether the records of its calls are still there. From `pruning` on its run cannot be continued. */
  readonly retention: 'kept' | 'pruning' | 'pruned'
  /** Rises with each change of its status, limits or Jobs: of two rows of one key the higher one is newer. */
  readonly version: number
}

export interface RunRow {
  readonly runUid: RunUid
  readonly keyId: KeyId
  readonly namespace: string
  readonly policyName: string
  readonly completionMode: 'Indexed' | 'NonIndexed'
  readonly completions: number | null
  /** Jobs in the order they joined; the last is the one whose credentials pass. */
  readonly jobs: readonly RunJob[]
  readonly terms: RunTermsRow
  readonly sidecar: SidecarTerms
  readonly openedAtMs: number
  /** Set when `--restored` ended it for good. */
  readonly isFinal: boolean
  /** Ended, and nothing of it is in doubt. */
  readonly isClosed: boolean
}

export interface RunJob {
  readonly uid: JobUid
  readonly name: string
  readonly isEnded: boolean
}

/** What the records of a run come to. Those of its calls go with pruning. */
export interface RunTotals {
  /** Settled; reads left out. */
  readonly calls: number
  readonly inDoubt: number
  /** Calls answered from the record. */
  readonly replays: number
  /** Calls that a cap had no room for. */
  readonly refusedByCap: number
}

export interface RevokeAnswer {
  readonly key: KeyRow
  /** Admitted before, outcome not known yet. `sent`: it may have left. */
  readonly inFlight: readonly { readonly callId: CallId; readonly sent: boolean }[]
}

export interface Balance {
  readonly spentUsdMicros: UsdMicros
  readonly reservedUsdMicros: UsdMicros
}
