import { asHistoryId, type HistoryId } from '../../../contract/ids.ts'
import type { FoundCard, RecoveryOver, Registry, RegistryState, ReplicaCard } from '../../../store/recovery/registry.ts'
import { StoreFault } from '../../../store/store.ts'
import type { Incarnation } from '../incarnation.ts'
import type { RedisLink } from './redis-link.ts'
import type { RedisServer } from './redis-server.ts'

/** What the server holds of its own health; each command an event, so that a ledger can die between two. */
export class SimRegistry implements Registry {
  readonly #ledger: Incarnation
  readonly #server: RedisServer
  readonly #link: RedisLink

  constructor(ledger: Incarnation, { server, link }: { readonly server: RedisServer; readonly link: RedisLink }) {
    this.#ledger = ledger
    this.#server = server
    this.#link = link
  }

  async read(): Promise<RegistryState> {
    const { install, cards, left, givenUp, handedOver, slot } = this.#server
    const historyId = await this.#command('history', () => (install.get('history') ?? null) as HistoryId | null)
    const now = await this.#command('witness', () => this.#server.runId)
    const state = await this.#command('read', () => {
      if ((install.get('history') ?? null) !== historyId) return undefined
      const next = install.get('next')
      const isOfThis = (over: RecoveryOver) => over.next === next && over.witness === now
      const handed = [...handedOver].flatMap(([replicaId, over]) => (isOfThis(over) ? [replicaId] : []))
      return {
        historyId,
        witness: { written: install.get('witness') ?? '', now },
        strays: [...slot.values()].filter((history) => history !== historyId),
        recovery:
          next === undefined
            ? null
            : { next: asHistoryId(next), witness: install.get('next_witness') ?? '', handedOver: handed },
        replicas: [...cards.values()],
        left: [...left.values()],
        givenUp: [...givenUp.keys()],
      }
    })
    return state ?? this.read()
  }

  async enter(card: ReplicaCard, { witness, mark }: FoundCard): Promise<void> {
    await this.#command('enter', () => {
      this.#mustBe(witness)
      const held = this.#server.cards.get(card.replicaId)?.mark
      if (held !== undefined && held !== mark) throw new StoreFault('another wrote the card', { isTransient: true })
      this.#server.put(this.#server.cards, card.replicaId, card)
      this.#server.lastCardMs = this.#ledger.stage.scheduler.nowMs
    })
    await this.#command('is back', () => this.#server.remove(this.#server.left, card.replicaId))
  }

  async leave(card: ReplicaCard, _: string, witness: string): Promise<void> {
    const { cards, left } = this.#server
    await this.#command('leave', () => {
      this.#mustBe(witness)
      this.#server.put(left, card.replicaId, card)
    })
    await this.#command('is gone', () => {
      const held = cards.get(card.replicaId)?.mark
      if (held === undefined || held === card.mark) this.#server.remove(cards, card.replicaId)
    })
  }

  async giveUp(replicaId: string): Promise<void> {
    await this.#command('give up', () => this.#server.put(this.#server.givenUp, replicaId, true))
    await this.#command('is given up', () => this.#server.remove(this.#server.cards, replicaId))
    await this.#command('has not left', () => this.#server.remove(this.#server.left, replicaId))
  }

  async noted(replicaIds: readonly string[]): Promise<void> {
    if (replicaIds.length === 0) return
    await this.#command('noted', () => {
      for (const replicaId of replicaIds) this.#server.remove(this.#server.givenUp, replicaId)
    })
  }

  async begin({ next, witness }: RecoveryOver): Promise<void> {
    const { install } = this.#server
    const begun = await this.#command('begin', () => {
      if (install.get('next_witness') !== witness) {
        this.#server.put(install, 'next', next)
        this.#server.put(install, 'next_witness', witness)
      }
      return asHistoryId(install.get('next') ?? next)
    })
    await this.#tellSlot(begun)
  }

  async stopSlots(): Promise<void> {
    const next = await this.#command('next', () => this.#server.install.get('next'))
    if (next !== undefined) await this.#tellSlot(asHistoryId(next))
  }

  handOver(replicaId: string, over: RecoveryOver): Promise<void> {
    return this.#command('hand over', () => this.#server.put(this.#server.handedOver, replicaId, over))
  }

  async finish({ next, witness }: RecoveryOver): Promise<void> {
    const { install } = this.#server
    const underWay = await this.#command('next', () => install.get('next'))
    if (underWay !== next) return
    await this.#tellSlot(next)
    await this.#command('finish', () => {
      if (install.get('next') !== next) return
      this.#server.put(install, 'history', next)
      this.#server.put(install, 'witness', witness)
      this.#server.remove(install, 'next')
      this.#server.remove(install, 'next_witness')
    })
  }

  #mustBe(witness: string): void {
    if (this.#server.runId !== witness) throw new StoreFault('the store was started anew', { isTransient: true })
  }

  #tellSlot(history: HistoryId): Promise<void> {
    return this.#command('tell slot', () => this.#server.put(this.#server.slot, 'history', history))
  }

  #command<Answer>(what: string, action: () => Answer): Promise<Answer> {
    const { stage, name } = this.#ledger
    return this.#ledger.effect(`registry.${what}`, () => {
      const fault = stage.faults.store(`registry.${what}`)
      this.#link.command()
      if (fault?.how === 'forget')
        stage.scheduler.after(0, () => stage.onStoreRestart({ awayMs: 1, losesMs: fault.byMs }))
      else if (fault?.how === 'fail') throw new StoreFault('the store failed', { isTransient: true })
      const answer = action()
      stage.trace.say(name, `registry.${what}`)
      if (fault?.how === 'lose reply') throw new StoreFault('the store does not answer', { isTransient: true })
      return answer
    })
  }
}
