import { z } from 'zod'
import type { StripeClassCaps, StripeVendor } from './cap-policy.ts'
import { refuseHiddenRoutes } from './generic-vendor.schema.ts'
import { baseUrl, pattern, usd, vendorBasics } from './vendor-fields.schema.ts'

const classCap = (what: string, otherwise: string) =>
  z
    .strictObject({ perDayUsd: usd.describe('Cap: all of it under the policy together, a UTC day.') })
    .exactOptional()
    .describe(`${what}. With a cap here it counts against this one alone. Default: ${otherwise}.`)

const classCaps = z.strictObject({
  refunds: classCap('Refunds and reversals', 'free, and no cap is raised by them'),
  creditNotes: classCap('Credit notes', 'free, and no cap is raised by them'),
  payouts: classCap('Payouts and outbound payments', 'counted as spent'),
  transfers: classCap('Transfers to connected accounts', 'counted as spent'),
}) satisfies z.ZodType<StripeClassCaps>

export const stripe = z.strictObject({
  ...vendorBasics,
  type: z.literal('stripe'),
  baseUrl: baseUrl.exactOptional().describe('Origin of the vendor. Default `https://api.stripe.com`.'),
  classCaps: classCaps.exactOptional().describe('Classes of money with a cap of their own, beside what is spent.'),
  maximums: z
    .array(
      z.strictObject({
        match: pattern.describe('`METHOD /path`; `*` stands for exactly one segment.'),
        usd: usd.describe('The most that one call may move; `"0"` says that it is counted elsewhere.'),
      }),
    )
    .max(100)
    .superRefine(refuseHiddenRoutes)
    .exactOptional()
    .describe(
      'For routes whose amount only Stripe knows, such as `POST /v1/subscriptions`: what is reserved for one call, and counted whatever it moved, for most answers do not say. Such a route without a maximum is refused; the first match counts.',
    ),
}) satisfies z.ZodType<StripeVendor>
