import { createHash, hash as hashOf } from 'node:crypto'
import { DIGEST_VERSION } from '../../contract/exchange.ts'
import { asDigest, type Digest } from '../../contract/ids.ts'

/** First part of every digest. */
export const DIGEST_NAME = `jobcap-${DIGEST_VERSION}`

/** Parts of a hashed text, each with its length before it, so that no two lists give the same bytes. */
export type Part = string | Uint8Array

/** SHA-256 over the parts. */
export function digestOf(parts: readonly Part[]): Digest {
  if (parts.every((part) => typeof part === 'string')) return asDigest(hashOf('sha256', joinedBytes(parts)))
  const hash = createHash('sha256')
  let text = ''
  for (const part of parts) {
    text += `${Buffer.byteLength(part)}:`
    if (typeof part === 'string') {
      text += part
    } else {
      hash.update(text).update(part)
      text = ''
    }
  }
  hash.update(text)
  return asDigest(hash.digest('hex'))
}

/** Each text with its length in bytes. In ASCII that is its length, and asking the whole is quicker than asking each. */
function joinedBytes(parts: readonly string[]): string {
  const joined = joinParts(parts)
  if (Buffer.byteLength(joined) === joined.length) return joined
  let text = ''
  for (const part of parts) text += `${Buffer.byteLength(part)}:${part}`
  return text
}

/** Texts as one text that tells them apart. */
export function joinParts(parts: readonly string[]): string {
  let text = ''
  for (const part of parts) text += `${part.length}:${part}`
  return text
}
