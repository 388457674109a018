import type { CallIdentity } from '../../contract/call.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { CallText, VendorTerms } from '../../contract/vendor.ts'
import { recogniseModelCall } from '../content/model-call.ts'

const API = {
  paid: ['POST /v1/messages'],
  free: ['POST /v1/messages/count_tokens'],
  accountHeaders: [],
  contentHeaders: ['anthropic-version', 'anthropic-beta'],
}

/** What a call to Anthropic is. */
export function recognise(call: CallText, terms: VendorTerms, appKeys: 'auto' | 'trust'): CallIdentity | Refusal {
  return recogniseModelCall(API, { call, terms, appKeys })
}
