const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Larger ones are passed on unread: what carries a usage is small, and what is held back takes memory. Bytes. */
const MOST_READ_BYTES = 1024 * 1024

/** Splits server-sent events as they come; an event ends with an empty line, and may end in the middle of a part. */
export class EventSplitter {
  readonly #words: readonly string[]
  #held: Buffer[] = []
  #heldBytes = 0
  /** How much of the end of an event the last bytes are: a line end, or none. */
  #isAtLineStart = false
  #isPassing = false

  /**
   * Events that hold none of `words` need not come one by one. All of a stream is searched for them: a short one, up to seven
   * letters, that begins with a rare letter is found at a tenth of the cost.
   */
  constructor(words: readonly string[]) {
    this.#words = words
  }

  /**
   * The parts of the next bytes: whole events, with what was held of the first, and, of one that is too large to be held,
   * the bytes as they come.
   */
  next(part: Uint8Array): { readonly bytes: Buffer; readonly isWhole: boolean }[] {
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.length)
    const parts: { bytes: Buffer; isWhole: boolean }[] = []
    let from = this.#isBetween ? this.#passQuiet(bytes, 0, parts) : 0
    let isFirst = true
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at]
      if (byte === CARRIAGE_RETURN) continue
      if (byte !== LINE_FEED) {
        this.#isAtLineStart = false
        continue
      }
      if (!this.#isAtLineStart) {
        this.#isAtLineStart = true
        continue
      }
      parts.push(this.#take(bytes.subarray(from, at + 1)))
      this.#isPassing = false
      from = isFirst ? this.#passQuiet(bytes, at + 1, parts) : at + 1
      isFirst = false
      at = from - 1
    }
    if (from < bytes.length) this.#hold(bytes.subarray(from), parts)
    return parts
  }

  /** What is held of an event that did not end. */
  rest(): Buffer {
    return this.#take(Buffer.alloc(0)).bytes
  }

  /** The last byte ended an event. */
  get #isBetween(): boolean {
    return this.#heldBytes === 0 && !this.#isPassing
  }

  /** Takes all whole events from `from` on that stand before the first word as one part; returns where the rest begins. */
  #passQuiet(bytes: Buffer, from: number, parts: { bytes: Buffer; isWhole: boolean }[]): number {
    const events = this.#quiet(bytes.subarray(from))
    const plain = endOfLast(events, '\n\n')
    const end = plain + endOfLast(events.subarray(plain), '\n\r\n')
    if (end === 0) return from
    parts.push({ bytes: events.subarray(0, end), isWhole: true })
    this.#isAtLineStart = true
    return from + end
  }

  #quiet(bytes: Buffer): Buffer {
    let quiet = bytes
    for (const word of this.#words) {
      const at = quiet.indexOf(word)
      if (at >= 0) quiet = quiet.subarray(0, at)
    }
    return quiet
  }

  #hold(bytes: Buffer, parts: { bytes: Buffer; isWhole: boolean }[]): void {
    if (this.#isPassing) {
      parts.push({ bytes, isWhole: false })
      return
    }
    // A copy: the part belongs to whoever read it.
    this.#held.push(Buffer.from(bytes))
    this.#heldBytes += bytes.length
    if (this.#heldBytes <= MOST_READ_BYTES) return
    parts.push({ bytes: this.rest(), isWhole: false })
    this.#isPassing = true
  }

  #take(end: Buffer): { bytes: Buffer; isWhole: boolean } {
    const isWhole = !this.#isPassing
    const bytes = this.#held.length === 0 ? end : Buffer.concat([...this.#held, end])
    this.#held = []
    this.#heldBytes = 0
    return { bytes, isWhole }
  }
}

/** 0 where there is none. */
function endOfLast(bytes: Buffer, emptyLine: string): number {
  const at = bytes.lastIndexOf(emptyLine)
  return at < 0 ? 0 : at + emptyLine.length
}

/** The JSON of an event's data; undefined where there is none. Text that is not UTF-8 makes none. */
export function eventData(event: Buffer): unknown {
  const data = event
    .toString('utf8')
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trim())
    .join('\n')
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
