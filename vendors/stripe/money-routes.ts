/** How the cost of a Stripe route is found. */
export type RouteCost =
  /** `amount` and `currency` stand in the request, which makes the object. */
  | { readonly kind: 'create' }
  /** Changes an object that is counted at its amount; free unless the amount changes. */
  | { readonly kind: 'update' }
  /** The currency, and perhaps the amount, stand on the object; `amount` is the parameter that may name one. */
  | { readonly kind: 'on_object'; readonly amount: string | null; readonly adds: 'to_captured' | 'new_total' }
  /** An object that never charged gives back what was counted for it. */
  | { readonly kind: 'cancel' }
  /** Moves no money of ours, unless one of these parameters is there: then nothing is known. */
  | { readonly kind: 'free'; readonly except: readonly string[] }

const create: RouteCost = { kind: 'create' }
const free: RouteCost = { kind: 'free', except: [] }

/** Credit for later invoices, and, at old API versions, a subscription that charges. */
const CUSTOMER_MONEY = ['account_balance', 'balance', 'cash_balance', 'coupon', 'plan', 'quantity', 'trial_end']
/** A new source makes Stripe collect invoices that are past due. */
const CUSTOMER_SOURCE = ['source', 'card', 'bank_account', 'default_source']

/**
 * Every Stripe route that changes something and is known; `*` stands for an id. https://docs.stripe.com/api
 * A route not named here is refused. Refunds cost nothing and raise no cap.
 */
export const MONEY_ROUTES: ReadonlyMap<string, RouteCost> = new Map<string, RouteCost>([
  ['POST /v1/payment_intents', create],
  ['POST /v1/payment_intents/*', { kind: 'update' }],
  ['POST /v1/payment_intents/*/confirm', { kind: 'on_object', amount: null, adds: 'new_total' }],
  ['POST /v1/payment_intents/*/capture', { kind: 'on_object', amount: 'amount_to_capture', adds: 'to_captured' }],
  ['POST /v1/payment_intents/*/increment_authorization', { kind: 'on_object', amount: 'amount', adds: 'new_total' }],
  ['POST /v1/payment_intents/*/cancel', { kind: 'cancel' }],
  ['POST /v1/charges', create],
  ['POST /v1/charges/*', free],
  ['POST /v1/charges/*/capture', { kind: 'on_object', amount: 'amount', adds: 'to_captured' }],
  ['POST /v1/transfers', create],
  ['POST /v1/transfers/*', free],
  ['POST /v1/payouts', create],
  ['POST /v1/payouts/*', free],
  ['POST /v1/payouts/*/cancel', free],
  ['POST /v1/topups', create],
  ['POST /v1/topups/*', free],
  ['POST /v1/topups/*/cancel', free],
  ['POST /v1/refunds', free],
  ['POST /v1/refunds/*', free],
  ['POST /v1/refunds/*/cancel', free],
  ['POST /v1/customers', { kind: 'free', except: CUSTOMER_MONEY }],
  ['POST /v1/customers/*', { kind: 'free', except: [...CUSTOMER_MONEY, ...CUSTOMER_SOURCE] }],
  ['DELETE /v1/customers/*', free],
  ['POST /v1/payment_methods', free],
  ['POST /v1/payment_methods/*', free],
  ['POST /v1/payment_methods/*/attach', free],
  ['POST /v1/payment_methods/*/detach', free],
  ['POST /v1/setup_intents', free],
  ['POST /v1/setup_intents/*', free],
  ['POST /v1/setup_intents/*/confirm', free],
  ['POST /v1/setup_intents/*/cancel', free],
  ['POST /v1/products', free],
  ['POST /v1/products/*', free],
  ['POST /v1/prices', free],
  ['POST /v1/prices/*', free],
])

/** A call on a known route; `object` is the id in its path, null when there is none. */
export interface StripeCall {
  readonly cost: RouteCost
  readonly object: string | null
  /** `/v1/payment_intents/pi_1` of `/v1/payment_intents/pi_1/confirm`. */
  readonly objectPath: string
}

/** Undefined when the route is not known. */
export function findMoneyRoute(method: string, path: string): StripeCall | undefined {
  const [, version = '', resource = '', id, action, ...deeper] = path.split('/')
  if (deeper.length > 0 || (id !== undefined && !/^[A-Za-z0-9_-]{1,255}$/.test(id))) return undefined
  const pattern = [
    `${method} /${version}/${resource}`,
    ...(id === undefined ? [] : ['*']),
    ...(action === undefined ? [] : [action]),
  ]
  const cost = MONEY_ROUTES.get(pattern.join('/'))
  return cost === undefined
    ? undefined
    : { cost, object: id ?? null, objectPath: `/${version}/${resource}/${id ?? ''}` }
}
