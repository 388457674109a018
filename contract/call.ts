import type { Digest, HistoryId } from './ids.ts'

/** Number of a request inside one life of a Pod: the boot of the sidecar, then a sequence within it. */
export interface Ord {
  /** 1 at the sidecar's first start in the Pod; +1 at each restart of it. */
  readonly boot: number
  /** 1, 2, 3 … within the boot. */
  readonly seq: number
}

/** Negative when `left` came first, 0 when equal. */
export function compareOrd(left: Ord, right: Ord): number {
  return left.boot - right.boot || left.seq - right.seq
}

/** Whose key came with a call: `token` marks one in-process call, `named` is a key of the app's that names the intention. */
export type AppKey = { readonly kind: 'token' | 'named'; readonly value: string }

/** `mutating`: numbered unless it has a named key. `llm`: identical calls may run in parallel. `read`: free, repeatable. */
export type CallKind = 'read' | 'mutating' | 'llm'

/** Where a call goes, and on whose account. */
export interface CallRoute {
  /** Method and path template, for example `GET /v1/charges/*`. */
  readonly route: string
  readonly kind: CallKind
  /** Canonical text of the account headers (`Stripe-Account` …); empty when there is none. */
  readonly account: string
}

/** Which intended call a request is. Made by `vendors/<v>/identity.ts`; the sidecar's is binding within its own scope. */
export interface CallIdentity extends CallRoute {
  readonly digest: Digest
  /** Core digest; null when the call names no counterparty. */
  readonly core: Digest | null
  readonly key: AppKey | null
}

/** The app has read, to its end, the answer of occurrence `n` of `digest`, in the given life of its Pod. */
export interface SeenFact {
  readonly life: number
  readonly digest: Digest
  readonly n: number
  /** Retry token of the request that read it; null without one. */
  readonly token: string | null
}

/** What a sidecar says of a call, in one header (`CLAIMS_HEADER`); see `claims-header.ts`. */
export interface CallClaims {
  readonly historyId: HistoryId
  readonly identity: CallIdentity
  /** The life of the Pod in which the app issued the request. */
  readonly life: number
  /** Null for reads: they are not numbered. */
  readonly ord: Ord | null
  /** Seen facts of this call's K that the ledger has not confirmed yet. */
  readonly seen: readonly SeenFact[]
  readonly delivery: DeliveryJournal
  /** The sidecar saw 2 s in which every numbered request of the attempt had been told to wait (rule 7). */
  readonly saysDiverged: boolean
  /** LLM routes: ords of the same digest still open in the sidecar, this one left out. */
  readonly open: readonly Ord[]
}

/** What the sidecar's file on the memory volume says about answers of this digest (S4). */
export interface DeliveryJournal {
  /** The file is whole from this boot on; null when it was lost, and then nothing is cleared. */
  readonly intactSinceBoot: number | null
  /** Occurrences of this digest that were being delivered when an older boot ended; of a call for tokens those that are now, too. */
  readonly delivering: readonly number[]
}

/** What the ledger tells the sidecar beside an answer, in one header (`NOTE_HEADER`), never handed to the app. */
export interface AnswerNote {
  readonly historyId: HistoryId
  /** Absent when nothing was recorded (most refusals). */
  readonly callId?: string
  /** The occurrence that the ledger found; absent for reads, named keys and refusals. */
  readonly n?: number
  /** 2xx, 402, final 4xx of the vendor: what can be seen. */
  readonly definite: boolean
  readonly replayed: boolean
  /** Set when the sidecar is to act instead of handing the answer on. `wait`: rule 7. `new_history`: rule 0. */
  readonly control?: 'wait' | 'new_history'
  /** Of `cap_exhausted`: the level, so that the sidecar remembers it until a later new call passes it. */
  readonly capLevel?: CapLevelName
  /** Cap levels that a new call just passed. */
  readonly passed?: readonly CapLevelName[]
}

/** What a cap is over: the run, the run in a UTC day, the policy in a UTC day, also per vendor or per namespace. */
export type CapLevelName =
  | 'run'
  | 'run_day'
  | 'policy_day'
  | 'policy_vendor_day'
  | 'policy_namespace_day'
  /** A class of money with a cap of its own, such as a vendor's refunds; such money counts in this level alone. */
  | 'policy_class_day'

/** Body of `POST /seen`. */
export interface SeenReport {
  readonly historyId: HistoryId
  readonly seen: readonly SeenFact[]
}
