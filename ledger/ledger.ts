import type { StoreProblemCode } from '../contract/store-problems.ts'
import type { BodyRoom } from '../runtime/body-room.ts'
import type { GrowingRoom } from '../runtime/growing-room.ts'
import type { Reports } from './call/reports.ts'
import type { Sends } from './call/sends.ts'
import type { LedgerEffects } from './effects.ts'
import type { PodCredentials } from './identity/pod-credential.ts'
import type { KeyedRuns } from './identity/run-key.ts'
import type { RunTermsCache } from './identity/run-terms.ts'
import type { KnownTotals } from './operator/run-totals.ts'
import type { Sealer } from './seal.ts'

/** What every journey of the ledger works with: the effects, and what the ledger keeps in memory over them. */
export interface Ledger extends LedgerEffects {
  readonly settings: LedgerSettings
  /** What a person does without on the store, for `/readyz`. */
  readonly waived: readonly string[]
  readonly care: StoreCare
  readonly sealer: Sealer
  readonly credentials: PodCredentials
  readonly keyedRuns: KeyedRuns
  readonly runTerms: RunTermsCache
  readonly totals: KnownTotals
  readonly sends: Sends
  readonly reports: Reports
  /** Memory for the bodies of calls in flight. */
  readonly bodies: BodyRoom
  /** Memory for vendors' answers that are kept whole. */
  readonly answers: GrowingRoom
}

/** What a person is told of the store while it is not ready, and may say. */
export interface StoreCare {
  /** Empty while it is ready. */
  problemCodes(): readonly StoreProblemCode[]
  /** Goes on without the journal of a replica. Undefined where nobody waits for it. */
  giveUp(replicaId: string): Promise<'given_up' | undefined>
}

export interface LedgerSettings {
  /** How long a vendor may be silent, and how long a request is repeated. Default 80 000, as Stripe's own SDKs wait. */
  readonly vendorDeadlineMs: number
  /** The same for language models, which think before they speak. Default 600 000, as their SDKs wait. */
  readonly modelDeadlineMs: number
  /** How often unresolved calls are taken up again. Default 5 000. */
  readonly repairEveryMs: number
}
