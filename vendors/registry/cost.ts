import type { VendorType } from '../../contract/vendor.ts'
import { costing as anthropicCosting } from '../anthropic/cost.ts'
import type { Costing } from '../costing.ts'
import { costing as genericCosting } from '../generic/cost.ts'
import { costing as openaiCosting } from '../openai/cost.ts'
import { costing as resendCosting } from '../resend/cost.ts'
import { costing as stripeCosting } from '../stripe/cost.ts'
import { costing as twilioCosting } from '../twilio/cost.ts'

export function costingOf(type: VendorType): Costing {
  switch (type) {
    case 'stripe':
      return stripeCosting
    case 'twilio':
      return twilioCosting
    case 'resend':
      return resendCosting
    case 'openai':
      return openaiCosting
    case 'anthropic':
      return anthropicCosting
    case 'generic':
      return genericCosting
  }
}
