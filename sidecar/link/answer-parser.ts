import type { IncomingHttpHeaders } from 'node:http'
import { remembered } from '../../contract/remembered.ts'

/** The ledger takes up to 16 KiB of headers from a vendor and adds its own. Bytes. */
const MAX_HEAD_BYTES = 32 * 1024
/** A line that gives a chunk's size, with its extensions. Bytes. */
const MAX_CHUNK_LINE_BYTES = 1024
const MOST_INTERIM_ANSWERS = 10

const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** In a head: what no field may hold, and line breaks that are no CRLF. */
const UNFIT = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/
const LENGTH = /^[0-9]{1,15}$/
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/
/** Of fields that mean nothing twice the first counts, as in Node. */
const FIRST_COUNTS = new Set([
  'age',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'location',
  'retry-after',
  'server',
])

/** What came is not an answer that everybody reads in the same way. */
export class BadAnswer extends Error {
  override readonly name = 'BadAnswer'
}

export interface AnswerHead {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Bytes of the body; null: it comes in chunks. */
  readonly length: number | null
  /** The peer will close the connection after it. */
  readonly isLast: boolean
}

/** Whoever takes what is read. A part belongs to the connection and is good until the call returns. */
export interface AnswerSink {
  head(head: AnswerHead): void
  data(part: Buffer): void
  end(): void
}

type State = 'head' | 'fixed' | 'size' | 'chunk' | 'after chunk' | 'trailer' | 'done'

/**
 * Reads one HTTP/1.1 answer, fed as it comes in whatever pieces. Strict, because what is read in two ways can be abused:
 * one length or chunks and never both or neither, no folded or nameless fields, no bare line feeds, nothing behind the end.
 */
export class AnswerParser {
  readonly #sink: AnswerSink
  #state: State = 'head'
  #left = 0
  #interims = 0
  /** Bytes of a head, a size line or a trailer whose end has not come. */
  #held: Buffer | null = null

  constructor(sink: AnswerSink) {
    this.#sink = sink
  }

  get isDone(): boolean {
    return this.#state === 'done'
  }

  /** Throws `BadAnswer`; nothing may be fed after that. */
  feed(part: Buffer): void {
    let rest = part
    while (rest.length > 0) rest = this.#step(rest)
  }

