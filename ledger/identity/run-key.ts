import { createHmac } from 'node:crypto'
import { asRunUid, type RunUid } from '../../contract/ids.ts'
import { deriveKey } from '../seal.ts'

/** The run of a run key: the same for all Jobs of the namespace with that key, and known without looking anywhere. */
export type KeyedRuns = (namespace: string, runKey: string) => RunUid

/**
 * By HMAC under the install's own key: vendors know a run's calls by its UID, so two installs that share a vendor's account
 * must not come to the same one. In the form of a UUID of version 8 (RFC 9562: whatever its maker says).
 */
export function createKeyedRuns(masterKey: Uint8Array): KeyedRuns {
  const key = deriveKey(masterKey, 'jobcap run key v1')
  return (namespace, runKey) => {
    // No namespace holds a line break, so no two pairs are one text.
    const hex = createHmac('sha256', key).update(`${namespace}\n${runKey}`).digest('hex')
    const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) & 3]
    return asRunUid(
      `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`,
    )
  }
}
