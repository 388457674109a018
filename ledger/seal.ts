import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync } from 'node:crypto'
import type { Random } from '../runtime/random.ts'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** What a sealed text is; one kind cannot be passed off as another. */
export type SealedKind = 'request' | 'answer'

const NAMES: Readonly<Record<SealedKind, Buffer>> = { request: Buffer.from('request'), answer: Buffer.from('answer') }

/** Seals what the store keeps of calls, so that a copy of the database shows no customer data. */
export interface Sealer {
  seal(kind: SealedKind, plain: Uint8Array): Buffer
  /** Throws when the text was not sealed with this key, or was changed. */
  open(kind: SealedKind, sealed: Uint8Array): Buffer
}

/** AES-256-GCM under a key of its own, derived from the ledger's master key. A text is nonce, ciphertext, tag. */
export function createSealer(masterKey: Uint8Array, random: Random): Sealer {
  // As an object it is not taken in anew for each text.
  const key = createSecretKey(deriveKey(masterKey, 'jobcap seal v1'))
  return {
    seal(kind, plain) {
      const nonce = random.bytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(NAMES[kind])
      const text = cipher.update(plain)
      // GCM holds nothing back.
      cipher.final()
      const sealed = Buffer.allocUnsafe(NONCE_BYTES + text.length + TAG_BYTES)
      sealed.set(nonce)
      sealed.set(text, NONCE_BYTES)
      sealed.set(cipher.getAuthTag(), NONCE_BYTES + text.length)
      return sealed
    },
    open(kind, sealed) {
      const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(NAMES[kind]).setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()])
    },
  }
}

/** One key for one use, so that no two uses share one. */
export function deriveKey(masterKey: Uint8Array, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', use, 32))
}
