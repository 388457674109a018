import type { Random } from '../../runtime/random.ts'
import type { VendorClock } from '../vendor-clock.ts'
import { IdempotencyKeys } from './idempotency.ts'
import type {
  Charge,
  CreditNote,
  Customer,
  Invoice,
  InvoiceItem,
  OutboundPayment,
  PaymentIntent,
  Payout,
  PayoutIntent,
  Price,
  Refund,
  StripeObject,
  Subscription,
  Topup,
  Transfer,
  TransferReversal,
} from './objects.ts'
import { noSuchParam, noSuchPath, notAllowed } from './refusal.ts'

/** What an account can send out before it has earned anything, in minor units of each currency. */
const OPENING_BALANCE_MINOR = 100_000_000

/** Objects of one kind, newest last. */
export class Collection<Item extends StripeObject> {
  readonly #name: string
  readonly #items = new Map<string, Item>()

  /** `name` as Stripe's messages call the kind. */
  constructor(name: string) {
    this.#name = name
  }

  add(item: Item): Item {
    this.#items.set(item.id, item)
    return item
  }

  find(id: string): Item | undefined {
    return this.#items.get(id)
  }

  /** The object that the path names. */
  inPath(id: string): Item {
    const item = this.#items.get(id)
    if (item === undefined) throw noSuchPath(this.#name, id)
    return item
  }

  /** The object that a parameter names. */
  inParam(id: string, param: string): Item {
    const item = this.#items.get(id)
    if (item === undefined) throw noSuchParam(this.#name, id, param)
    return item
  }

  newestFirst(): Item[] {
    return [...this.#items.values()].reverse()
  }
}

/** Everything that one Stripe account holds. Connected accounts share nothing with the platform or each other. */
export class Account {
  readonly paymentIntents = new Collection<PaymentIntent>('payment_intent')
  readonly charges = new Collection<Charge>('charge')
  readonly refunds = new Collection<Refund>('refund')
  readonly transfers = new Collection<Transfer>('transfer')
  readonly reversals = new Collection<TransferReversal>('transfer_reversal')
  readonly payouts = new Collection<Payout>('payout')
  readonly topups = new Collection<Topup>('topup')
  readonly customers = new Collection<Customer>('customer')
  readonly invoiceItems = new Collection<InvoiceItem>('invoiceitem')
  readonly invoices = new Collection<Invoice>('invoice')
  readonly creditNotes = new Collection<CreditNote>('credit_note')
  readonly prices = new Collection<Price>('price')
  readonly subscriptions = new Collection<Subscription>('subscription')
  readonly outboundPayments = new Collection<OutboundPayment>('outbound_payment')
  readonly payoutIntents = new Collection<PayoutIntent>('payout_intent')
  readonly keys: IdempotencyKeys
  readonly #available = new Map<string, number>()
  readonly #clock: VendorClock
  readonly #random: Random

  constructor(clock: VendorClock, random: Random) {
    this.#clock = clock
    this.#random = random
    this.keys = new IdempotencyKeys(clock)
  }

  newId(prefix: string): string {
    return `${prefix}_${this.#random.hex(12)}`
  }

  nowSeconds(): number {
    return Math.floor(this.#clock.nowMs() / 1000)
  }

  /** What every new object has. */
  born<Kind extends string>(prefix: string, object: Kind, metadata: Record<string, string>) {
    return { id: this.newId(prefix), object, created: this.nowSeconds(), livemode: false as const, metadata }
  }

  /**
   * An account has customers from before: any well-formed id is one, with a Visa card on file.
   * `cus_missing…` never is.
   */
  customer(id: string, param: string | 'path'): Customer {
    const known = this.customers.find(id)
    if (known !== undefined && !known.deleted) return known
    if (known !== undefined || !/^cus_(?!missing)\w+$/.test(id)) {
      throw param === 'path' ? noSuchPath('customer', id) : noSuchParam('customer', id, param)
    }
    return this.customers.add({
      ...this.born('cus', 'customer', {}),
      id,
      description: null,
      email: null,
      invoice_settings: { default_payment_method: 'pm_card_visa' },
      name: null,
      deleted: false,
    })
  }

  available(): ReadonlyMap<string, number> {
    return this.#available
  }

  earn(amountMinor: number, currency: string): void {
    this.#available.set(currency, (this.#available.get(currency) ?? OPENING_BALANCE_MINOR) + amountMinor)
  }

  /** Takes money out, or refuses where there is not enough. */
  pay(amountMinor: number, currency: string): void {
    const available = this.#available.get(currency) ?? OPENING_BALANCE_MINOR
    if (available < amountMinor) {
      throw notAllowed('You have insufficient available funds in your Stripe account.', {
        code: 'balance_insufficient',
      })
    }
    this.#available.set(currency, available - amountMinor)
  }

  /** Any object by its id, for `expand`. */
  find(id: string): StripeObject | undefined {
    const { paymentIntents, charges, refunds, transfers, reversals, payouts, topups, customers } = this
    const all = [paymentIntents, charges, refunds, transfers, reversals, payouts, topups, customers]
    return all.map((collection) => collection.find(id)).find((object) => object !== undefined)
  }
}
