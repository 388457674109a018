import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** Calls `take` with each JSON line of the stream; other lines are left to `otherwise`. Resolves at its end. */
export async function readJsonLines(
  stream: Readable,
  take: (value: unknown) => void,
  otherwise: (line: string) => void,
): Promise<void> {
  for await (const line of createInterface({ input: stream })) {
    const value = parse(line)
    if (value === undefined) otherwise(line)
    else take(value)
  }
}

function parse(line: string): unknown {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
