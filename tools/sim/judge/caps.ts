import type { CapLevelName } from '../../../contract/call.ts'
import type { CallId } from '../../../contract/ids.ts'
import type { UsdMicros } from '../../../contract/money.ts'
import type { Limits, NumberAnswer, NumberRequest } from '../../../store/store.ts'
import type { Effect } from '../parts/vendor.ts'
import type { StoredState } from '../store/memory-tables.ts'
import type { Breach, BreachKind } from './breach.ts'
import { type Contents, paidBy } from './contents.ts'
import { LimitInForce } from './limit-in-force.ts'

export interface CapsOptions {
  readonly contents: Contents
  readonly state: StoredState
  readonly effects: readonly Effect[]
  /** Whether the policy had this limit of a level at a moment that a ledger may still act by. */
  readonly isRecentLimit: (level: PolicyLevel, usdMicros: number | null) => boolean
  /** UTC day that holds in the store now. */
  readonly day: () => string
  readonly onBreach: (breach: Breach) => void
}

export type PolicyLevel = 'policy_day' | 'policy_vendor_day' | 'policy_namespace_day'

interface Level {
  readonly name: CapLevelName
  readonly limit: Pick<LimitInForce, 'highest' | 'lowest'>
  readonly counted: number
}

interface Admitted {
  readonly customer: string
  readonly vendor: string
  readonly day: string
}

/** Holds each admission, and each refusal by a cap, against what counts and the limits in force. */
export class CapsJudge {
  readonly #options: CapsOptions
  readonly #admitted = new Map<CallId, Admitted>()
  readonly #runLimit = new LimitInForce(null)
  readonly #runDayLimit = new LimitInForce(null)
  #isPersons = false
  #highestRunLimit = 0

  constructor(options: CapsOptions) {
    this.#options = options
  }

  /** Who is charged by an admitted call. */
  customerOf(callId: CallId): string | undefined {
    return this.#admitted.get(callId)?.customer
  }

