import type { HistoryId } from '../../../contract/ids.ts'
import type { Shortfall } from '../../../store/recovery/durability.ts'
import type { DistributedStore, Doubted, Registry } from '../../../store/recovery/registry.ts'
import { mergeCall } from '../../../store/rules/merge.ts'
import { mergeStanding } from '../../../store/rules/merge-standing.ts'
import type * as S from '../../../store/store.ts'
import type { RedisLink } from './redis-link.ts'
import { SimRegistry } from './redis-registry.ts'
import type { RedisServer } from './redis-server.ts'
import { SimStore, type SimStoreOptions } from './sim-store.ts'

export interface SimRedisStoreOptions extends Omit<SimStoreOptions, 'link'> {
  readonly hasGate: boolean
  readonly server: RedisServer
  readonly link: RedisLink
}

/** It is looked at every five seconds; a ledger stands still for less than the rest. */
const LOOKS_WITHIN_MS = 60_000

/** The rules behind a network, on a server that may lose its last writes. */
export class SimRedisStore extends SimStore implements DistributedStore {
  readonly registry: Registry
  readonly #options: SimRedisStoreOptions
  readonly #link: RedisLink
  /** By the last look that no break has overtaken. */
  #saysItKeeps = false
  #breaks = 0
  #lookedAtMs = 0

  constructor(options: SimRedisStoreOptions) {
    super(options)
    this.#options = options
    this.#link = options.link
    this.registry = new SimRegistry(options.ledger, options)
  }

  override get historyId(): HistoryId {
    return this.#link.historyId
  }

  adopt(historyId: HistoryId): void {
    this.#link.adopt(historyId)
  }

  onDoubt(doubted: Doubted): void {
    this.#link.onDoubt(doubted)
  }

  merge(call: S.JournalledCall): Promise<S.MergeAnswer> {
    return this.step('merge', ['merge', call], (tables) => mergeCall(tables, call))
  }

  mergeStanding(standing: S.JournalledStanding): Promise<void> {
    return this.step('merge standing', ['mergeStanding', standing], (tables) => mergeStanding(tables, standing))
  }

  async shortfalls(): Promise<readonly Shortfall[]> {
    const { ledger, server, link } = this.#options
    const breaks = this.#breaks
    const demand = await ledger.effect('store.settings', () => {
      link.command()
      return server.wrongSetting
    })
    if (breaks === this.#breaks) this.#saysItKeeps = demand === null
    this.#lookedAtMs = ledger.stage.scheduler.nowMs
    return demand === null ? [] : [{ demand, sentence: `${demand} is not as it must be` }]
  }

  onBroken(broken: () => void): void {
    this.#link.onBroken(() => {
      this.#breaks += 1
      this.#saysItKeeps = false
      broken()
    })
  }

  override number(request: S.NumberRequest): Promise<S.NumberAnswer> {
    this.#isAsked('number a call')
    return super.number(request)
  }

  override markSent(send: Parameters<S.Store['markSent']>[0]): Promise<'marked' | 'refused'> {
    this.#isAsked('mark a send')
    return super.markSent(send)
  }

  override repair(...asked: Parameters<S.Store['repair']>): Promise<S.RepairAnswer> {
    this.#isAsked('send again')
    return super.repair(...asked)
  }

  /** For something that lets a call out. */
  #isAsked(what: string): void {
    const { ledger, hasGate, watch } = this.#options
    if (!hasGate || !ledger.isAlive) return
    const isOld = ledger.stage.scheduler.nowMs - this.#lookedAtMs > LOOKS_WITHIN_MS
    if (!this.#saysItKeeps || isOld) watch.askedUnsure(what)
  }

  async recordGivenUp(): Promise<void> {}
}
