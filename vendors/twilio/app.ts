import type { AppSide } from '../app-side.ts'
import { PLACEHOLDER_ACCOUNT } from './routes.ts'

export const twilioApp: AppSide = {
  /** No Twilio SDK reads its address from the environment: TWILIO_EDGE and TWILIO_REGION only build names under twilio.com. */
  addressEnvs: () => ({}),
  secretEnvs: [
    'TWILIO_AUTH_TOKEN',
    'TWILIO_API_SECRET',
    'TWILIO_API_KEY_SECRET',
    'TWILIO_ACCOUNT_SID',
    'TWILIO_API_KEY',
  ],
  /** Auth tokens are bare hex, like much else. */
  secretShape: null,
  placeholder: 'jobcapHoldsTheRealSecret00000000',
  placeholderOf: (variable) => PLACEHOLDERS[variable],
}

/** SDKs look at how these begin. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  TWILIO_ACCOUNT_SID: PLACEHOLDER_ACCOUNT,
  TWILIO_API_KEY: `SK${'0'.repeat(32)}`,
}
