import { customerOfAct } from '../plan/holds.ts'
import type { HoldAct } from '../plan/plan.ts'

interface Hold {
  readonly customer: string
  readonly cents: number
  status: 'requires_capture' | 'succeeded' | 'canceled'
}

/** What a call on a hold comes to. */
export interface Acted {
  /** Whom the judge knows it by. */
  readonly customer: string
  /** Whose money is held. */
  readonly payer: string
  /** Below zero: the payer has it back. */
  readonly usdMicros: number
}

const USD_MICROS_OF_CENT = 10_000

/** Money that a payment has set aside: it is taken or let go once, as Stripe's payments of `capture_method=manual` are. */
export class Holds {
  readonly #holds = new Map<string, Hold>()

  set(id: string, { customer, cents }: Pick<Hold, 'customer' | 'cents'>): void {
    this.#holds.set(id, { customer, cents, status: 'requires_capture' })
  }

  /** Undefined: there is no such hold, or it is over. */
  act(id: string, act: HoldAct): Acted | undefined {
    const hold = this.#holds.get(id)
    if (hold?.status !== 'requires_capture') return undefined
    hold.status = act === 'capture' ? 'succeeded' : 'canceled'
    const { customer: payer, cents } = hold
    return {
      customer: customerOfAct(payer, act),
      payer,
      usdMicros: act === 'capture' ? 0 : -cents * USD_MICROS_OF_CENT,
    }
  }

  payerOf(id: string): string | undefined {
    return this.#holds.get(id)?.customer
  }

  /** As Stripe shows it. */
  shown(id: string): object | undefined {
    const hold = this.#holds.get(id)
    if (hold === undefined) return undefined
    const { cents, status } = hold
    const received = status === 'succeeded' ? cents : 0
    return { id, object: 'payment_intent', amount: cents, amount_received: received, currency: 'usd', status }
  }
}