  /** What the run's newest Job may spend; a person's limit stays. */
  jobAdmitted(capUsdMicros: number): void {
    if (this.#isPersons && this.#runLimit.isKnown) return
    const limit = Math.max(capUsdMicros, this.#runLimit.highest === null ? 0 : this.#settledUsdMicros())
    this.#highestRunLimit = Math.max(this.#highestRunLimit, limit)
    // Whether the store has lost that a person has set one nobody knows.
    if (this.#isPersons) return this.#runLimit.mayBe(limit)
    this.#runLimit.set(limit)
    this.#runLimit.told(limit)
  }

  /** A person's limits begin to hold. */
  limitsSet({ capUsdMicros, dailyCapUsdMicros }: Limits): void {
    if (capUsdMicros !== undefined) {
      this.#isPersons = true
      this.#runLimit.set(amountOf(capUsdMicros))
      this.#highestRunLimit = Math.max(this.#highestRunLimit, amountOf(capUsdMicros))
    }
    if (dailyCapUsdMicros !== undefined) this.#runDayLimit.set(amountOf(dailyCapUsdMicros))
  }

  /** The person has read the answer. */
  limitsAnswered({ capUsdMicros, dailyCapUsdMicros }: Limits): void {
    if (capUsdMicros !== undefined) this.#runLimit.told(amountOf(capUsdMicros))
    if (dailyCapUsdMicros !== undefined) this.#runDayLimit.told(amountOf(dailyCapUsdMicros))
  }

  storeLost(): void {
    this.#runLimit.storeLost()
    this.#runDayLimit.storeLost()
  }

  admitted(request: NumberRequest, { call: { callId }, isNew }: Extract<NumberAnswer, { status: 'SEND' }>): void {
    const { contents, day } = this.#options
    const customer = contents.customerOf(request.identity.digest)
    if (isNew || !this.#admitted.has(callId)) {
      const first = this.customerOf(callId) ?? customer
      this.#admitted.set(callId, { customer: first, vendor: request.vendor, day: day() })
    }
    if (isNew && contents.usdMicrosOf(customer) > 0) this.#judgeCaps(request)
  }

  /** A cap that is said to be spent must be. */
  refused(request: NumberRequest, name: CapLevelName): void {
    const level = this.#levels(request).find((one) => one.name === name)
    const { contents } = this.#options
    const asked = contents.usdMicrosOf(contents.customerOf(request.identity.digest))
    const lowest = level?.limit.lowest ?? null
    if (level === undefined || lowest === null || level.counted + asked > lowest) return
    const told = `${asked / 1e6} dollars were refused, ${level.counted / 1e6} count, the limit is ${lowest / 1e6}`
    this.#breach('wrong_refusal', `${name}: ${told}`)
  }

  #judgeCaps(request: NumberRequest): void {
    for (const { name, limit, counted } of this.#levels(request)) {
      const { highest } = limit
      if (highest === null || counted <= highest) continue
      const told = `${counted / 1e6} dollars count at an admission, the limit in force is ${highest / 1e6}`
      this.#breach('over_cap', `${name}: ${told}`)
    }
  }

  /** A policy's limits are those of the moment at which the ledger read it for this request. */
  #levels({ vendor, limits }: NumberRequest): readonly Level[] {
    const day = this.#options.day()
    const ofPolicy = (level: PolicyLevel) => {
      const limit = limits.find((one) => one.level === level)?.limitUsdMicros ?? null
      const isOfVendor = level !== 'policy_vendor_day' || vendor === 'stripe'
      if (isOfVendor && !this.#options.isRecentLimit(level, limit))
        this.#breach('over_cap', `${level}: a call came with a limit of ${limit}, which the policy does not have`)
      return { highest: limit, lowest: limit }
    }
    const today = this.#counted((one) => one.day === day)
    const ofVendor = this.#counted((one) => one.day === day && one.vendor === vendor)
    return [
      { name: 'run', limit: this.#runLimit, counted: this.#spentUsdMicros() },
      { name: 'run_day', limit: this.#runDayLimit, counted: today },
      { name: 'policy_day', limit: ofPolicy('policy_day'), counted: today },
      { name: 'policy_namespace_day', limit: ofPolicy('policy_namespace_day'), counted: today },
      { name: 'policy_vendor_day', limit: ofPolicy('policy_vendor_day'), counted: ofVendor },
    ]
  }

  /** What a continuing Job's cap is raised to at least: what is in doubt is not spent. */
  #settledUsdMicros(): number {
    let sum = 0
    for (const callId of this.#admitted.keys()) {
      const row = this.#options.state.calls.get(callId)
      if (row?.state === 'settled' && row.hasEffect) sum += this.#usdMicrosOf(callId)
    }
    return sum
  }

  /** Dollars of calls that the books still count. */
  #counted(isWanted: (admitted: Admitted) => boolean): number {
    let sum = 0
    for (const [callId, admitted] of this.#admitted) {
      if (this.#counts(callId) && isWanted(admitted)) sum += this.#usdMicrosOf(callId)
    }
    return sum
  }

  /** By the plan; where only an answer says what it came to, or what became of it, by the books once it is over. */
  #usdMicrosOf(callId: CallId): number {
    const { contents, state } = this.#options
    const customer = this.customerOf(callId) ?? ''
    const row = state.calls.get(callId)
    const isTold = contents.isOfModel(customer) || contents.mayBeGivenBack(customer)
    return isTold && row?.state === 'settled' ? row.spentUsdMicros : contents.usdMicrosOf(customer)
  }

  #counts(callId: CallId): boolean {
    const row = this.#options.state.calls.get(callId)
    return row !== undefined && row.state !== 'released' && (row.state !== 'settled' || row.hasEffect)
  }

  /** Of the run: what the books count, and what the vendors have done beyond that. */
  #spentUsdMicros(): number {
    const { contents, effects } = this.#options
    const counted = new Map<string, number>()
    for (const [callId, { customer }] of this.#admitted) {
      if (this.#counts(callId)) counted.set(customer, (counted.get(customer) ?? 0) + this.#usdMicrosOf(callId))
    }
    return contents.customers.reduce((sum, customer) => {
      return sum + Math.max(counted.get(customer) ?? 0, paidBy(customer, effects))
    }, 0)
  }

  /** The vendors' truth alone, whatever the books say. */
  effect(): void {
    const truth = this.#options.effects.reduce((sum, { usdMicros }) => sum + usdMicros, 0)
    if (truth <= this.#highestRunLimit) return
    const told = `${truth / 1e6} dollars were spent, the highest limit of the run was ${this.#highestRunLimit / 1e6}`
    this.#breach('over_cap', told)
  }

  #breach(kind: BreachKind, message: string): void {
    this.#options.onBreach({ kind, message })
  }
}

/** Micro-dollars; null is without a limit. */
const amountOf = (limit: UsdMicros | null): number => limit ?? Number.MAX_SAFE_INTEGER
