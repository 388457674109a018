import { anthropic } from './anthropic/sdks.ts'
import type { VendorSdks } from './case.ts'
import { openai } from './openai/sdks.ts'
import { resend } from './resend/sdks.ts'
import { stripe } from './stripe/sdks.ts'
import { twilio } from './twilio/sdks.ts'

/** Every vendor whose SDKs are tried: one folder each. */
export const VENDORS: readonly VendorSdks[] = [stripe, twilio, resend, openai, anthropic]
