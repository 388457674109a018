import type { HistoryId } from '../../../contract/ids.ts'
import type { DistributedStore, Registry } from '../../../store/recovery/registry.ts'
import { mergeCall } from '../../../store/rules/merge.ts'
import { mergeStanding } from '../../../store/rules/merge-standing.ts'
import type * as S from '../../../store/store.ts'
import type { RedisLink } from './redis-link.ts'
import { SimRegistry } from './redis-registry.ts'
import type { RedisServer } from './redis-server.ts'
import { SimStore, type SimStoreOptions } from './sim-store.ts'

export interface SimRedisStoreOptions extends Omit<SimStoreOptions, 'link'> {
  readonly server: RedisServer
  readonly link: RedisLink
}

/** The rules behind a network, on a server that may lose its last writes. */
export class SimRedisStore extends SimStore implements DistributedStore {
  readonly registry: Registry
  readonly #link: RedisLink

  constructor(options: SimRedisStoreOptions) {
    super(options)
    this.#link = options.link
    this.registry = new SimRegistry(options.ledger, options)
  }

  override get historyId(): HistoryId {
    return this.#link.historyId
  }

  adopt(historyId: HistoryId): void {
    this.#link.adopt(historyId)
  }

  onDoubt(doubted: (why: string) => void): void {
    this.#link.onDoubt(doubted)
  }

  merge(call: S.JournalledCall): Promise<S.MergeAnswer> {
    return this.step('merge', (tables) => mergeCall(tables, call))
  }

  mergeStanding(standing: S.JournalledStanding): Promise<void> {
    return this.step('merge standing', (tables) => mergeStanding(tables, standing))
  }

  /** The gate that asks is not part of the simulation. */
  shortfalls(): Promise<never[]> {
    return Promise.resolve([])
  }

  onBroken(): void {}

  async recordGivenUp(): Promise<void> {}
}
