import { SMALL_BODY_BYTES } from './body-room.ts'

/** A body that does not come would keep its room from all others. Many times what 16 MiB, the largest, take on a slow line. */
export const BODY_WITHIN_MS = 60_000

/**
 * Puts a body together from what comes of it. A large one whose length was said has its place from the beginning, and is
 * held once; a small one is joined when it is there, and most come in one piece.
 */
export class CollectedBody {
  readonly #place: Buffer | null
  readonly #parts: Uint8Array[] = []
  #bytes = 0

  /** `length`: as said in the head, of a body that may be kept. Node's parser holds whoever sends to it. */
  constructor(length: string | undefined) {
    const said = Number(length ?? 0)
    this.#place = said > SMALL_BODY_BYTES ? Buffer.allocUnsafe(said) : null
  }

  get size(): number {
    return this.#bytes
  }

  add(part: Uint8Array): void {
    if (this.#place === null) this.#parts.push(part)
    else this.#place.set(part, this.#bytes)
    this.#bytes += part.length
  }

  /** What has come of it. One part alone is not copied. */
  get bytes(): Buffer {
    if (this.#place !== null) return this.#place.subarray(0, this.#bytes)
    const [only] = this.#parts
    if (only === undefined || this.#parts.length > 1) return Buffer.concat(this.#parts)
    return Buffer.isBuffer(only) ? only : Buffer.from(only.buffer, only.byteOffset, only.byteLength)
  }
}
