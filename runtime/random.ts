import { randomBytes, randomUUID } from 'node:crypto'

/** The door to chance. */
export interface Random {
  /** `count` random bytes, in lower-case hex: `2 * count` characters. */
  hex(count: number): string
  /** `count` random bytes. */
  bytes(count: number): Buffer
  /** A version 4 UUID. */
  uuid(): string
}

export const systemRandom: Random = {
  hex: (count) => randomBytes(count).toString('hex'),
  bytes: (count) => randomBytes(count),
  uuid: () => randomUUID(),
}
