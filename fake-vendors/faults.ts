import { type Match, matches } from './match.ts'
import type { CallKind } from './truth.ts'
import type { VendorCall } from './vendor.ts'

/** `before`: at the vendor's edge, nothing has happened. `after`: the call was carried out, only its answer suffers. */
export type When = 'before' | 'after'

export type Fault =
  /** Another answer. `saved` (only before): kept under the call's idempotency key, as if it had begun and failed. */
  | { kind: 'answer'; when: When; status: number; saved?: boolean; body?: string; headers?: Record<string, string> }
  /** `keyBusy` (only after): until the answer leaves, the idempotency key counts as in use. */
  | { kind: 'delay'; when: When; delayMs: number; keyBusy?: boolean }
  /** No answer, ever; the connection stays open until the client leaves. */
  | { kind: 'silence'; when: When }
  /** A TCP reset instead of an answer. */
  | { kind: 'reset'; when: When }
  /** Bytes that are not HTTP, then the end. */
  | { kind: 'garbage'; when: When }
  /** All headers, half of the body, then a reset. */
  | { kind: 'half'; when: 'after' }
  /** The body a few bytes at a time. */
  | { kind: 'drip'; when: 'after'; chunkBytes: number; everyMs: number }
  /** So many bytes of the body, then a reset, or the end as if that were all. */
  | { kind: 'cut'; when: 'after'; afterBytes: number; how: 'reset' | 'end' }
  /** Content-Length says this many bytes more (or, negative, fewer) than are sent; then the end. */
  | { kind: 'wrong_length'; when: 'after'; byBytes: number }

export interface FaultRule {
  readonly id: string
  readonly match: Match
  readonly fault: Fault
  /** How many matching calls pass unharmed first. */
  skip: number
  /** How many calls it still spoils; null is without end. */
  times: number | null
}

export type NewFaultRule = Omit<FaultRule, 'id'>

export class Faults {
  readonly #rules = new Map<string, FaultRule>()
  #count = 0

  add(rule: NewFaultRule): FaultRule {
    this.#count += 1
    const added = { id: `fault_${this.#count}`, ...rule }
    this.#rules.set(added.id, added)
    return added
  }

  list(): FaultRule[] {
    return [...this.#rules.values()]
  }

  remove(id: string): boolean {
    return this.#rules.delete(id)
  }

  clear(): void {
    this.#rules.clear()
  }

  /** The first rule that wants this call at this moment, counted as used. */
  take(when: When, call: VendorCall, kind?: CallKind): Fault | undefined {
    for (const rule of this.#rules.values()) {
      if (rule.fault.when !== when || !matches(rule.match, call, kind)) continue
      if (rule.skip > 0) {
        rule.skip -= 1
        continue
      }
      if (rule.times !== null) rule.times -= 1
      if (rule.times === 0) this.#rules.delete(rule.id)
      return rule.fault
    }
    return undefined
  }
}
