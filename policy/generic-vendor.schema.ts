import { z } from 'zod'
import type { GenericVendor, PricedRoute } from './cap-policy.ts'
import { baseUrl, header, pattern, usd, vendorBasics } from './vendor-fields.schema.ts'

const pricedRoute = z.strictObject({
  match: pattern.describe('`METHOD /path`; `*` stands for exactly one segment.'),
  usd: usd.describe('Price of one call; `"0"` is free.'),
  core: z
    .array(z.string().regex(/^(\/([^~/]|~0|~1)+)+$/, { error: 'a JSON pointer, for example "/address"' }))
    .max(20)
    .exactOptional()
    .describe(
      'JSON pointers to the body fields that name the counterparty. Default none: no guard against diverging replays.',
    ),
}) satisfies z.ZodType<PricedRoute>

export const generic = z.strictObject({
  ...vendorBasics,
  type: z.literal('generic'),
  baseUrl: baseUrl.describe('Origin of the vendor.'),
  auth: z
    .strictObject({
      header: header.describe('Request header that carries the secret.'),
      scheme: z
        .string()
        .regex(/^[A-Za-z0-9-]{1,40}$/)
        .exactOptional()
        .describe('Word before the secret, for example `Bearer`. Default none.'),
    })
    .describe('How the secret is sent.'),
  idempotency: z
    .union(
      [
        z.literal('never'),
        z.strictObject({
          header: header.describe('Request header that carries the key.'),
          windowHours: z.int().min(1).max(8_760).describe('How long the vendor keeps a key. Hours.'),
        }),
      ],
      { error: '`never`, or {header, windowHours}' },
    )
    .describe('`never`: a call is sent once. Otherwise how the vendor is told that a call is a repeat.'),
  routes: z
    .array(pricedRoute)
    .max(200)
    .superRefine(refuseHiddenRoutes)
    .describe('Prices. A mutating route without one is refused; the first match counts.'),
}) satisfies z.ZodType<GenericVendor>

/** The first match counts, so a price behind a wider route would never be asked for: a dear call could pass as a cheap one. */
export function refuseHiddenRoutes(routes: readonly { readonly match: string }[], context: z.RefinementCtx): void {
  for (const [at, { match }] of routes.entries()) {
    const wider = routes.slice(0, at).find((earlier) => coversRoute(earlier.match, match))
    if (wider === undefined) continue
    const message = `\`${wider.match}\` stands before it and takes all of its calls: put the narrower route first`
    context.addIssue({ code: 'custom', path: [at, 'match'], message })
  }
}

/** Whether every call of `narrow` is one of `wide`. A HEAD is priced as its GET. */
function coversRoute(wide: string, narrow: string): boolean {
  const [wideMethod = '', widePath = ''] = wide.split(' ')
  const [narrowMethod = '', narrowPath = ''] = narrow.split(' ')
  if (wideMethod !== narrowMethod && !(wideMethod === 'GET' && narrowMethod === 'HEAD')) return false
  const [wanted, given] = [widePath.split('/'), narrowPath.split('/')]
  return wanted.length === given.length && wanted.every((segment, at) => segment === '*' || segment === given[at])
}
