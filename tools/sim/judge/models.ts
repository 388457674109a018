import type { CallRow } from '../../../store/call-row.ts'
import type { Effect } from '../parts/vendor.ts'
import type { CallPlan } from '../plan/plan.ts'
import type { StoredState } from '../store/memory-tables.ts'
import type { Breach, BreachKind } from './breach.ts'
import { type Contents, effectsOn } from './contents.ts'

export interface ModelsOptions {
  readonly contents: Contents
  readonly state: StoredState
  readonly effects: readonly Effect[]
  /** Each ledger works on from its first call to its last. */
  readonly areLedgersSteady: boolean
  /** So many answers of vendors may be lost. */
  readonly vendorFaults: number
  readonly onBreach: (breach: Breach) => void
}

/**
 * Calls whose answers say what they cost. A repeat may buy again, but only where an answer may have been lost; and what is
 * booked is what the vendor's answer said, or the most that it can have said where none came whole.
 */
export class ModelsJudge {
  readonly #options: ModelsOptions
  /** attempt → customer → requests of its app. */
  readonly #tries = new Map<string, Map<string, number>>()

  constructor(options: ModelsOptions) {
    this.#options = options
  }

  tried(attempt: string, customer: string): void {
    const counts = this.#tries.get(attempt) ?? new Map<string, number>()
    counts.set(customer, (counts.get(customer) ?? 0) + 1)
    this.#tries.set(attempt, counts)
  }

  effect(customer: string): void {
    const { areLedgersSteady, vendorFaults } = this.#options
    if (!areLedgersSteady) return
    const most = Math.max(0, ...[...this.#tries.values()].map((counts) => counts.get(customer) ?? 0))
    const made = effectsOn(customer, this.#options.effects).length
    if (made <= most + vendorFaults) return
    this.#breach('duplicates', `${made} answers were bought for ${customer}, no attempt asked more than ${most} times`)
  }

  /** What an app takes for a whole stream is one, and says what it cost where the app has asked for that only. */
  succeeded({ customer, stream }: CallPlan, body: string): void {
    if (stream === undefined) return
    if (!body.includes('data: [DONE]'))
      this.#breach('lost', `an app took a part of an answer for ${customer} for all of it`)
    if (body.includes('"usage":{') === stream.asksForUsage) return
    this.#breach(
      'lost',
      `an app that ${stream.asksForUsage ? 'asked for usage got none' : 'did not ask for usage got it'}`,
    )
  }

  /** Each answer that was bought is in the books, at what it came to or at its bound. */
  atEnd(): void {
    const { contents } = this.#options
    for (const customer of contents.customers) if (contents.isOfModel(customer)) this.#judgeBooked(customer)
  }

  #judgeBooked(customer: string): void {
    const bound = this.#options.contents.usdMicrosOf(customer)
    const left = effectsOn(customer, this.#options.effects).map(({ usdMicros }) => usdMicros)
    let atBound = 0
    for (const { callId, spentUsdMicros } of this.#bookedOf(customer)) {
      const at = left.indexOf(spentUsdMicros)
      if (at >= 0) left.splice(at, 1)
      else if (spentUsdMicros === bound) atBound += 1
      else this.#breach('lost', `${callId} is booked at ${spentUsdMicros / 1e6} dollars, no answer said so`)
    }
    if (left.length > atBound) {
      const sums = left.map((usdMicros) => usdMicros / 1e6).join(', ')
      this.#breach('lost', `answers for ${customer} of ${sums} dollars are not in the books`)
    }
    if (this.#isUndisturbed && atBound > 0) {
      this.#breach('lost', `${atBound} calls for ${customer} are booked at their bound, and no answer was lost`)
    }
  }

  get #isUndisturbed(): boolean {
    return this.#options.areLedgersSteady && this.#options.vendorFaults === 0
  }

  /** Of all calls, beyond what the vendor's answers came to. */
  get overbookedUsdMicros(): number {
    const { contents, effects, state } = this.#options
    const booked = [...state.calls.values()]
      .filter(({ digest }) => contents.isOfModel(contents.customerOf(digest)))
      .reduce((sum, { spentUsdMicros }) => sum + spentUsdMicros, 0)
    return booked - effects.reduce((sum, { vendor, usdMicros }) => sum + (vendor === 'model' ? usdMicros : 0), 0)
  }

  #bookedOf(customer: string): CallRow[] {
    const { contents, state } = this.#options
    return [...state.calls.values()].filter(
      ({ digest, hasEffect }) => hasEffect && contents.customerOf(digest) === customer,
    )
  }

  #breach(kind: BreachKind, message: string): void {
    this.#options.onBreach({ kind, message })
  }
}
