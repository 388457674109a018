import { createHash, hash as hashOf } from 'node:crypto'
import { DIGEST_VERSION } from '../../contract/exchange.ts'
import { asDigest, type Digest } from '../../contract/ids.ts'

/** First part of every digest. */
export const DIGEST_NAME = `jobcap-${DIGEST_VERSION}`

/** Parts of a hashed text, each with its length before it, so that no two lists give the same bytes. */
export type Part = string | Uint8Array

/** SHA-256 over the parts. */
export function digestOf(parts: readonly Part[]): Digest {
  if (parts.every((part) => typeof part === 'string')) {
    let joined = ''
    for (const part of parts) joined += `${Buffer.byteLength(part)}:${part}`
    return asDigest(hashOf('sha256', joined))
  }
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

/** Texts as one text that tells them apart. */
export function joinParts(parts: readonly string[]): string {
  let text = ''
  for (const part of parts) text += `${part.length}:${part}`
  return text
}
