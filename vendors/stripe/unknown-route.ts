import { meantPath } from '../../contract/meant-path.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { mistakenPath } from '../undeclared-route.ts'
import { findMoneyRoute, ROUTES_OF } from './money-routes.ts'

/** A route that is not in the table: another path is meant, Stripe has added it since, or it never was one. */
export function unknownRoute(call: CallText): Refusal {
  const { method, path } = call
  const meant = meantPath(path, (candidate) => findMoneyRoute(method, candidate) !== undefined)
  if (meant !== undefined) return mistakenPath(call, meant)
  return refusal(
    'route_unknown',
    `What ${method} ${path} costs at Stripe is not known: the table has the routes of its package \`stripe\` ` +
      `${ROUTES_OF.package}, and that of a newer jobcap may have more. To allow it at a price of yours, add a vendor of type ` +
      '`generic` to the policy and have the app ask that one, with the same secretRef, baseUrl: https://api.stripe.com, ' +
      'auth: bearer, idempotency: {header: Idempotency-Key, windowHours: 23} and ' +
      `routes: [{match: "${method} ${patternOf(path)}", usd: "25.00"}].`,
  )
}

/** Ids hold a digit behind their kind (`cus_9s6`). Not `templateOf`: a mistyped word must not become a pattern for all routes. */
function patternOf(path: string): string {
  return path.replaceAll(/(?<=\/)[a-z]+_[^/]*[0-9][^/]*/g, '*')
}
