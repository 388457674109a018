import { join } from 'node:path'
import type { Ord } from '../../contract/call.ts'
import type { SidecarFiles } from '../files.ts'

/** S1: the numbers of requests as they leave for the ledger. */
export interface Ords {
  readonly boot: number
  next(): Ord
}

/**
 * Counts this start of the sidecar in a file on the memory volume. `atLeast` is the latest boot known from elsewhere: a
 * boot is never used twice, even if the file was lost.
 */
export async function startOrds(files: SidecarFiles, stateDir: string, atLeast: number): Promise<Ords> {
  const path = join(stateDir, 'boot')
  const earlier = Number((await files.read(path)) ?? 0)
  const boot = Math.max(Number.isSafeInteger(earlier) ? earlier : 0, atLeast) + 1
  await files.replace(path, String(boot), 0o600)
  let seq = 0
  return {
    boot,
    next() {
      seq += 1
      return { boot, seq }
    },
  }
}
