import { createHash } from 'node:crypto'
import { asKeyId, type KeyId } from '../../contract/ids.ts'
import type { Random } from '../../runtime/random.ts'

export const VAULT_KEY_PREFIX = 'jck_'
const SECRET_BYTES = 32

/** A new vault key. Only its hash is stored, so the text is shown once. */
export interface NewVaultKey {
  readonly keyId: KeyId
  readonly vaultKey: string
  readonly hash: string
}

export function newVaultKey(random: Random): NewVaultKey {
  const vaultKey = VAULT_KEY_PREFIX + random.bytes(SECRET_BYTES).toString('base64url')
  return { keyId: asKeyId(`key_${random.hex(12)}`), vaultKey, hash: hashVaultKey(vaultKey) }
}

/** SHA-256, 64 hex. The key has 256 bits of chance in it, so a slow hash would add nothing. */
export function hashVaultKey(vaultKey: string): string {
  return createHash('sha256').update(vaultKey).digest('hex')
}
