import { type Refusal, refusal } from '../contract/refusals.ts'
import type { CallText } from '../contract/vendor.ts'

/** A path that no vendor of its type has, where another is likely to be meant. */
export function mistakenPath({ method, path }: CallText, meant: string): Refusal {
  const how = path.endsWith('/') ? 'leave out the slash at its end' : `the app's base URL ${versionAdvice(path, meant)}`
  return refusal('route_unknown', `There is no ${method} ${path}. Is ${method} ${meant} meant? Then ${how}.`)
}

function versionAdvice(path: string, meant: string): string {
  return meant.length > path.length ? 'has to end in `/v1`' : 'holds one `/v1` too many'
}

/** A route whose price the vendor's type does not know, and the way to declare one. `pattern`: ids in its path as `*`. */
export function undeclaredRoute({ method, path }: CallText, pattern: string = path): Refusal {
  return refusal(
    'route_unknown',
    `What ${method} ${path} costs is not known. To allow it at a price of yours, add a vendor of type \`generic\` to the ` +
      `policy, with the same baseUrl and secretRef and routes: [{match: "${method} ${pattern}", usd: "0.25"}].`,
  )
}
