import type { HistoryId } from '../../contract/ids.ts'
import type { RecoverableStore } from '../store.ts'
import type { Shortfall } from './durability.ts'

/** `met`: what shows by itself that the store is not what it was. */
export type Doubted = (why: string, met?: 'another_history') => void

/** An engine on a server that may lose its last steps, and says when it has doubts. */
export interface DistributedStore extends RecoverableStore {
  readonly registry: Registry
  /** Where the server may lose what it acknowledges, or others may see it. Rejects with `StoreFault` when it does not say. */
  shortfalls(): Promise<readonly Shortfall[]>
  /** Called when the connection broke: what answers next may be another server. */
  onBroken(broken: () => void): void
  /** Writes into the record of every policy that a person has given up the journal of the replica. */
  recordGivenUp(replicaId: string): Promise<void>
  /** From now on steps run, and journals are merged, under this history. */
  adopt(historyId: HistoryId): void
  /** Called when the connection broke, or a step was told of another history or of none. */
  onDoubt(doubted: Doubted): void
}

/** What a distributed store holds of its own health, and the steps that bring it back after a loss. */
export interface Registry {
  /** As it is now. Rejects with `StoreFault` when it cannot be reached, or is another install's. */
  read(): Promise<RegistryState>
  /**
   * The replica serves under this history, from now on. Rejects where something else is found than what was looked at: that
   * may not know what the card says, or another process is this replica now.
   */
  enter(card: ReplicaCard, found: FoundCard): Promise<void>
  /**
   * The replica has ended cleanly: nobody waits for it, as long as nothing that it wrote can be lost without this too.
   * `witness`: the run of the server that it served under; rejects where another one answers, which may have lost some of it.
   * A card of another mark stays: another process is that replica now.
   */
  leave(card: ReplicaCard, nonce: string, witness: string): Promise<void>
  /** A person has given up its journal: nobody waits for it, and it stays noted until the record says so. */
  giveUp(replicaId: string): Promise<void>
  /** The record says it. */
  noted(replicaIds: readonly string[]): Promise<void>
  /**
   * Stops every script of the old history. The first to begin in a run of the server names the next one: a server that came
   * back in the middle of a recovery may have served under the one named there since, and forgotten it.
   */
  begin(over: RecoveryOver): Promise<void>
  /** As the last part of `begin`, which whoever began may not have come to. */
  stopSlots(): Promise<void>
  /** All that the replica's journal says is merged, into the run of the server that `over` names. */
  handOver(replicaId: string, over: RecoveryOver): Promise<void>
  /** The recovery is over: scripts of the next history run. Nothing, where another recovery has begun since. */
  finish(over: RecoveryOver): Promise<void>
}

/** One recovery, and which run of which server was seen in it. A hand-over counts for no other. */
export interface RecoveryOver {
  readonly next: HistoryId
  readonly witness: string
}

export interface RegistryState {
  /** Null: there is no store, or it is empty. */
  readonly historyId: HistoryId | null
  /** Which run of which server wrote the history, and which one answers now. They differ where something may be lost. */
  readonly witness: { readonly written: string; readonly now: string }
  /** Histories that are not `historyId` under which scripts of a policy run: someone was late to end a recovery. */
  readonly strays: readonly HistoryId[]
  /** `witness`: the run of the server in which it began. `handedOver`: into the run that answers now. */
  readonly recovery: (RecoveryOver & { readonly handedOver: readonly string[] }) | null
  readonly replicas: readonly ReplicaCard[]
  /** Replicas that ended cleanly and have not come back. */
  readonly left: readonly ReplicaCard[]
  /** Whose journals a person has given up, as far as the record does not say so yet. */
  readonly givenUp: readonly string[]
}

export interface ReplicaCard {
  readonly replicaId: string
  /** The last history that it served under. */
  readonly historyId: HistoryId
  /** Newest segment of its journal that was let go. */
  readonly droppedSegment: number
  /** One that stands in its journal, and in no copy that was made before it. None where another wrote the card. */
  readonly mark?: string
}

/** What was looked at before a card is written: the run of the server, and the mark of the card that stood there. */
export interface FoundCard {
  readonly witness: string
  readonly mark: string | undefined
}
