import type { Effect } from '../parts/vendor.ts'
import type { CallPlan } from '../plan/plan.ts'
import type { Breach } from './breach.ts'
import { type Contents, effectsOn } from './contents.ts'

export interface ToldOptions {
  readonly contents: Contents
  readonly effects: readonly Effect[]
  /** Each ledger works on from its first call to its last. */
  readonly areLedgersSteady: boolean
  /** Calls that an app makes instead of others that were declined: one intention each. */
  readonly insteadOf: readonly { readonly declined: string; readonly made: string }[]
  readonly onBreach: (breach: Breach) => void
}

/** Holds us to what apps were told: of what had no effect none comes, and a decline that an app has acted on stays one. */
export class ToldJudge {
  readonly #options: ToldOptions
  /** Customer → requests of apps that may have had an effect, as far as these were told. */
  readonly #mayHave = new Map<string, number>()

  constructor(options: ToldOptions) {
    this.#options = options
  }

  tried({ customer }: CallPlan): void {
    this.#mayHave.set(customer, (this.#mayHave.get(customer) ?? 0) + 1)
  }

  /** The app was told that this request had no effect and will have none. */
  hadNone({ customer }: CallPlan): void {
    this.#mayHave.set(customer, (this.#mayHave.get(customer) ?? 0) - 1)
    this.#judge(customer)
  }

  effect(customer: string): void {
    this.#judge(customer)
    for (const { declined, made } of this.#options.insteadOf) {
      if (customer !== declined && customer !== made) continue
      if (this.#effectsOf(declined) === 0 || this.#effectsOf(made) === 0) continue
      const message = `${made} was charged instead of ${declined}, which had been declined and was charged too`
      this.#options.onBreach({ kind: 'duplicates', message })
    }
  }

  /** Where a ledger dies, a later one speaks of its own send only. */
  #judge(customer: string): void {
    const { contents, effects, areLedgersSteady } = this.#options
    if (!areLedgersSteady) return
    const made = effectsOn(customer, effects)
    const most = this.#mayHave.get(customer) ?? 0
    // Where a model's answer is lost, a late copy of its request buys it again.
    const lost = contents.isOfModel(customer) ? made.filter(({ isDisturbed }) => isDisturbed).length : 0
    if (made.length <= most + lost) return
    const message = `${made.length} effects of ${customer}, and of all but ${most} requests the apps were told that they have none`
    this.#options.onBreach({ kind: 'duplicates', message })
  }

  #effectsOf(customer: string): number {
    return effectsOn(customer, this.#options.effects).length
  }
}
