import type { CallId } from '../../../contract/ids.ts'

/** How a promise was broken. */
export type BreachKind =
  | 'double'
  | 'swallowed'
  | 'unwanted effect'
  | 'over the cap'
  | 'effect uncounted'
  | 'books off'
  | 'sent after revocation'
  | 'dead end'

export class Breach extends Error {
  readonly kind: BreachKind

  constructor(kind: BreachKind, message: string) {
    super(`${kind}: ${message}`)
    this.kind = kind
  }
}

/** The vendor keeps a key, and what it answered under it, this long. */
const KEPT_MS = 24 * 60 * 60 * 1000

interface Effect {
  readonly group: string
  readonly callId: CallId
  readonly usdMicros: number
}

/**
 * What really happened: effects at the vendor, and the successes that apps have read. It knows nothing of the ledger's
 * records, so it can judge them.
 */
export class Truth {
  readonly effects: Effect[] = []
  readonly #keys = new Map<string, number>()
  /** attempt → group → successes read. */
  readonly #read = new Map<string, Map<string, number>>()

  /** A request reaches the vendor. Without a key it has an effect each time; under a key that is still kept, once. */
  arrives(effect: Effect, vendorKey: string | null, nowMs: number): void {
    const firstMs = vendorKey === null ? undefined : this.#keys.get(vendorKey)
    if (firstMs !== undefined && nowMs - firstMs < KEPT_MS) return
    if (vendorKey !== null) this.#keys.set(vendorKey, nowMs)
    this.effects.push(effect)
  }

  /** The vendor answered without an effect, and keeps that answer under the key. */
  keeps(vendorKey: string | null, nowMs: number): void {
    if (vendorKey !== null && !this.#keys.has(vendorKey)) this.#keys.set(vendorKey, nowMs)
  }

  reads(attempt: string, group: string): void {
    const counts = this.#read.get(attempt) ?? new Map<string, number>()
    counts.set(group, (counts.get(group) ?? 0) + 1)
    this.#read.set(attempt, counts)
  }

  count(group: string): number {
    return this.effects.filter((effect) => effect.group === group).length
  }

  get usdMicros(): number {
    return this.effects.reduce((sum, { usdMicros }) => sum + usdMicros, 0)
  }

  /**
   * Per content: the most successes that one attempt has read <= effects <= that + 1. Of calls that may run in parallel
   * more may be ahead of what was read.
   */
  check({ isParallel }: { readonly isParallel: boolean }): void {
    const groups = new Set([
      ...this.effects.map(({ group }) => group),
      ...[...this.#read.values()].flatMap((m) => [...m.keys()]),
    ])
    for (const group of groups) {
      const most = Math.max(0, ...[...this.#read.values()].map((counts) => counts.get(group) ?? 0))
      const effects = this.count(group)
      if (most > effects)
        throw new Breach('swallowed', `an app read ${most} successes of ${group}, there are ${effects}`)
      if (effects > most + 1 && !isParallel)
        throw new Breach('double', `${effects} effects of ${group}, at most ${most} were read`)
    }
  }

  /** Once the apps are done: exactly as many effects as were meant. */
  checkMeant(group: string, meant: number): void {
    const effects = this.count(group)
    if (effects > 0 && meant === 0) throw new Breach('unwanted effect', `${group} was not to be`)
    if (effects > meant) throw new Breach('double', `${effects} effects of ${group}, ${meant} were meant`)
    if (effects < meant) throw new Breach('swallowed', `${effects} effects of ${group}, ${meant} were meant`)
  }
}
