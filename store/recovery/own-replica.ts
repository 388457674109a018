import type { HistoryId } from '../../contract/ids.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/log.ts'
import type { Random } from '../../runtime/random.ts'
import type { Journal } from '../journal/journal.ts'
import type { JournalEntry } from './entries.ts'
import type { OwnState } from './plan.ts'
import type { FoundCard, Registry, RegistryState, ReplicaCard } from './registry.ts'

/** Under which id the journal counts; kept beside it. */
export interface ReplicaName {
  readonly id: string
  /** Another one, from now on. */
  renew(): void
}

interface OwnReplicaOptions {
  readonly name: ReplicaName
  readonly registry: Registry
  readonly journal: Journal
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** That it last served under; null: it never did. */
  readonly historyId: HistoryId | null
}

/** A copy of the journal that is older than this lacks a mark, where it lacks anything. */
const MARK_EVERY_MS = 5_000

/** Is written only once the store has taken the mark before it. */
const COMES_AFTER_CARD: ReadonlySet<JournalEntry['kind']> = new Set(['intent', 'standing', 'served'])

/**
 * What this replica knows of itself, and its card. Two processes over copies of one journal would count as one replica, and
 * only one of the copies would be waited for. So the card has a mark that was first written into the journal, a new one at
 * each start and every few seconds in which more is written: whoever does not find the card's mark in its journal is another replica.
 */
export class OwnReplica {
  readonly #options: OwnReplicaOptions
  historyId: HistoryId | null
  #mark: string | undefined
  #markedAtMs = -Infinity
  #marking: Promise<void> | undefined
  /** The marks that its journal has are of the replica that it was copied from. */
  #isAnother = false
  #noted = 0

  constructor(options: OwnReplicaOptions) {
    this.#options = options
    this.historyId = options.historyId
  }

  get id(): string {
    return this.#options.name.id
  }

  /** Of the card that the store last took from this process. */
  get mark(): string | undefined {
    return this.#mark
  }

  /** `before`: the mark before the registry was looked at. */
  async state(registered: RegistryState, before: string | undefined): Promise<OwnState> {
    const { droppedSegment } = this.#options.journal
    const ofMark = await this.#judge(this.#cardIn(registered)?.mark, before)
    return { replicaId: this.id, historyId: this.historyId, droppedSegment, ...ofMark }
  }

  /** A new mark, and with it the card. */
  async enter(registered: RegistryState, historyId: HistoryId): Promise<void> {
    await this.#write(historyId, { witness: registered.witness.now, mark: this.#cardIn(registered)?.mark })
  }

  /**
   * Before a send, or who may spend, is written down: a copy that was made before shows that it is one. `run`: of the
   * server. Rejects where another process is this replica now.
   */
  async keepMarked(run: string): Promise<void> {
    const { historyId } = this
    if (historyId === null || this.#options.clock.monotonicMs() - this.#markedAtMs < MARK_EVERY_MS) return
    this.#marking ??= this.#write(historyId, { witness: run, mark: this.#mark }).finally(() => {
      this.#marking = undefined
    })
    await this.#marking
  }

  async noteDrop(
    droppedSegment: number,
    { historyId, run }: { readonly historyId: HistoryId; readonly run: string },
  ): Promise<void> {
    // A card that is written meanwhile must say it too.
    this.#noted = droppedSegment
    await this.#options.registry.enter(this.card(historyId), { witness: run, mark: this.#mark })
  }

  /** Of the one that has its id some calls are not in this journal: both are waited for from now on. */
  becomeAnother(): void {
    const { name, log } = this.#options
    const was = name.id
    name.renew()
    this.#mark = undefined
    this.#isAnother = true
    log.warn(
      { was, replicaId: name.id },
      'this journal is a copy of the one that its replica has gone on with, so it counts as a new replica. After a loss of the store both are waited for',
    )
  }

  card(historyId: HistoryId): ReplicaCard {
    const mark = this.#mark === undefined ? {} : { mark: this.#mark }
    return { replicaId: this.id, historyId, droppedSegment: this.#droppedSegment, ...mark }
  }

  async #write(historyId: HistoryId, found: FoundCard): Promise<void> {
    const { clock, journal, random, registry } = this.#options
    const mark = random.hex(8)
    const atMs = clock.monotonicMs()
    await journal.write({ kind: 'mark', mark })
    await registry.enter({ replicaId: this.id, historyId, droppedSegment: this.#droppedSegment, mark }, found)
    this.#mark = mark
    this.#markedAtMs = atMs
  }

  /** The store may know already of a segment that is only about to go. */
  get #droppedSegment(): number {
    return Math.max(this.#options.journal.droppedSegment, this.#noted)
  }

  #cardIn({ replicas, left }: RegistryState): ReplicaCard | undefined {
    return [...replicas, ...left].find(({ replicaId }) => replicaId === this.id)
  }

  /**
   * `found`: in the card; undefined: there is none, or another wrote the card. One that is older than another that the store
   * has taken shows that it went back; so does none where it has taken one.
   */
  async #judge(
    found: string | undefined,
    before: string | undefined,
  ): Promise<Pick<OwnState, 'isCopy' | 'wasPutBack'>> {
    if (before !== undefined && (found === undefined || found === before))
      return { isCopy: false, wasPutBack: found !== before }
    const entries = await this.#options.journal.entries()
    const placeOf = (mark: string) => entries.findIndex((entry) => entry.kind === 'mark' && entry.mark === mark)
    const at = found === undefined ? -1 : placeOf(found)
    if (found !== undefined && at === -1) return { isCopy: true, wasPutBack: false }
    if (before !== undefined) return { isCopy: false, wasPutBack: at < placeOf(before) }
    if (this.#isAnother) return { isCopy: false, wasPutBack: false }
    const next = entries.findIndex(({ kind }, place) => place > at && kind === 'mark')
    const wasTaken = next !== -1 && entries.slice(next).some(({ kind }) => COMES_AFTER_CARD.has(kind))
    return { isCopy: false, wasPutBack: wasTaken }
  }
}
