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

/** A copy; what is handed out once is never handed out again. */
function take(count: number): Buffer {
  if (count > POOL_BYTES) return randomFillSync(Buffer.alloc(count))
  if (usedBytes + count > POOL_BYTES) {
    randomFillSync(pool)
    usedBytes = 0
  }
  const taken = Buffer.from(pool.subarray(usedBytes, usedBytes + count))
  pool.fill(0, usedBytes, usedBytes + count)
  usedBytes += count
  return taken
}

export const systemRandom: Random = {
  hex: (count) => take(count).toString('hex'),
  bytes: (count) => take(count),
  uuid: () => randomUUID(),
}
