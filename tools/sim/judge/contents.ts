import { decodeClaims } from '../../../contract/claims-header.ts'
import { CLAIMS_HEADER } from '../../../contract/headers.ts'
import type { Effect } from '../parts/vendor.ts'
import type { WireRequest } from '../parts/wire.ts'
import { customerOfAct, holdActOf } from '../plan/holds.ts'
import { namedKeyOf } from '../plan/named-key.ts'
import type { CallPlan } from '../plan/plan.ts'

/** Who is charged by a request, read from what is on the wire. */
function customerOf(body: string): string {
  if (!body.startsWith('{')) return new URLSearchParams(body).get('customer') ?? ''
  const { address, messages } = JSON.parse(body) as { address?: string; messages?: readonly { content: string }[] }
  return address ?? messages?.[0]?.content ?? ''
}

/** Of what really happened, all that was done to this customer. */
export function effectsOn(customer: string, effects: readonly Effect[]): Effect[] {
  return effects.filter((effect) => effect.customer === customer)
}

/** What the customer has paid in all, less what was given back. Micro-dollars. */
export function paidBy(customer: string, effects: readonly Effect[]): number {
  return effects.reduce((sum, { payer, usdMicros }) => sum + (payer === customer ? usdMicros : 0), 0)
}

/** Which digest stands for which customer, learnt on the way and not from the ledger's books. */
export class Contents {
  readonly #customers = new Map<string, string>()
  readonly #plans = new Map<string, CallPlan>()
  readonly #payerOf: (hold: string) => string | undefined

  /** `payerOf`: whose money a hold of the vendor's sets aside. */
  constructor(calls: readonly CallPlan[], payerOf: (hold: string) => string | undefined) {
    this.#payerOf = payerOf
    for (const call of calls) this.#plans.set(call.customer, call)
  }

  learn({ target, headers, body }: WireRequest): void {
    const claims = headers[CLAIMS_HEADER]
    if (claims === undefined) return
    const { identity } = decodeClaims(claims) as { identity: { digest: string } }
    if (this.#customers.has(identity.digest)) return
    const asked = holdActOf(target)
    const customer =
      asked === undefined ? customerOf(body.toString('utf8')) : customerOfAct(this.#payerOf(asked.id) ?? '', asked.act)
    this.#customers.set(identity.digest, customer)
  }

  customerOf(digest: string): string {
    return this.#customers.get(digest) ?? `unknown ${digest}`
  }

  /** What a call to the customer moves, as the plan has it. */
  usdMicrosOf(customer: string): number {
    return Math.round((this.#plans.get(customer)?.usd ?? 0) * 1e6)
  }

  get customers(): readonly string[] {
    return [...this.#plans.keys()]
  }

  /** Whose calls cost what their answers say. */
  isOfModel(customer: string): boolean {
    return this.#plans.get(customer)?.vendor === 'model'
  }

  /** Whose charge may be given back, so that only the books say what it still comes to. */
  mayBeGivenBack(customer: string): boolean {
    return this.#plans.get(customer)?.afterwards?.act === 'cancel'
  }

  /** Whose dollars the call gives back; undefined where it gives none. */
  givenBackTo(customer: string): string | undefined {
    if (this.#plans.get(customer)?.act !== 'cancel') return undefined
    return [...this.#plans.values()].find(({ afterwards }) => afterwards?.customer === customer)?.customer
  }

  /** Calls to the customer cost something, or what their answers say. */
  isPaid(customer: string): boolean {
    return (this.#plans.get(customer)?.usd ?? 0) > 0
  }

  isNamed(customer: string): boolean {
    return this.namedKeyOf(customer) !== null
  }

  /** Under which the app asks, and so its vendor is asked. */
  namedKeyOf(customer: string): string | null {
    const call = this.#plans.get(customer)
    return call === undefined ? null : namedKeyOf(call)
  }
}
