import type { SeenFact } from '../../contract/call.ts'
import { asDigest, type Digest } from '../../contract/ids.ts'

/** An answer of occurrence `n` of `digest` that goes to the app in this life of the Pod. */
export interface Delivery extends SeenFact {
  /** K of the request. */
  readonly lane: string
}

export function factOf({ life, digest, n, token }: Delivery): SeenFact {
  return { life, digest, n, token }
}

/** `d`: on its way. `s`: seen. `c`: closed, the app left without having read it, so it counts as never delivered. */
export type DeliveryState = 'd' | 's' | 'c'

/** Where a line has its state, which is written over when it becomes known. */
export const STATE_AT = '["'.length
/** Digits that the number of an occurrence may take. */
export const N_DIGITS = 16

/** A line around the number of the occurrence, which is known last. */
export interface LineFrame {
  readonly head: string
  readonly tail: string
}

/**
 * `["d","<digest>",n,life,"lane","token"]`. Short, since there is one for each call of the Pod's life and they lie in its
 * memory: the digest is 43 characters here, 64 elsewhere.
 */
export function frameOf({ digest, life, lane, token }: Omit<Delivery, 'n'>, state: DeliveryState = 'd'): LineFrame {
  const short = Buffer.from(digest, 'hex').toString('base64url')
  return { head: `["${state}","${short}",`, tail: `,${life},${JSON.stringify(lane)},${JSON.stringify(token)}]\n` }
}

export function bootLine(boot: number): string {
  return `["boot",${boot}]\n`
}

/** What a file holds. */
export interface Past {
  /** The file is whole from this boot on; null when it is new or damaged. */
  readonly firstBoot: number | null
  readonly lastBoot: number
  readonly isDamaged: boolean
  /** Begun, and neither seen nor closed. */
  readonly delivering: readonly Delivery[]
  readonly seen: readonly Delivery[]
  /** Bytes from the start to the end of the last line that is not empty. */
  readonly endBytes: number
}

const NEWLINE = 0x0a

/** `isLeftOut`: lines that begin there are not read. */
export function readLines(bytes: Buffer, isLeftOut: (position: number) => boolean = () => false): Past {
  const delivering = new Map<string, Delivery>()
  const seen = new Map<string, Delivery>()
  const boots: number[] = []
  let isDamaged = false
  let endBytes = 0
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline < 0 ? bytes.length : newline
    const position = start
    start = end + 1
    if (end === position) continue
    endBytes = end
    if (isLeftOut(position)) continue
    const line = parseLine(bytes.toString('latin1', position, end))
    if (line === undefined) isDamaged = true
    else if (line.kind === 'boot') boots.push(line.boot)
    else take(line, { delivering, seen })
  }
  return {
    firstBoot: isDamaged ? null : (boots[0] ?? null),
    lastBoot: boots.at(-1) ?? 0,
    isDamaged,
    delivering: [...delivering.values()],
    seen: [...seen.values()],
    endBytes,
  }
}

type Line =
  | { readonly kind: 'boot'; readonly boot: number }
  | { readonly kind: 'delivery'; readonly state: DeliveryState; readonly delivery: Delivery }

function take(
  { state, delivery }: Extract<Line, { kind: 'delivery' }>,
  { delivering, seen }: { delivering: Map<string, Delivery>; seen: Map<string, Delivery> },
): void {
  const key = `${delivery.life} ${delivery.n} ${delivery.digest}`
  if (state === 'd' && !seen.has(key)) delivering.set(key, delivery)
  else delivering.delete(key)
  if (state === 's') seen.set(key, delivery)
}

function parseLine(json: string): Line | undefined {
  let line: unknown
  try {
    line = JSON.parse(json)
  } catch {
    return undefined
  }
  if (!Array.isArray(line)) return undefined
  const [state, ...rest] = line as unknown[]
  if (state === 'boot') return typeof rest[0] === 'number' ? { kind: 'boot', boot: rest[0] } : undefined
  if (state !== 'd' && state !== 's' && state !== 'c') return undefined
  const [digest, n, life, lane, token] = rest as [string, number, number, string, string | null]
  return { kind: 'delivery', state, delivery: { life, digest: longDigest(digest), n, token, lane } }
}

function longDigest(short: string): Digest {
  return asDigest(Buffer.from(short, 'base64url').toString('hex'))
}
