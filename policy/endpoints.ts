import { isPathAmbiguous, routeMatches } from '../contract/route-pattern.ts'
import type { Vendor } from './policy.ts'

/**
 * Whether one of the patterns allows the request. `*` stands for one segment; as the last segment for one or more, so
 * that `GET /v1/*` allows every read. A HEAD is a GET whose body is left out, so that a GET's pattern allows it. Else methods,
 * paths and letter case must be equal; an ambiguous path is never allowed.
 */
export function isEndpointAllowed(patterns: readonly string[], method: string, path: string): boolean {
  const methods = method === 'HEAD' ? ['HEAD', 'GET'] : [method]
  return !isPathAmbiguous(path) && patterns.some((pattern) => methods.some((asked) => allows(pattern, asked, path)))
}

/** Whether everything that `asked` allows is allowed by `allowed` too. */
export function isEndpointCovered(asked: string, allowed: string): boolean {
  const [askedMethod = '', askedPath = ''] = asked.split(' ')
  const [allowedMethod = '', allowedPath = ''] = allowed.split(' ')
  if (askedMethod !== allowedMethod && !(askedMethod === 'HEAD' && allowedMethod === 'GET')) return false
  const wanted = askedPath.split('/')
  const given = allowedPath.split('/')
  const isOpenEnded = given.at(-1) === '*'
  if (wanted.length < given.length || (wanted.length > given.length && !isOpenEnded)) return false
  return given.every((segment, at) => segment === '*' || segment === wanted[at])
}

/** What a declared vendor's policy allows and gives no price for: each such call would be refused. Reads need none. */
export function unpricedEndpoints({ type, routes, allowedEndpoints }: Vendor): readonly string[] {
  if (type !== 'generic') return []
  return allowedEndpoints.filter(
    (endpoint) => !/^(GET|HEAD) /.test(endpoint) && !routes.some(({ match }) => overlaps(endpoint, match)),
  )
}

/** Whether there is a request that both patterns mean. */
function overlaps(one: string, other: string): boolean {
  return isEndpointCovered(one, other) || isEndpointCovered(other, one)
}

function allows(pattern: string, method: string, path: string): boolean {
  if (!pattern.endsWith('/*')) return routeMatches(pattern, method, path)
  const depth = pattern.split('/').length
  const segments = path.split('/')
  // A slash at the end leaves an empty segment, which a `*` does not stand for.
  if (segments.length < depth || segments.at(-1) === '') return false
  return routeMatches(pattern, method, segments.slice(0, depth).join('/'))
}
