import { remembered } from '../../contract/remembered.ts'
import { ACCOUNT_ROUTES } from './routes/accounts.ts'
import { BILLING_ROUTES } from './routes/billing.ts'
import { PAYMENT_ROUTES } from './routes/payments.ts'
import type { RouteCost, RouteEntry } from './routes/route-cost.ts'
import { TEST_HELPER_ROUTES } from './routes/test-helpers.ts'
import { V2_ROUTES } from './routes/v2.ts'

/**
 * Where the routes were read, all of them: the npm package `stripe` 23.1.0 (its OPENAPI_VERSION is v2596), and the OpenAPI
 * description 2026-08-26.dahlia of stripe-mock 0.203.0, which has old names beside. `tools/stripe-routes` compares.
 */
export const ROUTES_OF = { package: '23.1.0', openapi: 'v2596' } as const

const ENTRIES: readonly RouteEntry[] = [
  ...PAYMENT_ROUTES,
  ...BILLING_ROUTES,
  ...ACCOUNT_ROUTES,
  ...V2_ROUTES,
  ...TEST_HELPER_ROUTES,
]

/**
 * Every Stripe route that changes something and is known; `*` stands for an id. A route not named here is refused. Where
 * nobody can say what moves, it is `computed` (refused without a declared maximum) or `never`.
 */
export const MONEY_ROUTES: ReadonlyMap<string, RouteCost> = new Map(ENTRIES)

/** A call on a known route; `object` is the id in its path, null when there is none. */
export interface StripeCall {
  readonly cost: RouteCost
  readonly object: string | null
  /** `/v1/payment_intents/pi_1` of `/v1/payment_intents/pi_1/confirm`. */
  readonly objectPath: string
}

const ID = /^[A-Za-z0-9_-]{1,255}$/

/** Undefined when the route is not known. Words of a route come before ids, as at Stripe. */
export function findMoneyRoute(method: string, path: string): StripeCall | undefined {
  return find(`${method} ${path}`)
}

const find = remembered((endpoint): StripeCall | undefined => {
  const at = endpoint.indexOf(' ')
  return findAnew(endpoint.slice(0, at), endpoint.slice(at + 1))
})

function findAnew(method: string, path: string): StripeCall | undefined {
  const segments = path.split('/').slice(1)
  const route = routeOf(method, segments, 0)
  const cost = route === undefined ? undefined : MONEY_ROUTES.get(route)
  if (route === undefined || cost === undefined) return undefined
  const at = route.split('/').indexOf('*') - 1
  return at < 0
    ? { cost, object: null, objectPath: path }
    : { cost, object: segments[at] ?? null, objectPath: `/${segments.slice(0, at + 1).join('/')}` }
}

/** The known route that these segments name, the first of them as they stand and the rest perhaps ids. */
function routeOf(method: string, segments: readonly string[], at: number): string | undefined {
  if (segments.length > MAX_SEGMENTS) return undefined
  if (at === segments.length) {
    const route = `${method} /${segments.join('/')}`
    return MONEY_ROUTES.has(route) ? route : undefined
  }
  // The version, and the first word after it, are no ids.
  const segment = segments[at] ?? ''
  if (segment === '*') return undefined
  const asWord = routeOf(method, segments, at + 1)
  if (asWord !== undefined || at < 2 || !ID.test(segment)) return asWord
  return routeOf(method, segments.with(at, '*'), at + 1)
}

/** Of the longest known route; also bounds the ways to read a path. */
const MAX_SEGMENTS = Math.max(...ENTRIES.map(([route]) => route.split('/').length - 1))
