import { totalmem } from 'node:os'

/** Bytes that this process may use: the limit of its container, or all that the machine has. */
export function memoryLimitBytes(): number {
  // 0: not known. Without a limit it is larger than any machine.
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}
