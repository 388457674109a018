import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import type { Verdict } from '../costing.ts'
import { verdictOf } from '../verdict.ts'

/** Anthropic's word for "overloaded, nothing was done": like 429, it comes before any work. */
const OVERLOADED = 529

export function verdictOfModel(status: number): Verdict {
  return status === OVERLOADED ? 'not_sent' : verdictOf(status, 'definite')
}

/** A route whose price is not by tokens, and the way to declare one. */
export function undeclaredRoute({ method, path }: CallText): Refusal {
  return refusal(
    'route_unknown',
    `What ${method} ${path} costs is not known. To allow it at a price of yours, add a vendor of type \`generic\` to the ` +
      `policy, with the same baseUrl and secretRef and routes: [{match: "${method} ${path}", usd: "0.25"}].`,
  )
}
