import { createHash } from 'node:crypto'
import { joinParts } from './digest.ts'

const MAX_PARTS = 1_000
const HEADERS_END = Buffer.from('\r\n\r\n')

/**
 * One text for `multipart/*` bodies (RFC 2046) that differ only in their boundary: per part, in order, its headers sorted
 * and the hash of its bytes. Undefined when the body is not well-formed.
 */
export function canonicalMultipart(contentType: string, body: Uint8Array): string | undefined {
  const boundary = boundaryOf(contentType)
  if (boundary === undefined) return undefined
  const parts = splitParts(Buffer.from(body.buffer, body.byteOffset, body.byteLength), boundary)
  return parts?.map(canonicalPart).join('')
}

interface Part {
  readonly headers: string
  readonly content: Buffer
}

function boundaryOf(contentType: string): string | undefined {
  const match = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;",]{1,70}))\s*(?:;|$)/i.exec(contentType)
  return match?.[1] ?? match?.[2]
}

function splitParts(body: Buffer, boundary: string): Part[] | undefined {
  const opening = Buffer.from(`--${boundary}`)
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  if (!body.subarray(0, opening.length).equals(opening)) return undefined
  const parts: Part[] = []
  let at = opening.length
  while (parts.length <= MAX_PARTS) {
    const following = body.toString('latin1', at, at + 2)
    if (following === '--') return isBlank(body.subarray(at + 2)) ? parts : undefined
    if (following !== '\r\n') return undefined
    const end = body.indexOf(delimiter, at)
    if (end === -1) return undefined
    const part = partOf(body.subarray(at, end))
    if (part === undefined) return undefined
    parts.push(part)
    at = end + delimiter.length
  }
  return undefined
}

/** `text` begins with the line break after the boundary, so that a part without headers has its empty line too. */
function partOf(text: Buffer): Part | undefined {
  const end = text.indexOf(HEADERS_END)
  if (end === -1) return undefined
  return { headers: text.toString('latin1', 2, Math.max(end, 2)), content: text.subarray(end + HEADERS_END.length) }
}

function canonicalPart({ headers, content }: Part): string {
  const lines = headers
    .split('\r\n')
    .map((line) => line.replace(/^[^:]*:\s*/, (name) => `${name.slice(0, name.indexOf(':')).toLowerCase()}:`))
    .sort()
  return joinParts([...lines, '', createHash('sha256').update(content).digest('hex')])
}

function isBlank(rest: Buffer): boolean {
  return /^\s*$/.test(rest.toString('latin1'))
}
