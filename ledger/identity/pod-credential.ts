import { createHmac, timingSafeEqual } from 'node:crypto'
import type { PodCaller } from '../../store/store.ts'
import { deriveKey } from '../seal.ts'

/** The vault key as one Pod carries it. */
export interface PodCredential extends PodCaller {
  readonly policyName: string
  readonly expiresAtMs: number
}

export const POD_CREDENTIAL_PREFIX = 'jpc_'
/** A leaked credential is useless after this; the sidecar renews it well before. */
export const POD_CREDENTIAL_LIFE_MS = 600_000

/** Signs and checks Pod credentials. HMAC-SHA256: a check takes microseconds, and only the ledger has to check. */
export interface PodCredentials {
  sign(credential: PodCredential): string
  /** Undefined when it was not signed by this ledger. Expiry is the caller's to judge. */
  verify(text: string): PodCredential | undefined
}

/** A Pod's calls all carry the same text for minutes, so that checking it once is enough. */
const MOST_KNOWN = 10_000

export function createPodCredentials(masterKey: Uint8Array): PodCredentials {
  const key = deriveKey(masterKey, 'jobcap pod credential v1')
  /** Texts whose signature was found good. */
  const known = new Map<string, PodCredential>()
  const signatureOf = (payload: string) => createHmac('sha256', key).update(payload).digest()
  return {
    sign(credential) {
      const payload = Buffer.from(JSON.stringify(credential)).toString('base64url')
      return `${POD_CREDENTIAL_PREFIX}${payload}.${signatureOf(payload).toString('base64url')}`
    },
    verify(text) {
      const checked = known.get(text)
      if (checked !== undefined) return checked
      const [payload = '', given = ''] = text.slice(POD_CREDENTIAL_PREFIX.length).split('.')
      const wanted = signatureOf(payload)
      const actual = Buffer.from(given, 'base64url')
      if (actual.length !== wanted.length || !timingSafeEqual(actual, wanted)) return undefined
      const credential = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as PodCredential
      if (known.size >= MOST_KNOWN) known.clear()
      known.set(text, credential)
      return credential
    },
  }
}
