import { z } from 'zod'
import type { ResendVendor } from './cap-policy.ts'
import { baseUrl, usd, vendorBasics } from './vendor-fields.schema.ts'

export const resend = z.strictObject({
  ...vendorBasics,
  type: z.literal('resend'),
  baseUrl: baseUrl.exactOptional().describe('Origin of the vendor. Default `https://api.resend.com`.'),
  recipientUsd: usd.describe('Price of one mail to one recipient: each address of To, Cc and Bcc is one.'),
}) satisfies z.ZodType<ResendVendor>
