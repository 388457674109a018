import type { CallText } from '../../contract/vendor.ts'
import type { Vendor } from '../../policy/policy.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import type { Secret } from '../effects.ts'
import type { VendorRequest } from '../vendor-client/network.ts'

/** How one call goes out. */
export interface Outgoing {
  readonly vendor: Vendor
  readonly secret: Secret
  /** As the vendor gets it. */
  readonly call: CallText
  /** Header and value of the idempotency key; null: none is sent. */
  readonly key: { readonly header: string; readonly value: string } | null
  readonly idleMs: number
  readonly mayRepeat: boolean
}

/** The request on the wire: only here does the real secret meet it. */
export function vendorRequest({ vendor, secret, call, key, idleMs, mayRepeat }: Outgoing): VendorRequest {
  const auth = costingOf(vendor.type).auth(secret.reveal(), vendor.auth)
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  for (const name in call.headers) {
    const value = call.headers[name]
    if (value !== undefined) headers[name] = value
  }
  if (key !== null) headers[key.header.toLowerCase()] = key.value
  if (auth.inQuery !== true) headers[auth.name] = auth.value
  const secretField = auth.inQuery === true ? `${auth.name}=${encodeURIComponent(auth.value)}` : ''
  const query = [call.query, secretField].filter((part) => part !== '').join('&')
  return {
    origin: vendor.baseUrl,
    method: call.method,
    target: `${vendor.basePath ?? ''}${call.path}${query === '' ? '' : `?${query}`}`,
    headers,
    body: call.body,
    idleMs,
    onFreshConnection: !mayRepeat,
  }
}
