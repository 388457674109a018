import { totalmem } from 'node:os'

const MIB = 1024 * 1024

/** Bytes that this process may use: the limit of its container, or all that the machine has. */
export function memoryLimitBytes(): number {
  // 0: not known. Without a limit it is larger than any machine.
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

/** What a process takes of its memory. */
export interface MemoryShape {
  /** Without anything large, with room to spare. */
  readonly restMib: number
  /** For each byte that is held of a body or an answer: what was read, what is parsed of it, what waits to be collected. */
  readonly bytesPerByte: number
}

/** More at once does not make anything faster. */
const LARGEST_ROOM_BYTES = 512 * MIB

/** Bytes of bodies and answers that a process may hold, of `limitBytes` of memory. */
export function roomBytes(limitBytes: number, { restMib, bytesPerByte }: MemoryShape): number {
  const bytes = (limitBytes - restMib * MIB) / bytesPerByte
  return Math.min(Math.max(bytes, 0), LARGEST_ROOM_BYTES)
}
