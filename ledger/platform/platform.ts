import type { TlsPair } from '../../runtime/http-server.ts'
import type { PolicySource, VendorSecrets, Workloads } from '../effects.ts'
import type { Operators } from '../operator/operators.ts'

/** What surrounds a ledger and vouches for everybody: a machine's files, or a cluster's API server. */
export interface Platform {
  readonly workloads: Workloads
  readonly policies: PolicySource
  readonly secrets: VendorSecrets
  readonly operators: Operators
  /** Null: plain HTTP. */
  readonly tls: TlsPair | null
  /** Tells of each later certificate. */
  onNewCertificate(use: (pair: TlsPair) => void): void
  stop(): void
}
