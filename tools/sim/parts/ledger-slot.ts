import type { Guard } from '../../../store/recovery/guard.ts'
import type { Incarnation, Machine } from '../incarnation.ts'
import type { ReplicaDisk } from './journal-disk.ts'
import type { LedgerPart } from './ledger-part.ts'

/** Where one ledger runs, again and again. */
export interface LedgerSlot {
  readonly machine: Machine
  /** A replica is its journal: with another disk it is another one. */
  replicaId: string
  disk: ReplicaDisk
  guard: Guard | null
  process: Incarnation | null
  /** Null until it has opened its store. */
  part: LedgerPart | null
  hasServed: boolean
  /** Its journal has been copied beside it, or put back from a copy. */
  isCopied: boolean
}
