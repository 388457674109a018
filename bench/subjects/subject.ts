import type { RequestShape } from '../load/wrk.ts'
import type { Part, Processes } from '../processes.ts'

/** One way from a client to the vendor. */
export interface Subject {
  readonly name: string
  readonly url: string
  readonly shape: RequestShape
  /** Its processes without the vendor's, by what they are. */
  readonly parts: Readonly<Record<string, Part>>
}

/** Where subjects are set up. */
export interface Ground {
  readonly processes: Processes
  /** Removed at the end. */
  readonly folder: string
  /** The stand-in that answers as fast as anything can. */
  readonly vendor: Part
  readonly vendorPort: number
}

/** A paid call of Stripe's: another customer each time, so that no call waits for another or replays it. */
export const CHARGE: RequestShape = {
  path: '/v1/payment_intents',
  headers: ['Content-Type: application/x-www-form-urlencoded', 'Authorization: Bearer sk_test_placeholder'],
  body: 'amount=1&currency=usd&customer=cus_@&payment_method=pm_card_visa&confirm=true',
}
