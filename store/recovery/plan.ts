import type { HistoryId } from '../../contract/ids.ts'
import type { RegistryState } from './registry.ts'

/** What one replica knows of itself. */
export interface OwnState {
  readonly replicaId: string
  /** History that it last served under; null before it ever did. */
  readonly historyId: HistoryId | null
  readonly droppedSegment: number
  /** Its journal does not know the mark of its card: another process has gone on with another copy of it. */
  readonly isCopy: boolean
  /** Its data were put back under a server that runs: it was seen empty, or what it says of us is older than what it had taken. */
  readonly wasPutBack: boolean
}

/** What is to be done next, of the states in which a store may be found. */
export type RecoveryPlan =
  /** Nothing is lost. */
  | { readonly kind: 'serve'; readonly historyId: HistoryId }
  /** Others have gone on without us: our journal first. */
  | { readonly kind: 'catch_up'; readonly historyId: HistoryId }
  /** What the replica of our name has sent is not all in our journal: we are another one. */
  | { readonly kind: 'copy' }
  | { readonly kind: 'begin' }
  | { readonly kind: 'hand_over'; readonly next: HistoryId; readonly historyId: HistoryId }
  | { readonly kind: 'finish'; readonly next: HistoryId }
  | { readonly kind: 'wait'; readonly next: HistoryId; readonly missing: readonly string[] }
  /** A person must say what is to be. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'too_old'; readonly storeKnows: number }

export function planOf(state: RegistryState, own: OwnState): RecoveryPlan {
  const { historyId, witness, strays, recovery, replicas, givenUp } = state
  if (historyId === null) return { kind: 'empty' }
  const wasPutBack = own.wasPutBack && own.historyId === historyId
  const isLossPossible = recovery !== null || witness.written !== witness.now || strays.length > 0 || wasPutBack
  const card = replicas.find(({ replicaId }) => replicaId === own.replicaId)
  // What we let go was in the store then. A store that does not know that we did is older than our journal reaches.
  const storeKnows = card?.droppedSegment ?? 0
  const isKnownTooOld = own.historyId !== null && storeKnows < own.droppedSegment
  if (isKnownTooOld && isLossPossible && !givenUp.includes(own.replicaId)) return { kind: 'too_old', storeKnows }
  if (own.isCopy) return { kind: 'copy' }
  if (!isLossPossible) {
    const isOurs = own.historyId === null || own.historyId === historyId
    return isOurs ? { kind: 'serve', historyId } : { kind: 'catch_up', historyId }
  }
  if (recovery === null || recovery.witness !== witness.now) return { kind: 'begin' }
  const { next, handedOver } = recovery
  if (!handedOver.includes(own.replicaId)) return { kind: 'hand_over', next, historyId }
  // Whatever its card says: the store may have lost that a replica entered this history, and all that it did in it.
  const missing = replicas.map(({ replicaId }) => replicaId).filter((replicaId) => !handedOver.includes(replicaId))
  return missing.length === 0 ? { kind: 'finish', next } : { kind: 'wait', next, missing }
}
