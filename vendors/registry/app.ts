import type { TokenPricing } from '../../contract/pricing.ts'
import type { VendorType } from '../../contract/vendor.ts'
import { anthropicApp } from '../anthropic/app.ts'
import type { AppSide } from '../app-side.ts'
import { genericApp } from '../generic/app.ts'
import { openaiApp } from '../openai/app.ts'
import { azureApp } from '../openai/app-azure.ts'
import { resendApp } from '../resend/app.ts'
import { stripeApp } from '../stripe/app.ts'
import { twilioApp } from '../twilio/app.ts'

export type { AppSide } from '../app-side.ts'

const BY_TYPE: Readonly<Record<VendorType, AppSide>> = {
  stripe: stripeApp,
  twilio: twilioApp,
  resend: resendApp,
  openai: openaiApp,
  anthropic: anthropicApp,
  generic: genericApp,
}

/** All that there are, by what people call them. */
export const APP_SIDES: Readonly<Record<string, AppSide>> = { ...BY_TYPE, 'openai at Azure': azureApp }

interface KnownVendor {
  readonly type: VendorType
  /** Vendors of tokens only. */
  readonly tokens?: TokenPricing
}

/** How apps know this vendor. */
export function appSideOf({ type, tokens }: KnownVendor): AppSide {
  return tokens?.deployments === undefined ? BY_TYPE[type] : azureApp
}
