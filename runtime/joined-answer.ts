import type { ServerResponse } from 'node:http'
import { afterThisTurn } from './turn.ts'

/** Up to this size head and body go out in one write. Bytes. */
export const JOINED_BYTES = 16 * 1024

/** Ends an answer. Node joins a head with what follows only when that is text; Latin-1 keeps every byte. */
export function endJoined(response: ServerResponse, last: Uint8Array | undefined): void {
  if (Buffer.isBuffer(last) && last.length <= JOINED_BYTES) response.end(last.toString('latin1'), 'latin1')
  else response.end(last)
}

/**
 * A stream's head does not wait for its first event; but what came together with it goes out in the same write. To be
 * called when the head has just been written.
 */
export function flushAfterThisTurn(response: ServerResponse): void {
  const { socket } = response
  // Behind another answer of the same connection.
  if (socket === null) {
    response.flushHeaders()
    return
  }
  const before = socket.bytesWritten
  afterThisTurn(() => {
    if (!socket.destroyed && socket.bytesWritten === before) response.flushHeaders()
  })
}
