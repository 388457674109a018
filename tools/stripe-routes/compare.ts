import { MONEY_ROUTES } from '../../vendors/stripe/money-routes.ts'
import type { RouteCost } from '../../vendors/stripe/routes/route-cost.ts'

export interface Comparison {
  /** Known to the source, refused by us for want of a line. */
  readonly unclassified: readonly string[]
  /** In our table alone: old names, or another source. */
  readonly gone: readonly string[]
  /** How many routes of our table are found in which way. */
  readonly classes: readonly (readonly [name: string, count: number])[]
}

/** `routes`: every route of the source that changes something, `METHOD /path` with a `*` for each id. */
export function compareRoutes(routes: readonly string[]): Comparison {
  const known = new Set(routes)
  const byName = Map.groupBy(MONEY_ROUTES.values(), className)
  return {
    unclassified: routes.filter((route) => !MONEY_ROUTES.has(route)),
    gone: [...MONEY_ROUTES.keys()].filter((route) => !known.has(route)),
    classes: [...byName].map(([name, costs]) => [name, costs.length] as const),
  }
}

function className(cost: RouteCost): string {
  switch (cost.kind) {
    case 'create':
    case 'update':
      return 'moves money with an amount in the request'
    case 'on_object':
    case 'cancel':
      return 'moves money whose amount stands on the object'
    case 'computed':
      return 'amount computed by Stripe, or not to be said: a declared maximum'
    case 'gives_back':
      return 'gives money back'
    case 'free':
      return 'free'
    case 'never':
      return 'never allowed'
  }
}
