/** Classes of money that a policy may give a cap of their own; the names stand in its `classCaps`. */
export type MoneyClass = 'refunds' | 'creditNotes' | 'payouts' | 'transfers'

/** How the cost of a Stripe route is found. */
export type RouteCost =
  /** Amount and currency stand in the request, which makes the object. v2 writes `amount: {value, currency}`. */
  | { readonly kind: 'create'; readonly moneyClass: MoneyClass | null }
  /** Changes an object that is counted at its amount; free unless the amount changes. */
  | { readonly kind: 'update' }
  /**
   * The currency, and perhaps the amount, stand on the object; `amount` is the parameter that may name one. `beside`: other
   * parameters with names of money that the route takes, and that move none.
   */
  | {
      readonly kind: 'on_object'
      readonly amount: string | null
      readonly adds: 'to_captured' | 'new_total' | 'part_of_it'
      readonly beside: readonly string[]
      readonly moneyClass: MoneyClass | null
    }
  /** Ends an object. What was counted for it is given back where its answer says so. */
  | { readonly kind: 'cancel'; readonly givesBack: 'if_uncharged' | 'if_canceled' }
  /** Money goes back: free, unless the policy gives its class a cap; then the amount, or all of the object, counts there. */
  | { readonly kind: 'gives_back'; readonly moneyClass: MoneyClass; readonly amount: string | null; readonly of: Of }
  /** What moves is known to Stripe alone, or cannot be said: the maximum that the policy declares, else refused. */
  | { readonly kind: 'computed' }
  /** Moves no money of ours, unless one of these parameters is there: then nothing is known. */
  | { readonly kind: 'free'; readonly except: readonly string[] }
  /** Refused whatever a policy says: what it does cannot be bounded, or it hands out a credential. */
  | { readonly kind: 'never'; readonly why: string }

/** Where the object is whose money goes back: named by the path, or by the first of these parameters that is given. */
export type Of = 'path' | readonly { readonly param: string; readonly path: string }[]

/** `METHOD /path` with a `*` for each id, and how its cost is found. */
export type RouteEntry = readonly [route: string, cost: RouteCost]

export const create = (moneyClass: MoneyClass | null = null): RouteCost => ({ kind: 'create', moneyClass })
export const computed: RouteCost = { kind: 'computed' }
export const never = (why: string): RouteCost => ({ kind: 'never', why })
export const free = (...except: readonly string[]): RouteCost => ({ kind: 'free', except })

/** One route a line. */
export function each(cost: RouteCost, routes: string): RouteEntry[] {
  return routes
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((route) => [route, cost])
}
