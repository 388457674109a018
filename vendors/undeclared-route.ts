import { type Refusal, refusal } from '../contract/refusals.ts'
import type { CallText } from '../contract/vendor.ts'

/** A route whose price the vendor's type does not know, and the way to declare one. `pattern`: ids in its path as `*`. */
export function undeclaredRoute({ method, path }: CallText, pattern: string = path): Refusal {
  return refusal(
    'route_unknown',
    `What ${method} ${path} costs is not known. To allow it at a price of yours, add a vendor of type \`generic\` to the ` +
      `policy, with the same baseUrl and secretRef and routes: [{match: "${method} ${pattern}", usd: "0.25"}].`,
  )
}
