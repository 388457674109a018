import { pathAmbiguous } from '../../contract/path-advice.ts'
import { quoted } from '../../contract/quoted.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import { remembered } from '../../contract/remembered.ts'
import { isPathAmbiguous } from '../../contract/route-pattern.ts'
import type { CallText } from '../../contract/vendor.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Headers by which some servers take another method or path than the request line says. */
const OVERRIDE_HEADERS: ReadonlySet<string> = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
  'x-original-uri',
])

/** Characters: the route goes into claims, which take 2,000 with the method. */
const MAX_PATH_LENGTH = 1_500

/** What a path segment may hold unencoded: RFC 3986 `pchar` without `;` (parameters) and `*` (our sign for any segment). */
const PLAIN_PATH = /^(?:[A-Za-z0-9\-._~!$&'()+,=:@/]|%[0-9A-Fa-f]{2})+$/

/** RFC 3986 unreserved characters mean the same encoded or not, so their encoding only hides a word; `?` and `#` end a path. */
const ENCODED_UNRESERVED = /%(?:2d|3[0-9]|4[1-9a-f]|5[0-9a]|5f|6[1-9a-f]|7[0-9a]|7e|3f|23)/i

/** A path whose reading is plain: what a router sees is what stands there. Null when it is; a refusal otherwise. */
export const pathProblem = remembered((path): Refusal | null => {
  if (path.length > MAX_PATH_LENGTH) {
    return refusal('request_malformed', `The path is longer than ${MAX_PATH_LENGTH} characters.`)
  }
  const isPlain =
    !isPathAmbiguous(path) &&
    PLAIN_PATH.test(path) &&
    !ENCODED_UNRESERVED.test(path) &&
    !/\.(?:\/|$)/.test(path) &&
    isUtf8Encoded(path)
  return isPlain ? null : pathAmbiguous(path)
})

/**
 * Whether some framework takes another method out of a parameter so named: Rack, Laravel and Symfony from a body, WordPress from
 * the query of a GET too. PHP reads `.method` and ` _method` so as well.
 */
export function isMethodOverride(name: string): boolean {
  return /^\s*[_.\s[]method(?:\[|$)/i.test(name) || OVERRIDE_HEADERS.has(name.toLowerCase().replaceAll('_', '-'))
}

/** What names another method. `what`: such as `header x-http-method-override`. */
export function overridden(what: string): Refusal {
  return refusal('request_malformed', `The ${what} would make another request of this one: leave it away.`)
}

/** Method, overrides and path. Null when there is nothing to refuse. */
export function requestProblem(call: CallText): Refusal | null {
  if (!METHODS.includes(call.method)) {
    return refusal('request_malformed', `The method is not one of ${METHODS.join(', ')}.`)
  }
  const override = overrideIn(call.headers)
  if (override !== undefined) return overridden(`header ${override}`)
  const inQuery = call.query === '' ? undefined : queryNames(call.query).find(isMethodOverride)
  return inQuery === undefined ? pathProblem(call.path) : overridden(`parameter ${quoted(inQuery)} of the query`)
}

/** Of all parameters; Perl, and Ruby's Rack before 3, take a `;` between them like a `&`. */
export function queryNames(query: string): readonly string[] {
  return [...new URLSearchParams(query.replaceAll(';', '&')).keys()]
}

/** Servers in the manner of CGI (RFC 3875, 4.1.18) read an underscore in a name as a dash. */
function overrideIn(headers: CallText['headers']): string | undefined {
  for (const name in headers) {
    const asDashes = name.includes('_') ? name.replaceAll('_', '-') : name
    if (OVERRIDE_HEADERS.has(asDashes) && headers[name] !== undefined) return name
  }
  return undefined
}

export function isReadMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/**
 * A path with what looks like an id put as `*`, for display and metrics: a segment with a digit or an upper-case letter
 * (a version such as `v1` aside), or an encoded one.
 */
export const templateOf = remembered((path) =>
  path
    .split('/')
    .map((segment) => (/[A-Z0-9%]/.test(segment) && !/^v[0-9]+$/.test(segment) ? '*' : segment))
    .join('/'),
)

function isUtf8Encoded(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
