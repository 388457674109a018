import type { CallIdentity } from '../../contract/call.ts'
import type { Caller } from '../store.ts'

/**
 * M6: the key that the vendor gets. The app's own named key as given; else
 * `{runUid}-{index}-{first 32 hex of the digest}-{n}`, at most 90 characters. In a work queue the Pod stands for the
 * index, by the first 12 hex of its UID.
 */
export function vendorKeyOf(caller: Caller, identity: CallIdentity, n: number | null): string {
  if (identity.key?.kind === 'named') return identity.key.value
  const { pod } = caller
  const place = pod === null ? 'key' : (pod.index ?? `w${pod.podUid.replaceAll('-', '').slice(0, 12)}`)
  return `${caller.runUid}-${place}-${identity.digest.slice(0, 32)}-${n ?? 0}`
}
