import { pathAmbiguous } from '../../contract/path-advice.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import { isPathAmbiguous } from '../../contract/route-pattern.ts'
import type { Policy, Vendor } from '../../policy/policy.ts'
import { vendorOf } from '../../policy/terms.ts'
import type { Ledger } from '../ledger.ts'
import type { Authenticated } from './authenticate.ts'
import type { CallRequest } from './call-request.ts'

const VENDOR_HOST = /^([a-z0-9-]+)\.localhost(?::[0-9]+)?$/i

/** Where a call is meant to go. */
export interface Addressed {
  readonly policy: Policy
  readonly vendor: Vendor
  /** The vendor's own path, prefix removed, without the query. */
  readonly path: string
  /** Without the question mark. */
  readonly query: string
}

/** The vendor that a Host header names, `stripe.localhost`; its paths then have no prefix. */
export function vendorOfHost(host: string | undefined): string | undefined {
  return VENDOR_HOST.exec(host ?? '')?.[1]?.toLowerCase()
}

/**
 * By host name, by the first path segment, or, for SDKs that can do neither, by the key: one made by hand is for one
 * vendor, so a path that begins with no vendor's name is that vendor's own.
 */
export function address(ledger: Ledger, who: Authenticated, request: CallRequest): Addressed | Refusal {
  const { target, headers } = request
  if (!target.startsWith('/')) return refusal('request_malformed', 'The request target must be a path.')
  const questionMark = target.indexOf('?')
  const fullPath = questionMark < 0 ? target : target.slice(0, questionMark)
  const query = questionMark < 0 ? '' : target.slice(questionMark + 1)
  if (isPathAmbiguous(fullPath)) return pathAmbiguous(fullPath)
  const policy = ledger.policies.named(who.policyName)
  if (policy === undefined) return refusal('policy_missing', `There is no policy \`${who.policyName}\`.`)

  // A sidecar always names the vendor in the path; the Host header it passes on is the app's.
  const byHost = who.caller.pod === null ? vendorOfHost(headers['host']) : undefined
  const placed = place(policy, who, { path: fullPath, byHost })
  if (who.onlyVendor !== null && placed.name !== who.onlyVendor) {
    return refusal('endpoint_not_allowed', `The vault key is for vendor \`${who.onlyVendor}\` only.`)
  }
  const vendor = vendorOf(policy, placed.name)
  return 'code' in vendor ? vendor : { policy, vendor, path: placed.path, query }
}

function place(
  policy: Policy,
  { onlyVendor }: Authenticated,
  where: { readonly path: string; readonly byHost: string | undefined },
) {
  const { path, byHost } = where
  if (byHost !== undefined) return { name: byHost, path }
  const [, first = ''] = path.split('/', 2)
  const isVendor = policy.vendors.some(({ name }) => name === first)
  if (!isVendor && onlyVendor !== null) return { name: onlyVendor, path }
  return { name: first, path: path.slice(first.length + 1) || '/' }
}
