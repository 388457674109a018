import type { CallKind } from './truth.ts'
import type { VendorCall } from './vendor.ts'

/** Which calls a scripted fault or a hold is meant for. What is left out matches everything. */
export interface Match {
  method?: string
  /** `*` stands for one path segment, `**` for any number of them. */
  path?: string
  /** Fields of the body by their form name: `{"customer": "cus_0042", "metadata[order]": "7"}`. */
  body?: Readonly<Record<string, string>>
  /** Headers, names in lower case. */
  headers?: Readonly<Record<string, string>>
  /** Only calls that came to this; heeded only once the call was carried out. */
  kinds?: readonly CallKind[]
}

/** `kind` is absent before the call was carried out. */
export function matches(match: Match, call: VendorCall, kind?: CallKind): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== call.method) return false
  if (match.path !== undefined && !pathPattern(match.path).test(call.path)) return false
  if (kind !== undefined && match.kinds !== undefined && !match.kinds.includes(kind)) return false
  const bodyMatches = Object.entries(match.body ?? {}).every(([name, value]) => call.fields[name] === value)
  const headersMatch = Object.entries(match.headers ?? {}).every(([name, value]) => call.headers[name] === value)
  return bodyMatches && headersMatch
}

function pathPattern(pattern: string): RegExp {
  const segments = pattern.split('/').map((segment) => {
    if (segment === '**') return '.*'
    return segment === '*' ? '[^/]+' : RegExp.escape(segment)
  })
  return new RegExp(`^${segments.join('/')}$`)
}
