import type { HistoryId } from '../../contract/ids.ts'
import type { Journal } from '../journal/journal.ts'
import type { Registry, RegistryState } from './registry.ts'

/** Whose journals there are, kept in this replica's own: a store that is put back from a copy forgets who came later. */
export class Roster {
  readonly #journal: Journal
  #written = ''

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** Writes down who is registered, where that has changed. */
  async note({ replicas }: RegistryState): Promise<void> {
    const replicaIds = replicas.map(({ replicaId }) => replicaId).toSorted()
    const text = replicaIds.join(' ')
    if (text === this.#written) return
    await this.#journal.write({ kind: 'roster', replicaIds })
    this.#written = text
  }

  /** Registers whoever was here when this replica last looked and is not known to the store: its journal is waited for. */
  async register(state: RegistryState, registry: Registry, historyId: HistoryId): Promise<void> {
    const { replicas, left, givenUp, witness } = state
    const last = (await this.#journal.entries()).findLast((entry) => entry.kind === 'roster')
    const known = new Set([...[...replicas, ...left].map(({ replicaId }) => replicaId), ...givenUp])
    for (const replicaId of last?.replicaIds ?? []) {
      if (known.has(replicaId)) continue
      await registry.enter({ replicaId, historyId, droppedSegment: 0 }, { witness: witness.now, mark: undefined })
    }
  }
}
