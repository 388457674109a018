import type { CapLevelName } from './call.ts'
import type { CallId, Digest, JobUid, KeyId, PodUid, RunUid } from './ids.ts'
import type { UsdMicros } from './money.ts'
import type { RefusalCode } from './refusals.ts'

/** Who acted, as far as it applies. */
export interface AuditActor {
  /** Null, with all the rest, where what happened is the install's and not one key's. */
  readonly keyId: KeyId | null
  readonly runUid: RunUid | null
  readonly jobUid: JobUid | null
  readonly podUid: PodUid | null
  readonly podName: string | null
  readonly index: number | null
  readonly namespace: string | null
  readonly label: string | null
}

/** Which call. */
export interface AuditCall {
  readonly callId: CallId
  readonly vendor: string
  readonly route: string
  readonly digest: Digest
  /** Occurrence; null for reads and named keys. */
  readonly n: number | null
  /** The app's named key; null without one. */
  readonly namedKey: string | null
  /** The call's key for the vendor, null of reads. A vendor that takes keys got it; of another, `call.sent` stands in the record. */
  readonly vendorKey: string | null
}

/** What happened, one line of the record. Appended in the same atomic step as the money. */
export type AuditFact =
  | {
      readonly event: 'call.reserved'
      readonly call: AuditCall
      readonly reservedUsdMicros: UsdMicros
      readonly levels: readonly CapLevelName[]
      /** Hash of the policy's currency table, where another currency than US dollars was converted. */
      readonly ratesHash?: string
    }
  | { readonly event: 'call.taken_over'; readonly call: AuditCall; readonly epoch: number }
  /** About to go to a vendor that takes no idempotency key. */
  | { readonly event: 'call.sent'; readonly call: AuditCall }
  | {
      readonly event: 'call.settled'
      readonly call: AuditCall
      readonly spentUsdMicros: UsdMicros
      readonly status: number
      readonly object: string | null
      readonly isOverrun: boolean
    }
  | { readonly event: 'call.released'; readonly call: AuditCall; readonly reason: string }
  | {
      readonly event: 'call.in_doubt'
      readonly call: AuditCall
      readonly heldUsdMicros: UsdMicros
      readonly reason: string
    }
  | { readonly event: 'call.replayed'; readonly call: AuditCall; readonly status: number }
  | {
      readonly event: 'call.refused'
      readonly vendor: string
      readonly route: string
      readonly digest: Digest | null
      readonly code: RefusalCode
      readonly level: CapLevelName | null
    }
  | { readonly event: 'read.admitted'; readonly call: AuditCall }
  | { readonly event: 'read.answered'; readonly call: AuditCall; readonly status: number | null }
  | {
      readonly event: 'money.given_back'
      readonly call: AuditCall
      readonly object: string
      readonly usdMicros: UsdMicros
    }
  | { readonly event: 'alarm'; readonly call: AuditCall | null; readonly reason: string }
  | {
      readonly event: 'key.created'
      readonly capUsdMicros: UsdMicros | null
      readonly dailyCapUsdMicros: UsdMicros | null
    }
  | {
      readonly event: 'key.raised'
      readonly capUsdMicros: UsdMicros | null
      readonly dailyCapUsdMicros: UsdMicros | null
    }
  | { readonly event: 'key.revoked'; readonly inFlight: readonly CallId[] }
  | { readonly event: 'key.ended' }
  | { readonly event: 'run.opened' }
  | { readonly event: 'run.continued'; readonly byJobUid: JobUid }
  | { readonly event: 'run.closed'; readonly spentUsdMicros: UsdMicros; readonly effectsNoPodSaw: number }
  | { readonly event: 'run.pruned' }
  /** A person went on without the journal of a replica: calls of it that the store lost may be made again. */
  | { readonly event: 'journal.given_up'; readonly replicaId: string }
  | { readonly event: 'attempt.began'; readonly life: number }

/** One line of `GET /audit`. */
export type AuditEvent = AuditFact & {
  /** 1, 2, 3 … without gaps within one store; on Redis within the events of one policy. */
  readonly seq: number
  /** Wall clock of the store, milliseconds since the epoch. */
  readonly atMs: number
  readonly actor: AuditActor
}
