import { type Match, matches } from './match.ts'
import type { CallKind, TruthCall } from './truth.ts'
import type { VendorCall } from './vendor.ts'

/** How a held call ends: with its answer, or with a TCP reset. */
export type Release = 'answer' | 'reset'

/** Keeps back the answers of matching calls, whose effect has happened, until they are released. */
export interface HoldRule {
  readonly id: string
  readonly match: Match
  /** How many calls it still holds; null is without end. */
  count: number | null
  /** Whether the idempotency key counts as in use while the call is held. */
  readonly keyBusy: boolean
}

export type NewHoldRule = Omit<HoldRule, 'id'>

/** What is told about a call that is being held. */
export interface HeldCall {
  readonly id: string
  readonly holdId: string
  /** Its line in the truth file. */
  readonly truth: TruthCall
  readonly fields: Readonly<Record<string, string>>
  /** Whether its client has gone away meanwhile. */
  clientGone: boolean
}

interface Pending {
  readonly held: HeldCall
  readonly release: (how: Release) => void
}

export class Holds {
  readonly #rules = new Map<string, HoldRule>()
  readonly #pending = new Map<string, Pending>()
  #untold: HeldCall[] = []
  #askers: ((held: HeldCall) => void)[] = []
  #ruleCount = 0
  #heldCount = 0

  add(rule: NewHoldRule): HoldRule {
    this.#ruleCount += 1
    const added = { id: `hold_${this.#ruleCount}`, ...rule }
    this.#rules.set(added.id, added)
    return added
  }

  rules(): HoldRule[] {
    return [...this.#rules.values()]
  }

  held(): HeldCall[] {
    return [...this.#pending.values()].map(({ held }) => held)
  }

  /** The first rule that wants this call, counted as used. Without `kinds` of its own a rule wants effects only. */
  take(call: VendorCall, kind: CallKind): HoldRule | undefined {
    for (const rule of this.#rules.values()) {
      if (!matches({ kinds: ['effect'], ...rule.match }, call, kind)) continue
      if (rule.count !== null) rule.count -= 1
      if (rule.count === 0) this.#rules.delete(rule.id)
      return rule
    }
    return undefined
  }

  /** Resolves when the call is released. `clientGone` resolves when its client leaves; that alone releases nothing. */
  hold(rule: HoldRule, call: { truth: TruthCall; fields: VendorCall['fields'] }, clientGone: Promise<void>) {
    this.#heldCount += 1
    const held: HeldCall = { id: `held_${this.#heldCount}`, holdId: rule.id, ...call, clientGone: false }
    void clientGone.then(() => {
      held.clientGone = true
    })
    const released = new Promise<Release>((release) => {
      this.#pending.set(held.id, { held, release })
    })
    const asker = this.#askers.shift()
    if (asker === undefined) this.#untold.push(held)
    else asker(held)
    return released
  }

  /** The next held call that nobody was told about yet, as soon as there is one. Each is told once. */
  next(signal: AbortSignal): Promise<HeldCall> {
    const waiting = this.#untold.shift()
    if (waiting !== undefined) return Promise.resolve(waiting)
    return new Promise((resolve, reject) => {
      this.#askers.push(resolve)
      signal.addEventListener('abort', () => {
        this.#askers = this.#askers.filter((asker) => asker !== resolve)
        reject(signal.reason)
      })
    })
  }

  /** False where no such call is held. */
  release(id: string, how: Release): boolean {
    const pending = this.#pending.get(id)
    if (pending === undefined) return false
    this.#pending.delete(id)
    this.#untold = this.#untold.filter((held) => held.id !== id)
    pending.release(how)
    return true
  }

  /** Drops every rule and lets everything go. */
  clear(how: Release): void {
    this.#rules.clear()
    for (const id of [...this.#pending.keys()]) this.release(id, how)
  }
}
