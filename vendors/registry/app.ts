import type { VendorType } from '../../contract/vendor.ts'
import { anthropicApp } from '../anthropic/app.ts'
import type { AppSide } from '../app-side.ts'
import { genericApp } from '../generic/app.ts'
import { openaiApp } from '../openai/app.ts'
import { resendApp } from '../resend/app.ts'
import { stripeApp } from '../stripe/app.ts'
import { twilioApp } from '../twilio/app.ts'

export type { AppSide } from '../app-side.ts'

/** How apps know the vendors of this type. */
export function appSideOf(type: VendorType): AppSide {
  switch (type) {
    case 'stripe':
      return stripeApp
    case 'twilio':
      return twilioApp
    case 'resend':
      return resendApp
    case 'openai':
      return openaiApp
    case 'anthropic':
      return anthropicApp
    case 'generic':
      return genericApp
  }
}
