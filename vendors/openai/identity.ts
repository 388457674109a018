import type { CallIdentity } from '../../contract/call.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { CallText, VendorTerms } from '../../contract/vendor.ts'
import { recogniseModelCall } from '../content/model-call.ts'

/** Most vendors that speak this protocol do so under `/v1`, some without it. */
const PAID_PATHS = ['/chat/completions', '/responses', '/embeddings']

const API = {
  paid: PAID_PATHS.flatMap((path) => [`POST /v1${path}`, `POST ${path}`]),
  free: [],
  accountHeaders: ['openai-organization', 'openai-project'],
  contentHeaders: ['openai-beta'],
}

/** What a call in OpenAI's protocol is. */
export function recognise(call: CallText, terms: VendorTerms, appKeys: 'auto' | 'trust'): CallIdentity | Refusal {
  return recogniseModelCall(API, { call, terms, appKeys })
}
