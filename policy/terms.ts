import { ALLOWED_ENDPOINTS_ANNOTATION, CAP_USD_ANNOTATION } from '../contract/labels.ts'
import { meantPath } from '../contract/meant-path.ts'
import { formatUsd, parseUsd, type UsdMicros } from '../contract/money.ts'
import { quoted } from '../contract/quoted.ts'
import { type Refusal, refusal } from '../contract/refusals.ts'
import { ROUTE_PATTERN } from '../contract/route-pattern.ts'
import type { TermsAsked } from '../contract/workload.ts'
import { meantDollars } from './dollars.ts'
import { isEndpointAllowed, isEndpointCovered } from './endpoints.ts'
import type { Policy, Vendor } from './policy.ts'

/** What a run may do and spend. */
export interface RunTerms {
  readonly policy: string
  readonly capUsdMicros: UsdMicros
  /** Patterns that narrow what the policy allows; null: all that it allows. */
  readonly allowedEndpoints: readonly string[] | null
  readonly expiresInMs: number
  /** Containers are restarted in place: paid calls need named keys. */
  readonly keepsRestarts: boolean
}

/** Holds what a Job asks for against its policy. A refusal's message names what would be accepted. */
export function judgeTerms(asked: TermsAsked, policy: Policy): RunTerms | Refusal {
  const cap = judgeCap(asked.capUsd, policy)
  if (typeof cap !== 'number') return cap
  const refused = judgeEndpoints(asked.allowedEndpoints ?? [], policy)
  if (refused !== null) return refused
  return {
    policy: policy.name,
    capUsdMicros: cap,
    allowedEndpoints: asked.allowedEndpoints ?? null,
    expiresInMs: policy.expiresInMs,
    keepsRestarts: asked.keepsRestarts ?? false,
  }
}

/** Whether the run may make this request at all, before its price is asked. Null: it may. */
export function judgeRequest(
  terms: Pick<RunTerms, 'allowedEndpoints'>,
  vendor: Vendor,
  request: { readonly method: string; readonly path: string },
): Refusal | null {
  const { method, path } = request
  const endpoint = `${method} ${path}`
  if (!isEndpointAllowed(vendor.allowedEndpoints, method, path)) {
    const meant = meantPath(path, (candidate) => isEndpointAllowed(vendor.allowedEndpoints, method, candidate))
    return refusal(
      'endpoint_not_allowed',
      `\`${endpoint}\` is not among the allowedEndpoints of vendor \`${vendor.name}\` in the policy; ${
        meant === undefined
          ? 'add it there to allow it.'
          : `\`${method} ${meant}\` is. If that is meant, correct the app's base URL; else add this one there.`
      }`,
    )
  }
  if (terms.allowedEndpoints !== null && !isEndpointAllowed(terms.allowedEndpoints, method, path)) {
    return refusal(
      'endpoint_not_allowed',
      `\`${endpoint}\` is not among the endpoints that the Job, or whoever made the key, asked for. To allow it, name it in the Job's annotation ${ALLOWED_ENDPOINTS_ANNOTATION}, or make a key that may call it.`,
    )
  }
  return null
}

/** The vendor of this name, or a refusal that lists those there are. */
export function vendorOf(policy: Policy, name: string): Vendor | Refusal {
  const vendor = policy.vendors.find((candidate) => candidate.name === name)
  if (vendor !== undefined) return vendor
  const known = policy.vendors.map((candidate) => `\`${candidate.name}\``).join(', ')
  return refusal('vendor_unknown', `Policy \`${policy.name}\` names no vendor \`${name}\`; there is ${known}.`)
}

function judgeCap(asked: string | undefined, { name, caps }: Policy): UsdMicros | Refusal {
  if (asked === undefined) return caps.perRunDefaultUsdMicros
  const most = formatUsd(caps.perRunMaxUsdMicros)
  const cap = parseUsd(asked)
  if (cap === undefined) {
    const meant = meantDollars(asked)
    return refusal(
      'terms_exceed_policy',
      `${CAP_USD_ANNOTATION}: ${quoted(asked)} is not decimal dollars such as "5.00"${
        meant === undefined ? '' : `: write ${quoted(meant)}`
      }; at most "${most}" is accepted.`,
      { accepted_usd: most },
    )
  }
  if (cap <= caps.perRunMaxUsdMicros) return cap
  return refusal(
    'terms_exceed_policy',
    `${CAP_USD_ANNOTATION}: ${quoted(asked)} is above what policy \`${name}\` allows a run; at most "${most}" is accepted.`,
    { asked_usd: formatUsd(cap), accepted_usd: most },
  )
}

function judgeEndpoints(asked: readonly string[], policy: Policy): Refusal | null {
  const allowed = policy.vendors.flatMap(({ allowedEndpoints }) => allowedEndpoints)
  for (const endpoint of asked) {
    if (!ROUTE_PATTERN.test(endpoint)) {
      return refusal(
        'terms_exceed_policy',
        `${ALLOWED_ENDPOINTS_ANNOTATION}: ${quoted(endpoint)} is not an upper-case method and a path; accepted is for example "${allowed[0] ?? ''}".`,
      )
    }
    if (!allowed.some((pattern) => isEndpointCovered(endpoint, pattern))) {
      return refusal(
        'terms_exceed_policy',
        `${ALLOWED_ENDPOINTS_ANNOTATION}: ${quoted(endpoint)} is not within what policy \`${policy.name}\` allows; accepted is any of: ${allowed.join(', ')}.`,
      )
    }
  }
  return null
}
