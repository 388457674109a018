import type { AppSide } from '../app-side.ts'
import { baseUrlEnvOf } from '../content/base-url-env.ts'

export const anthropicApp: AppSide = {
  addressEnvs: (name) => ({ [baseUrlEnvOf(name)]: '' }),
  /** `ANTHROPIC_AUTH_TOKEN` is sent as a bearer; either is put in by the ledger. */
  secretEnvs: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'],
  secretShape: /\bsk-ant-[a-z0-9]{3,8}-[A-Za-z0-9_-]{20,}/g,
  placeholder: 'sk-ant-api03-jobcapHoldsTheRealSecret',
}
