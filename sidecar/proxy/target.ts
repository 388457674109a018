import { pathAmbiguous } from '../../contract/path-advice.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import { isPathAmbiguous } from '../../contract/route-pattern.ts'
import type { VendorTerms } from '../../contract/vendor.ts'

/** Which vendor's which path a request is for. */
export interface Target {
  readonly terms: VendorTerms
  /** As the vendor knows it: begins with `/`, still percent-encoded. */
  readonly path: string
  /** Without the question mark; empty when there is none. */
  readonly query: string
  /** Where the app calls this vendor; null when it named no host. */
  readonly base: string | null
  /** Found by the first segment of the path. */
  readonly isByPrefix: boolean
}

export interface Addressed {
  /** Origin form: path and query. */
  readonly url: string
  readonly host: string | undefined
  /** The vendor whose own port was asked; undefined on the main port. */
  readonly portVendor: string | undefined
}

/** By own port, else by host name `<vendor>.localhost`, else by first path segment. */
export function readTarget({ url, host, portVendor }: Addressed, vendors: readonly VendorTerms[]): Target | Refusal {
  const mark = url.indexOf('?')
  const fullPath = mark < 0 ? url : url.slice(0, mark)
  const query = mark < 0 ? '' : url.slice(mark + 1)
  if (isPathAmbiguous(fullPath)) return pathAmbiguous(fullPath)
  const named = portVendor ?? hostVendor(host)
  const [, segment = ''] = fullPath.split('/')
  const name = named ?? segment
  const terms = vendors.find((vendor) => vendor.name === name)
  if (terms === undefined) return unknownVendor(name, vendors, named === undefined)
  const path = named === undefined ? fullPath.slice(segment.length + 1) : fullPath
  const base = host === undefined ? null : `http://${host}${named === undefined ? `/${segment}` : ''}`
  return { terms, path: path === '' ? '/' : path, query, base, isByPrefix: named === undefined }
}

/** `stripe` of `Stripe.localhost:8080`; undefined for every host that is not under localhost. */
function hostVendor(host: string | undefined): string | undefined {
  return /^([^.:]+)\.localhost\.?(?::\d+)?$/i.exec(host ?? '')?.[1]?.toLowerCase()
}

/** `isOfPath`: the name stood where an app that forgot the prefix has the vendor's own path. */
function unknownVendor(name: string, vendors: readonly VendorTerms[], isOfPath: boolean): Refusal {
  const known = vendors.map((vendor) => vendor.name)
  const asked = JSON.stringify(name.slice(0, 100))
  const hint = isOfPath && known[0] !== undefined ? ` A path begins with one, such as /${known[0]}/….` : ''
  const has = known.length === 0 ? 'none' : known.join(', ')
  return refusal('vendor_unknown', `The policy names no vendor ${asked}; it has: ${has}.${hint}`)
}
