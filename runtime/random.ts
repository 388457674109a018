import { randomFillSync, randomUUID } from 'node:crypto'

/** The door to chance. */
export interface Random {
  /** `count` random bytes, in lower-case hex: `2 * count` characters. */
  hex(count: number): string
  /** `count` random bytes. */
  bytes(count: number): Buffer
  /** A version 4 UUID. */
  uuid(): string
}

/** Bytes fetched at once: a call of the ledger takes about 60, a few at a time, and each fetch costs as much as all. */
const POOL_BYTES = 4_096

const pool = Buffer.alloc(POOL_BYTES)
let usedBytes = POOL_BYTES

/** The next bytes of the pool, as `read` makes a copy of them; what is handed out once is never handed out again. */
function take<Copy>(count: number, read: (from: Buffer, start: number, end: number) => Copy): Copy {
  if (count > POOL_BYTES) return read(randomFillSync(Buffer.alloc(count)), 0, count)
  if (usedBytes + count > POOL_BYTES) {
    randomFillSync(pool)
    usedBytes = 0
  }
  const end = usedBytes + count
  const taken = read(pool, usedBytes, end)
  pool.fill(0, usedBytes, end)
  usedBytes = end
  return taken
}

const hexOf = (from: Buffer, start: number, end: number): string => from.toString('hex', start, end)
const copyOf = (from: Buffer, start: number, end: number): Buffer => Buffer.from(from.subarray(start, end))

export const systemRandom: Random = {
  hex: (count) => take(count, hexOf),
  bytes: (count) => take(count, copyOf),
  uuid: () => randomUUID(),
}
