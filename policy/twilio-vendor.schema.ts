import { z } from 'zod'
import type { TwilioVendor, TwilioVendorPrices } from './cap-policy.ts'
import { baseUrl, usd, vendorBasics } from './vendor-fields.schema.ts'

const twilioPrices = z.strictObject({
  segmentUsd: usd
    .exactOptional()
    .describe('One segment of a message, with carrier fees. Default: messages are refused.'),
  mmsUsd: usd.exactOptional().describe('One message with media. Default: those are refused.'),
  callMinuteUsd: usd
    .exactOptional()
    .describe(
      'One minute of a call, with what its TwiML may add, such as another leg by `<Dial>`: that is not seen. Default: calls are refused.',
    ),
  recordMinuteUsd: usd
    .exactOptional()
    .describe('On top for each minute of a call with `Record=true`. Default: such calls are refused.'),
  machineDetectionUsd: usd
    .exactOptional()
    .describe('On top for a call with `MachineDetection`. Default: such calls are refused.'),
  engagementUsd: usd
    .exactOptional()
    .describe(
      'On top for a message with `ShortenUrls` or `ScheduleType`: the fee of the Engagement Suite, `"0"` where your contract has none. Default: such messages are refused.',
    ),
}) satisfies z.ZodType<TwilioVendorPrices>

export const twilio = z.strictObject({
  ...vendorBasics,
  type: z.literal('twilio'),
  baseUrl: baseUrl.exactOptional().describe('Origin of the vendor. Default `https://api.twilio.com`.'),
  accountSid: z
    .string()
    .regex(/^AC[0-9a-f]{32}$/, { error: 'an account SID: AC and 32 lower-case hex digits' })
    .describe('The real account. Apps use a placeholder, for which it is put in.'),
  apiKeySid: z
    .string()
    .regex(/^SK[0-9a-f]{32}$/, { error: 'an API key SID: SK and 32 lower-case hex digits' })
    .exactOptional()
    .describe("When the secret is that of an API key. Default: the secret is the account's auth token."),
  prices: twilioPrices.describe('Prices for every number that no entry of `pricesByTo` names.'),
  pricesByTo: z
    .record(
      z.string().regex(/^(\+[1-9][0-9]{0,14}|[a-z]+:(\+[1-9][0-9]{0,14})?)$/, {
        error: 'the beginning of a number, for example "+49", "whatsapp:" or "whatsapp:+49"',
      }),
      twilioPrices,
    )
    .exactOptional()
    .describe('Prices by the beginning of `To`, such as `+49` or `whatsapp:`; the longest one counts, alone.'),
  callTimeLimitSeconds: z
    .int()
    .min(1)
    .max(14_400)
    .exactOptional()
    .describe('Put into calls that set no `TimeLimit`. Seconds. Default: such calls are refused.'),
}) satisfies z.ZodType<TwilioVendor>
