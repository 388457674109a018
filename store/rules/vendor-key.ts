import type { CallIdentity } from '../../contract/call.ts'
import type { Caller } from '../store.ts'

/**
 * M6: the key that the vendor gets. The app's own named key as given; else
 * `{runUid}-{index}-{first 32 hex of the digest}-{n}[.{gen}]`, at most 90 characters. In a work queue the Pod stands for
 * the index, by the first 12 hex of its UID. A new gen is a new key: under the old one the vendor keeps its failure.
 */
export function vendorKeyOf(caller: Caller, identity: CallIdentity, place: VendorKeyPlace): string {
  if (identity.key?.kind === 'named') return identity.key.value
  const { pod } = caller
  const walker = pod === null ? 'key' : (pod.index ?? `w${pod.podUid.replaceAll('-', '').slice(0, 12)}`)
  const { n, gen } = place
  const key = `${caller.runUid}-${walker}-${identity.digest.slice(0, 32)}-${n ?? 0}`
  return gen === 0 ? key : `${key}.${gen}`
}

export interface VendorKeyPlace {
  readonly n: number | null
  readonly gen: number
}
