import type { CallIdentity } from '../../contract/call.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { CallText, VendorTerms } from '../../contract/vendor.ts'
import { recogniseModelCall } from '../content/model-call.ts'
import { COUNTING_PATHS } from './counting.ts'
import { azurePath } from './path.ts'

const PAID_PATHS = ['/chat/completions', '/responses', '/embeddings', '/completions']

/** Most vendors that speak this protocol do so under `/v1`, some without it. */
const posts = (paths: readonly string[]) => paths.flatMap((path) => [`POST /v1${path}`, `POST ${path}`])

const API = {
  paid: posts(PAID_PATHS),
  free: posts(COUNTING_PATHS),
  accountHeaders: ['openai-organization', 'openai-project'],
  contentHeaders: ['openai-beta'],
  listedPath: (path: string) => azurePath(path)?.path ?? path,
}

/** What a call in OpenAI's protocol is. */
export function recognise(call: CallText, terms: VendorTerms, appKeys: 'auto' | 'trust'): CallIdentity | Refusal {
  return recogniseModelCall(API, { call, terms, appKeys })
}
