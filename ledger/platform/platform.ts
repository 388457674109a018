import type { TlsPair } from '../../runtime/http-server.ts'
import type { PolicySource, VendorSecrets, Workloads } from '../effects.ts'
import type { Operators } from '../operator/operators.ts'

/** Seals what is stored and signs Pod credentials; says whose a store is. */
export interface MasterKey {
  readonly key: Uint8Array
  /** No store has been opened with it yet, so an empty Redis cannot be one that lost its data. */
  readonly isUnused: boolean
  /** Resolves when it is known to all that a store has been opened. */
  markUsed(): Promise<void>
}

/** What surrounds a ledger and vouches for everybody: a machine's files, or a cluster's API server. */
export interface Platform {
  readonly workloads: Workloads
  readonly policies: PolicySource
  readonly secrets: VendorSecrets
  readonly operators: Operators
  masterKey(): Promise<MasterKey>
  /** Null: plain HTTP. */
  readonly tls: TlsPair | null
  /** Tells of each later certificate. */
  onNewCertificate(use: (pair: TlsPair) => void): void
  stop(): void
}
