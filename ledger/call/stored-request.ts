import type { CallText } from '../../contract/vendor.ts'
import type { Settleable } from '../../vendors/costing.ts'
import type { Sealer } from '../seal.ts'
import type { BufferedAnswer } from '../vendor-client/network.ts'

/** A vendor's answer above this is not kept, so a replay of it is refused. Bytes of the body. */
export const MAX_KEPT_ANSWER_BYTES = 256 * 1024
const NEWLINE = 0x0a

/** All that a later send of the same call needs. Without secret and idempotency key: these are put in at each send. */
export interface StoredRequest {
  /** As the vendor gets it: its headers, its body. */
  readonly call: CallText
  /** What was reserved, to settle against. */
  readonly bound: Settleable
  /** Header that carries the idempotency key; null when the vendor takes none. */
  readonly keyHeader: string | null
  /** We asked a streamed answer for more than the app did, and the app does not get that. */
  readonly asksForUsage?: boolean
}

export function sealRequest(sealer: Sealer, { call, bound, keyHeader, asksForUsage }: StoredRequest): Buffer {
  const { method, path, query, headers, body } = call
  return sealer.seal(
    'request',
    withHead({ call: { method, path, query, headers }, bound, keyHeader, asksForUsage }, body),
  )
}

/** Undefined when it was damaged, or sealed under another master key. */
export function openRequest(sealer: Sealer, sealed: Buffer): StoredRequest | undefined {
  const opened = open(sealer, 'request', sealed)
  if (opened === undefined) return undefined
  const { call, ...more } = opened.head as StoredRequest
  return { call: { ...call, body: opened.body }, ...more }
}

/** Null when it is too large to keep. */
export function sealAnswer(sealer: Sealer, { status, headers, body }: BufferedAnswer): Buffer | null {
  return body.length > MAX_KEPT_ANSWER_BYTES ? null : sealer.seal('answer', withHead({ status, headers }, body))
}

/** Undefined when none was kept, it was damaged, or it was sealed under another master key. */
export function openAnswer(sealer: Sealer, sealed: Buffer | null): BufferedAnswer | undefined {
  const opened = sealed === null ? undefined : open(sealer, 'answer', sealed)
  return opened === undefined ? undefined : { ...(opened.head as Omit<BufferedAnswer, 'body'>), body: opened.body }
}

/** One line of JSON, then the body as it is. */
function withHead(head: object, body: Uint8Array): Buffer {
  const line = `${JSON.stringify(head)}\n`
  const lineBytes = Buffer.byteLength(line)
  const plain = Buffer.allocUnsafe(lineBytes + body.length)
  plain.write(line)
  plain.set(body, lineBytes)
  return plain
}

function open(sealer: Sealer, what: 'request' | 'answer', sealed: Buffer): { head: unknown; body: Buffer } | undefined {
  let plain: Buffer
  try {
    plain = sealer.open(what, sealed)
  } catch {
    return undefined
  }
  const end = plain.indexOf(NEWLINE)
  return { head: JSON.parse(plain.toString('utf8', 0, end)), body: plain.subarray(end + 1) }
}
