import type { JournalEntry } from '../../../store/recovery/entries.ts'
import type { Act } from '../plan/plan.ts'
import type { Stage } from '../stage.ts'
import type { RedisServer } from '../store/redis-server.ts'
import type { ReplicaDisk } from './journal-disk.ts'
import type { LedgerSlot } from './ledger-slot.ts'

export interface JournalCopiesOptions {
  readonly stage: Stage
  readonly slots: LedgerSlot[]
  readonly redis: RedisServer
  readonly start: (slot: LedgerSlot) => void
}

/** What has gone on for less beside its copy may not know of it yet (docs/redis-recovery.md); and what is written then takes a while. */
const YOUNG_MS = 8_000
/** Less than any two events are apart. */
const A_MOMENT_MS = 0.001

/** Ledgers over copies of a journal, beside the one that goes on with it or instead of it. */
export class JournalCopies {
  readonly #options: JournalCopiesOptions
  #hasAny = false
  /** Of which nobody may know yet. */
  readonly #unknown = new Set<LedgerSlot>()
  readonly #putBack = new Set<LedgerSlot>()

  constructor(options: JournalCopiesOptions) {
    this.#options = options
  }

  /** A further ledger over a copy of the journal of one of them, which may end at that moment. */
  runBeside({ nth, diesForMs }: Extract<Act, { kind: 'copy journal' }>): void {
    const { slots, start, stage } = this.#options
    const original = slots[nth % slots.length]
    if (original === undefined) return
    const { replicaId, disk, machine } = original
    const copy: LedgerSlot = {
      ...{ machine: { name: `ledger-${slots.length}`, offsetMs: machine.offsetMs }, replicaId, disk: disk.copy() },
      ...{ guard: null, process: null, part: null, hasServed: false, isCopied: true },
    }
    original.isCopied = true
    if (diesForMs !== null) original.process?.crash('another goes on over a copy of its journal', diesForMs)
    this.#isUnknown(copy)
    slots.push(copy)
    start(copy)
    const { process } = original
    stage.scheduler.after(YOUNG_MS, () => {
      if (process === original.process && process?.isAlive === true) this.#unknown.delete(copy)
    })
  }

  /** The journal of one of them is copied, and put back from the copy when it has gone on for a while. */
  putBack({ nth, afterMs, downMs }: Extract<Act, { kind: 'old journal' }>): void {
    const { slots, stage } = this.#options
    const slot = slots[nth % slots.length]
    if (slot === undefined) return
    const { scheduler, faults } = stage
    const [disk, replicaId] = [slot.disk.copy(), slot.replicaId]
    let young = 0
    this.#isUnknown(slot)
    scheduler.after(YOUNG_MS, () => {
      young = slot.disk.entries.length
    })
    scheduler.after(afterMs, () => {
      if (faults.areOver || lacksOnlyYoung(slot.disk, { disk, young })) {
        this.#unknown.delete(slot)
        return
      }
      slot.isCopied = true
      this.#putBack.add(slot)
      slot.disk = disk
      slot.replicaId = replicaId
      slot.process?.crash('its journal is put back from an older copy', downMs)
    })
  }

  /** Its ledger has looked at Redis. */
  hasLooked(slot: LedgerSlot): void {
    if (this.#putBack.delete(slot)) this.#unknown.delete(slot)
  }

  /** Where Redis loses that there is a copy before others have written that down, nobody knows of it. */
  get mostLostMs(): number {
    if (!this.#hasAny) return Infinity
    const { slots, stage, redis } = this.#options
    const replicaIds = new Set(slots.map(({ replicaId }) => replicaId))
    const areOthers = replicaIds.size === slots.length
    const isUnknown = this.#unknown.size > 0
    if (isUnknown && !areOthers) return 0
    if (areOthers && !isUnknown && slots.every(({ disk }) => knows(disk.entries, replicaIds))) return Infinity
    return Math.max(0, stage.scheduler.nowMs - redis.lastCardMs - A_MOMENT_MS)
  }

  #isUnknown(slot: LedgerSlot): void {
    this.#hasAny = true
    this.#unknown.add(slot)
  }
}

/** Whether all that the copy lacks, and something, was written soon after it was made: then it may pass for the journal. */
function lacksOnlyYoung(whole: ReplicaDisk, { disk, young }: { readonly disk: ReplicaDisk; readonly young: number }) {
  const last = whole.entries.findLastIndex(({ kind }) => kind === 'intent' || kind === 'standing')
  return last >= disk.entries.length && last < young
}

function knows(entries: readonly JournalEntry[], replicaIds: ReadonlySet<string>): boolean {
  const roster = entries.findLast((entry) => entry.kind === 'roster')?.replicaIds ?? []
  return [...replicaIds].every((replicaId) => roster.includes(replicaId))
}
