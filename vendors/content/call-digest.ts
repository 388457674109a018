import type { Digest } from '../../contract/ids.ts'
import type { CallText } from '../../contract/vendor.ts'
import { DIGEST_NAME, digestOf, type Part } from './digest.ts'
import { canonicalQuery } from './form.ts'

/** D of a call: where it goes, which is first in every vendor's digest, and then its `content` in the vendor's own order. */
export function callDigest(
  vendor: string,
  { method, path, query }: Pick<CallText, 'method' | 'path' | 'query'>,
  content: readonly Part[],
): Digest {
  return digestOf([DIGEST_NAME, vendor, method, path, canonicalQuery(query), ...content])
}
