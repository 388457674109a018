import type { IncomingHttpHeaders } from 'node:http'

/** Bodies up to this size need no room: how many there are at once is bounded by the connections. Bytes. */
export const SMALL_BODY_BYTES = 64 * 1024

/** Gives the room back; a second time does nothing. */
export type LeaveRoom = () => void

interface Waiting {
  readonly bytes: number
  enter(): void
}

/**
 * How many bytes of large bodies a process holds at once. Whoever comes when it is full waits, first come first served, with
 * its body unread, so that whoever sends it waits as well: a process that the kernel ends for its memory leaves every call
 * in flight in doubt. A body that is larger than the whole room enters when nobody else is in it.
 */
export class BodyRoom {
  readonly #mostBytes: number
  readonly #waiting: Waiting[] = []
  #heldBytes = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** Of whoever has left meanwhile it is found out when there is room: it gives it back at once. */
  enter(bytes: number): LeaveRoom | Promise<LeaveRoom> {
    if (bytes <= SMALL_BODY_BYTES) return NOTHING_TO_GIVE_BACK
    if (this.#waiting.length === 0 && this.#hasRoomFor(bytes)) return this.#take(bytes)
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, enter: () => resolve(this.#take(bytes)) })
    })
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#heldBytes === 0 || this.#heldBytes + bytes <= this.#mostBytes
  }

  #take(bytes: number): LeaveRoom {
    this.#heldBytes += bytes
    let isIn = true
    return () => {
      if (!isIn) return
      isIn = false
      this.#heldBytes -= bytes
      this.#letIn()
    }
  }

  #letIn(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoomFor(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      next.enter()
    }
  }
}

const NOTHING_TO_GIVE_BACK: LeaveRoom = () => {}

/**
 * How many bytes a request's body will take when it is read and decoded: none of one whose length is over the limit, since
 * it is not read; of one that does not say it, as many as may be.
 */
export function bytesToHold(headers: IncomingHttpHeaders, limitBytes: number): number {
  const bytes = Number(headers['content-length'] ?? 0)
  if (bytes > limitBytes) return 0
  const isEncoded = bytes > 0 && headers['content-encoding'] !== undefined
  return isEncoded || headers['transfer-encoding'] !== undefined ? limitBytes : bytes
}
