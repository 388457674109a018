import { remembered } from '../contract/remembered.ts'

/** As Node's servers of ours take it. Bytes. */
const MAX_HEAD_BYTES = 16 * 1024
/** A longer body is better read by whoever knows how much of it is wanted. Bytes. */
const MAX_BODY_BYTES = 64 * 1024

const REQUEST_LINE = /^(POST|PUT|PATCH|DELETE) (\/[\x21-\x7e]*) HTTP\/1\.1$/
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** In a head: what no field may hold, and line breaks that are no CRLF. */
const UNFIT = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|\n(?<!\r\n)/
const LENGTH = /^[0-9]{1,7}$/

/** They ask for more than an answer to one whole request; `__proto__` is no name for a key of an object. */
const NOT_PLAIN = new Set([
  '__proto__',
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** All of a request but its body. */
export interface WholeHead {
  readonly method: string
  /** Path with the query, as it came. */
  readonly target: string
  /** Lower-case names, each given once. */
  readonly headers: Readonly<Record<string, string>>
}

export interface WholeRequest extends WholeHead {
  readonly body: Buffer
}

/** `more`: the beginning of a whole request may be there, which has at least `bytes`. `other`: it is none. */
export type ReadRequest =
  | { readonly kind: 'whole'; readonly request: WholeRequest }
  | { readonly kind: 'more'; readonly bytes: number }
  | { readonly kind: 'other' }

const OTHER: ReadRequest = { kind: 'other' }

/**
 * Reads one request in the plainest form of HTTP/1.1, which every server reads alike: no field twice, one length, nothing
 * behind the body, nothing asked of the connection. Whatever else may be good HTTP is `other`.
 */
export function readWholeRequest(bytes: Buffer): ReadRequest {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd > MAX_HEAD_BYTES || (headEnd < 0 && bytes.length > MAX_HEAD_BYTES)) return OTHER
  if (headEnd < 0) return { kind: 'more', bytes: bytes.length + 1 }
  const head = readHead(bytes.toString('latin1', 0, headEnd))
  const length = head?.headers['content-length']
  if (head === undefined || length === undefined || !LENGTH.test(length)) return OTHER
  const bodyFrom = headEnd + 4
  const end = bodyFrom + Number(length)
  if (end - bodyFrom > MAX_BODY_BYTES || bytes.length > end) return OTHER
  if (bytes.length < end) return { kind: 'more', bytes: end }
  const { method, target, headers } = head
  return { kind: 'whole', request: { method, target, headers, body: bytes.subarray(bodyFrom) } }
}

function readHead(text: string): WholeHead | undefined {
  if (UNFIT.test(text)) return undefined
  const firstEnd = text.indexOf('\r\n')
  const [, method, target] = REQUEST_LINE.exec(text.slice(0, Math.max(firstEnd, 0))) ?? []
  if (method === undefined || target === undefined) return undefined
  const headers: Record<string, string> = {}
  for (let at = firstEnd; at < text.length; ) {
    const from = at + 2
    const next = text.indexOf('\r\n', from)
    at = next < 0 ? text.length : next
    const colon = text.indexOf(':', from)
    const name = colon < 0 || colon > at ? '' : plainName(text.slice(from, colon))
    if (name === '' || headers[name] !== undefined) return undefined
    headers[name] = valueIn(text, colon + 1, at)
  }
  return headers['host'] ? { method, target, headers } : undefined
}

/** Without the blanks around it; a no-break space, which `trim` takes for one, is a byte of the value. */
function valueIn(text: string, from: number, to: number): string {
  let first = from
  let end = to
  while (first < end && isBlank(text.charCodeAt(first))) first += 1
  while (end > first && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(first, end)
}

const isBlank = (code: number) => code === 0x20 || code === 0x09

/** Empty when it is no name, or one that a whole request does not carry. The same few come with every request. */
const plainName = remembered((name) => {
  const lower = name.toLowerCase()
  return FIELD_NAME.test(name) && !NOT_PLAIN.has(lower) && !(lower in Object.prototype) ? lower : ''
})
