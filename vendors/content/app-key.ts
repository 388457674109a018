import type { AppKey } from '../../contract/call.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'

const KEY_HEADER = 'idempotency-key'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{12}$/i
const HEX_32 = /^[0-9a-f]{32}$/i
/** Crockford's base 32; a first digit above 7 would be past 128 bits. A number of 26 digits is a number. */
const ULID = /^(?=.*[A-Z])[0-7][0-9A-HJKMNP-TV-Z]{25}$/i
const NANOID = /^(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])[A-Za-z0-9_-]{21}$/

export interface KeyRules {
  readonly appKeys: 'auto' | 'trust'
  /** Whether the vendor's SDK makes such a key by itself, for each call anew. */
  readonly isSdkMade: (key: string) => boolean
}

/** Whose key comes with a call; null without one. */
export function appKeyOf(call: CallText, { appKeys, isSdkMade }: KeyRules): AppKey | null | Refusal {
  const value = call.headers[KEY_HEADER]
  if (value === undefined) return null
  // Fields given twice arrive joined by a comma and a space.
  if (value.includes(', ')) return refusal('request_malformed', 'Idempotency-Key is given twice, or holds ", ".')
  if (!/^[\x20-\x7e]{1,255}$/.test(value)) {
    return refusal('request_malformed', 'Idempotency-Key is not 1 to 255 printable ASCII characters.')
  }
  const isToken = isSdkMade(value) || (appKeys === 'auto' && looksRandom(value))
  return { kind: isToken ? 'token' : 'named', value }
}

/** A key that nobody would make twice for one intention. Name-based UUIDs (versions 3 and 5) are not such. */
export function looksRandom(key: string): boolean {
  const uuid = UUID.exec(key)
  if (uuid !== null) return isRandomVersion(uuid[1] ?? '', uuid[2] ?? '')
  return HEX_32.test(key) || ULID.test(key) || NANOID.test(key)
}

export function isUuidShaped(key: string): boolean {
  return UUID.test(key)
}

/** Versions 1, 4, 6 and 7 hold time or chance; without a version of RFC 9562 (1 to 8, variant 10) it is chance alone. */
function isRandomVersion(version: string, variant: string): boolean {
  const isValid = /[1-8]/.test(version) && /[89ab]/i.test(variant)
  return !isValid || ['1', '4', '6', '7'].includes(version)
}
