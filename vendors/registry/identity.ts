import type { CallIdentity, CallRoute } from '../../contract/call.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { CallText, VendorTerms, VendorType } from '../../contract/vendor.ts'
import { recognise as recogniseAnthropic } from '../anthropic/identity.ts'
import { recognise as recogniseGeneric } from '../generic/identity.ts'
import { recognise as recogniseOpenai } from '../openai/identity.ts'
import { recognise as recogniseResend } from '../resend/identity.ts'
import { readRoute as readStripeRoute, recognise as recogniseStripe, stripePrefixProblem } from '../stripe/identity.ts'
import { recognise as recogniseTwilio } from '../twilio/identity.ts'

export { isRefusal } from '../content/guard.ts'

/** Which intended call a request is; a refusal when that cannot be said without doubt. */
export type Recognise = (call: CallText, terms: VendorTerms, appKeys: 'auto' | 'trust') => CallIdentity | Refusal

export function recogniserOf(type: VendorType): Recognise {
  switch (type) {
    case 'stripe':
      return recogniseStripe
    case 'twilio':
      return recogniseTwilio
    case 'resend':
      return recogniseResend
    case 'openai':
      return recogniseOpenai
    case 'anthropic':
      return recogniseAnthropic
    case 'generic':
      return recogniseGeneric
  }
}

/** Only where a request goes: for whoever has been told its digest, and need not work it out again. */
export function routeReaderOf(type: VendorType): (...request: Parameters<Recognise>) => CallRoute | Refusal {
  return type === 'stripe' ? readStripeRoute : recogniserOf(type)
}

/** Of a client that cannot read answers under a path prefix: after such a call it would take what was done for undone. */
export function prefixProblem({ type, name }: VendorTerms, userAgent: string): Refusal | null {
  return type === 'stripe' ? stripePrefixProblem(name, userAgent) : null
}
