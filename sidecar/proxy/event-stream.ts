/** At this word of OpenAI's protocol its SDKs close the connection: whatever follows it in its line, by their sources. */
const WORD = '[DONE]'
const LINES = [`data: ${WORD}`, `data:${WORD}`].map((line) => Buffer.from(line))
const LONGEST_LINE_BYTES = `data: ${WORD}`.length

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** What comes after the word is a comment or nothing; with more than this it is no end. Bytes; so much goes out in one write. */
const MOST_HELD_BYTES = 16 * 1024

const NOTHING = Buffer.alloc(0)

/**
 * Of an event stream nothing is held back but the line that says its end, and what follows it: so that it goes out together
 * with the end of the chunks. Else an app that closes at that word has left before our last byte, and its next stream of the
 * same content would be taken for a repeat and get the recorded answer. The line may come in any parts: the beginning of
 * one waits for its next byte, which an app cannot do anything without.
 */
export class EventStreamEnd {
  #held = NOTHING
  #hasEnd = false
  #isAtLineStart = true
  #isPassing = false

  /** What may go out now. */
  next(part: Uint8Array): Uint8Array {
    if (this.#isPassing) return part
    const bytes = this.#held.length === 0 ? asBuffer(part) : Buffer.concat([this.#held, part])
    const at = this.#hasEnd ? 0 : this.#endsAt(bytes)
    if (bytes.length - at > MOST_HELD_BYTES) {
      this.#isPassing = true
      this.#held = NOTHING
      return bytes
    }
    // A copy: the part belongs to whoever read it.
    this.#held = at < bytes.length ? Buffer.from(bytes.subarray(at)) : NOTHING
    this.#isAtLineStart = at < bytes.length || isLineEnd(bytes[at - 1]) || (at === 0 && this.#isAtLineStart)
    return bytes.subarray(0, at)
  }

  /** What is held when the stream has ended; undefined where nothing is. */
  rest(): Uint8Array | undefined {
    return this.#held.length === 0 ? undefined : this.#held
  }

  /** Where the line of the end begins, or what may yet become it; the length of the bytes where there is none. */
  #endsAt(bytes: Buffer): number {
    for (let word = bytes.indexOf(WORD); word >= 0; word = bytes.indexOf(WORD, word + 1)) {
      const at = LINES.map((line) => word + WORD.length - line.length).find((start) => this.#isLine(bytes, start, word))
      if (at === undefined) continue
      this.#hasEnd = true
      return at
    }
    const from = Math.max(0, bytes.length - LONGEST_LINE_BYTES)
    let start = bytes.length
    while (start > from && !isLineEnd(bytes[start - 1])) start -= 1
    return this.#isLineStart(bytes, start) && isBeginning(bytes.subarray(start)) ? start : bytes.length
  }

  #isLine(bytes: Buffer, start: number, word: number): boolean {
    return start >= 0 && this.#isLineStart(bytes, start) && isBeginning(bytes.subarray(start, word))
  }

  #isLineStart(bytes: Buffer, at: number): boolean {
    return at === 0 ? this.#isAtLineStart : isLineEnd(bytes[at - 1])
  }
}

/** Of such a line, not empty. */
function isBeginning(bytes: Buffer): boolean {
  return bytes.length > 0 && LINES.some((line) => line.subarray(0, bytes.length).equals(bytes))
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN
}

function asBuffer(part: Uint8Array): Buffer {
  return Buffer.from(part.buffer, part.byteOffset, part.length)
}