  #step(bytes: Buffer): Buffer {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes)
      case 'fixed':
      case 'chunk':
        return this.#readBody(bytes)
      case 'size':
        return this.#readSize(bytes)
      case 'after chunk':
        return this.#readLine(bytes, 2, (line) => {
          if (line !== '') throw new BadAnswer('a chunk is longer than its size')
          this.#state = 'size'
        })
      case 'trailer':
        return this.#readLine(bytes, MAX_HEAD_BYTES, (line) => this.#takeTrailer(line))
      case 'done':
        throw new BadAnswer('bytes behind the end of the answer')
    }
  }

  #readHead(bytes: Buffer): Buffer {
    const all = this.#withHeld(bytes)
    const end = all.indexOf('\r\n\r\n')
    if (end > MAX_HEAD_BYTES || (end < 0 && all.length > MAX_HEAD_BYTES + 3)) {
      throw new BadAnswer(`the head is over ${MAX_HEAD_BYTES} bytes`)
    }
    if (end < 0) return this.#hold(all)
    this.#takeHead(all.toString('latin1', 0, end))
    return all.subarray(end + 4)
  }

  #takeHead(text: string): void {
    const [first = '', ...lines] = text.split('\r\n')
    const status = Number(STATUS_LINE.exec(first)?.[1])
    if (Number.isNaN(status)) throw new BadAnswer('it does not begin with a status line of HTTP/1.1')
    if (UNFIT.test(text)) throw new BadAnswer(NO_FIELD)
    const headers = readFields(lines)
    if (status < 200) {
      this.#interims += 1
      if (status === 101 || this.#interims > MOST_INTERIM_ANSWERS) throw new BadAnswer(`an unasked-for ${status}`)
      return
    }
    const length = lengthOf(status, headers)
    const isLast = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i.test(headers.connection ?? '')
    this.#state = length === null ? 'size' : 'fixed'
    this.#left = length ?? 0
    this.#sink.head({ status, headers, length, isLast })
    if (length === 0) this.#end()
  }

  #readBody(bytes: Buffer): Buffer {
    const isAll = bytes.length >= this.#left
    const part = isAll ? bytes.subarray(0, this.#left) : bytes
    this.#left -= part.length
    this.#sink.data(part)
    if (!isAll) return bytes.subarray(bytes.length)
    if (this.#state === 'fixed') this.#end()
    else this.#state = 'after chunk'
    return bytes.subarray(part.length)
  }

  #readSize(bytes: Buffer): Buffer {
    return this.#readLine(bytes, MAX_CHUNK_LINE_BYTES, (line) => {
      const hex = CHUNK_SIZE.exec(line)?.[1]
      if (hex === undefined) throw new BadAnswer('a chunk without a size')
      this.#left = Number.parseInt(hex, 16)
      this.#state = this.#left === 0 ? 'trailer' : 'chunk'
    })
  }

  /** Fields behind the last chunk are read and dropped. */
  #takeTrailer(line: string): void {
    if (line === '') this.#end()
    else if (UNFIT.test(line)) throw new BadAnswer(NO_FIELD)
    else readFields([line])
  }

  #readLine(bytes: Buffer, maxBytes: number, take: (line: string) => void): Buffer {
    const all = this.#withHeld(bytes)
    const end = all.indexOf('\r\n')
    if (end > maxBytes || (end < 0 && all.length > maxBytes + 1)) throw new BadAnswer('a line is too long')
    if (end < 0) return this.#hold(all)
    take(all.toString('latin1', 0, end))
    return all.subarray(end + 2)
  }

  #withHeld(bytes: Buffer): Buffer {
    if (this.#held === null) return bytes
    const all = Buffer.concat([this.#held, bytes])
    this.#held = null
    return all
  }

  /** A copy: the part belongs to the connection. */
  #hold(bytes: Buffer): Buffer {
    this.#held = Buffer.from(bytes)
    return bytes.subarray(bytes.length)
  }

  #end(): void {
    this.#state = 'done'
    this.#sink.end()
  }
}

const NO_FIELD = 'a field that is not `name: value`'

/** Empty when it is no name. The same few come with every answer. */
const lowerName = remembered((name) => (FIELD_NAME.test(name) ? name.toLowerCase() : ''))

/** Of lines without an unfit character. */
function readFields(lines: readonly string[]): IncomingHttpHeaders {
  const headers: Record<string, string | string[]> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = lowerName(line.slice(0, Math.max(colon, 0)))
    if (name === '') throw new BadAnswer(NO_FIELD)
    addField(headers, name, line.slice(colon + 1).trim())
  }
  return headers
}

/** As Node does it, but for lengths: two of them could be two readings. */
function addField(headers: Record<string, string | string[]>, name: string, value: string): void {
  const earlier = Object.hasOwn(headers, name) ? headers[name] : undefined
  if (name === 'set-cookie') headers[name] = [...(Array.isArray(earlier) ? earlier : []), value]
  else if (earlier === undefined) headers[name] = value
  else if (!FIRST_COUNTS.has(name)) headers[name] = `${String(earlier)}, ${value}`
}

/** RFC 9112, section 6.3, without the body that ends with the connection: a cut one would look whole. */
function lengthOf(status: number, headers: IncomingHttpHeaders): number | null {
  const { 'transfer-encoding': encoding, 'content-length': length } = headers
  if (encoding !== undefined && length !== undefined) throw new BadAnswer('both a length and chunks')
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked')
    throw new BadAnswer('an unknown transfer encoding')
  if (length !== undefined && !LENGTH.test(length)) throw new BadAnswer('a length that is not one number')
  if (status === 204 || status === 304) return 0
  if (encoding !== undefined) return null
  if (length === undefined) throw new BadAnswer('neither a length nor chunks')
  return Number(length)
}
