import type { ServerResponse } from 'node:http'

/** Up to this size head and body go out as one text, in one write. Bytes. */
const JOINED_BYTES = 16 * 1024

/** Ends an answer. Node joins a head with what follows only when that is text; Latin-1 keeps every byte. */
export function endJoined(response: ServerResponse, last: Uint8Array | undefined): void {
  if (Buffer.isBuffer(last) && last.length <= JOINED_BYTES) response.end(last.toString('latin1'), 'latin1')
  else response.end(last)
}
