import { remembered } from './remembered.ts'

/** `METHOD /path` as in `allowedEndpoints` and declared routes: an upper-case method, segments, `*` for a whole segment. */
export const ROUTE_PATTERN = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE) (?:\/(?:\*|[A-Za-z0-9._~!$&'()+,=:@-]+))+$/

/** Dot segments, empty segments, back-slashes, control characters, parameters, and the encodings that could hide one of them. */
const AMBIGUOUS_PATH =
  /\/\/|\/\.{1,2}(?:\/|$)|[\\;?#\x00-\x20\x7f]|%(?:2f|5c|2e|25|3b|[01][0-9a-f]|7f)|%(?![0-9a-f]{2})/i

/**
 * Whether a request's path (without query) could be read in two ways, so that it might pass a paid route off as a free one.
 * Such a path is refused wherever it is judged.
 */
export function isPathAmbiguous(path: string): boolean {
  return isAmbiguous(path)
}

const isAmbiguous = remembered((path) => !path.startsWith('/') || AMBIGUOUS_PATH.test(path))

/**
 * Whether a declared route names this request: the method and each segment equal, letter case included; a `*` stands for
 * exactly one segment that is not empty. An ambiguous path matches nothing.
 */
export function routeMatches(pattern: string, method: string, path: string): boolean {
  const [patternMethod = '', patternPath = ''] = pattern.split(' ')
  if (patternMethod !== method || isPathAmbiguous(path)) return false
  const wanted = patternPath.split('/')
  const segments = path.split('/')
  return wanted.length === segments.length && wanted.every((want, at) => segmentMatches(want, segments[at] ?? ''))
}

function segmentMatches(want: string, segment: string): boolean {
  return want === '*' ? segment !== '' : want === segment
}
