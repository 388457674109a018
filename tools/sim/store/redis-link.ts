import type { HistoryId } from '../../../contract/ids.ts'
import type { Doubted } from '../../../store/recovery/registry.ts'
import { StoreFault } from '../../../store/store.ts'
import type { Incarnation } from '../incarnation.ts'
import type { RedisServer } from './redis-server.ts'
import type { StoreLink } from './sim-store.ts'

/** One ledger's connection: it breaks when the server ends, and its steps run under the history that the ledger believes in. */
export class RedisLink implements StoreLink {
  readonly isRemote = true
  readonly #ledger: Incarnation
  readonly #server: RedisServer
  /** Start of the server that it is connected to. */
  #runId: string
  #historyId: HistoryId
  #doubted: Doubted = () => {}
  #broken: () => void = () => {}

  constructor(ledger: Incarnation, server: RedisServer) {
    this.#ledger = ledger
    this.#server = server
    this.#runId = server.runId
    this.#historyId = server.install.get('history') as HistoryId
    server.onBreak(() => ledger.wake(ledger.stage.delayMs(ledger.chance), () => this.#notices()))
  }

  get historyId(): HistoryId {
    return this.#historyId
  }

  adopt(historyId: HistoryId): void {
    this.#historyId = historyId
  }

  onDoubt(doubted: Doubted): void {
    this.#doubted = doubted
  }

  onBroken(broken: () => void): void {
    this.#broken = broken
  }

  step(): void {
    this.command()
    if (this.#server.slot.get('history') === this.#historyId) return
    this.#doubted('a step met another history', 'another_history')
    throw new StoreFault('the store has another history', { isTransient: true })
  }

  /** What is not found in a store that holds no history may be lost. */
  read(): void {
    this.command()
    if (this.#server.isEmpty) throw new StoreFault('the store is empty', { isTransient: true })
  }

  /** A command that belongs to no history. */
  command(): void {
    if (this.#server.isAway) throw new StoreFault('the store does not answer', { isTransient: true })
    if (this.#runId === this.#server.runId) return
    // It was on its way when the connection broke: it is asked again on the next one, or its asker is told.
    this.#notices()
    if (this.#ledger.chance.is(0.5)) throw new StoreFault('the connection was lost', { isTransient: true })
  }

  #notices(): void {
    this.#runId = this.#server.runId
    this.#broken()
    this.#doubted('the connection broke')
  }
}
