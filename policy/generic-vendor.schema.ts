import { z } from 'zod'
import type { GenericVendor, PricedRoute } from './cap-policy.ts'
import { baseUrl, header, pattern, usd, vendorBasics } from './vendor-fields.schema.ts'

const pointer = z.string().regex(/^(\/([^~/]|~0|~1)+)+$/, { error: 'a JSON pointer, for example "/address"' })

const pricedRoute = z
  .strictObject({
    match: pattern.describe('`METHOD /path`; `*` stands for exactly one segment.'),
    usd: usd.describe(
      'Price of one call, or of what `perUnit` or `perItem` counts; with `fromAnswer` the most. `"0"` is free.',
    ),
    perUnit: pointer.exactOptional().describe('JSON pointer to a number in the request, which `usd` is multiplied by.'),
    perItem: pointer.exactOptional().describe('JSON pointer to a list in the request; each item costs `usd`.'),
    fromAnswer: z
      .strictObject({
        at: pointer.describe('JSON pointer to a number in the answer.'),
        usd: usd.describe('What one of it costs.'),
      })
      .exactOptional()
      .describe('The answer says what the call came to. `usd` of the route is reserved.'),
    core: z
      .array(pointer)
      .max(20)
      .exactOptional()
      .describe(
        'JSON pointers to the body fields that name the counterparty. Default none: no guard against diverging replays.',
      ),
  })
  .refine(
    ({ perUnit, perItem, fromAnswer }) =>
      [perUnit, perItem, fromAnswer].filter((rule) => rule !== undefined).length < 2,
    { error: 'of `perUnit`, `perItem` and `fromAnswer` a route has one' },
  )
  .refine(
    ({ usd: price, perUnit, perItem, fromAnswer }) =>
      (perUnit ?? perItem ?? fromAnswer) === undefined || !/^0(\.0+)?$/.test(price),
    { path: ['usd'], error: 'a route whose price is counted has a price above 0' },
  ) satisfies z.ZodType<PricedRoute>

const statuses = z.array(z.int().min(400).max(599)).max(50)

export const generic = z.strictObject({
  ...vendorBasics,
  type: z.literal('generic'),
  baseUrl: baseUrl.describe('Origin of the vendor.'),
  auth: z
    .union(
      [
        z.literal('bearer'),
        z.strictObject({
          header: header.describe('Request header that carries the secret.'),
          scheme: z
            .string()
            .regex(/^[A-Za-z0-9-]{1,40}$/, { error: 'one word of letters, digits and dashes, for example Token' })
            .exactOptional()
            .describe('Word before the secret, for example `Token`. Default none.'),
        }),
        z.strictObject({
          basic: z
            .strictObject({
              user: z
                .string()
                .regex(/^[\x21-\x39\x3b-\x7e]{1,200}$/, { error: 'printable ASCII without a colon' })
                .exactOptional()
                .describe('User of HTTP Basic; the secret is the password. Default: the secret is the user.'),
            })
            .describe('The secret goes into HTTP Basic.'),
        }),
        z.strictObject({
          query: z
            .string()
            .regex(/^[A-Za-z0-9_.-]{1,100}$/, { error: 'the name of a parameter' })
            .describe('Parameter of the query that carries the secret.'),
        }),
      ],
      { error: '`bearer`, {header, scheme?}, {basic: {user?}} or {query}, for example {header: X-Api-Key}' },
    )
    .describe('How the secret is sent: `bearer`, a header, HTTP Basic, or a parameter of the query.'),
  idempotency: z
    .union(
      [
        z.literal('never'),
        z.strictObject({
          header: header.describe('Request header that carries the key.'),
          windowHours: z.int().min(1).max(8_760).describe('How long the vendor keeps a key. Hours.'),
        }),
      ],
      { error: '`never`, or {header, windowHours}, for example {header: Idempotency-Key, windowHours: 24}' },
    )
    .describe('`never`: a call is sent once. Otherwise how the vendor is told that a call is a repeat.'),
  retryTokenHeader: header
    .exactOptional()
    .describe(
      'Request header in which the vendor’s SDKs put a random value that stays the same over the repeats of one call, such as `amz-sdk-invocation-id`. An `Idempotency-Key` goes before it. Default: none.',
    ),
  mediaTypes: z
    .record(
      z.string().regex(/^[A-Za-z0-9][\w!#$&^.+-]{0,60}\/[A-Za-z0-9][\w!#$&^.+-]{0,60}$/, {
        error: 'a media type without parameters, such as "application/x-amz-json-1.1"',
      }),
      z.enum(['json', 'form'], { error: '`json` or `form`' }),
    )
    .exactOptional()
    .describe(
      'Media types of requests that are read as `json` or as a `form`, such as `application/x-amz-json-1.1: json`. Default: only `application/json`, what ends in `+json`, and `application/x-www-form-urlencoded`.',
    ),
  statuses: z
    .strictObject({
      refused: statuses.exactOptional().describe('The call has failed for good: it costs nothing and is replayed.'),
      notDone: statuses.exactOptional().describe('The call may be made again: nothing stays reserved.'),
    })
    .exactOptional()
    .describe('Statuses that the vendor gives only when nothing has happened. Default: as everywhere, 429 and 4xx.'),
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
